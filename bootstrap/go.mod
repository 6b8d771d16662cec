module engage.connector/bootstrap

go 1.26.0

require (
	github.com/stretchr/testify v1.12.1
	github.com/urfave/cli/v3 v3.14.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
