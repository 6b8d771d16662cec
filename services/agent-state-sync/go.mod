module engage.connector/services/agent-state-sync

go 1.26.0

require (
	engage.connector/pkg v0.0.0
	engage.connector/proto v0.0.0
)

replace engage.connector/pkg => ../../pkg

replace engage.connector/proto => ../../proto
