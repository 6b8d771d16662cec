module engage.connector/services/conversation-provider

go 1.26.0

require (
	engage.connector/pkg v0.0.0
	engage.connector/proto v0.0.0
)

require (
	github.com/stretchr/testify v1.12.1 // indirect
	pgregory.net/rapid v1.3.0 // indirect
)

replace engage.connector/pkg => ../../pkg

replace engage.connector/proto => ../../proto
