module engage.connector/tools

go 1.26.0
