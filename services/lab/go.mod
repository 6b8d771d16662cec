module engage.connector/services/lab

go 1.26.0
