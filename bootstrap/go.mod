module engage.connector/bootstrap

go 1.26.0
