module engage.connector/services/recording-provider

go 1.26.0

require (
	engage.connector/pkg v0.0.0
	engage.connector/proto v0.0.0
)

require (
	github.com/prometheus/client_golang v1.25.0 // indirect
	github.com/smallstep/pkcs7 v0.2.3 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
	go.uber.org/goleak v1.3.0 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260817212433-ac3dfec99bb1 // indirect
	google.golang.org/grpc v1.85.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	pgregory.net/rapid v1.3.0 // indirect
)

replace engage.connector/pkg => ../../pkg

replace engage.connector/proto => ../../proto
