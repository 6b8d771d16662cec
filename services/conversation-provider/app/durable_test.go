package app_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store/storetest"
	"engage.connector/services/conversation-provider/feedtest"
)

// MCP sends metadata once. It is not answered 200 before the replicas have it, and MCP's next try, when
// they are there, is taken once.
func TestMetadataIsAcknowledgedOnlyWhenItIsSafe(t *testing.T) {
	redis := storetest.StartServer(t)
	service, stop := start(t, append(environment(newOutside(t), redis.Addr()), "REDIS_MIN_REPLICAS=1"))
	defer stop()
	url := "http://" + service.HTTPAddr() + "/v1/recording"
	const uuid = "00U3MCI8QO8ER0B5A60AHG5AES000001"
	body := fmt.Appendf(nil, `{"id":%q,"mediaFiles":[{"mediaId":"%s_2026-11-20_10-00-09-1a2b3c4d.opus","type":"audio/opus","callUUID":%q,
		"parameters":{"recordDN":%q,"agentId":%q}}],"eventHistory":[]}`, uuid, uuid, uuid, feedtest.Ext1, feedtest.Agent1)
	status, text := do(t, http.MethodPost, url, body)
	require.Equal(t, http.StatusServiceUnavailable, status, text)
	require.Contains(t, text, "replicas")

	storetest.StartReplica(t, redis)
	status, text = do(t, http.MethodPost, url, body)
	require.Equal(t, http.StatusOK, status, text)
}
