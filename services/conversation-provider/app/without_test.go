package app_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store/storetest"
	"engage.connector/services/conversation-provider/app"
	"engage.connector/services/conversation-provider/feedtest"
)

// A link that says nothing is waited for as long as LINK_PATIENCE. Then calls are told without it, and the
// log, the metric, /status and the trace of the call say so; when it is heard of again, it is waited for.
func TestCallsThatAreToldWithoutALinkSaySo(t *testing.T) {
	const link = "vq@vq1:8000"
	o := newOutside(t)
	o.silent = "vq"
	logs := &lockedBuffer{}
	ctx, cancel := context.WithCancel(t.Context())
	address := closedAddr(t)
	environ := append(environment(o, storetest.StartServer(t).Addr()), "LINK_PATIENCE=2s")
	for i, line := range environ {
		if strings.HasPrefix(line, "HTTP_ADDR=") {
			environ[i] = "HTTP_ADDR=" + address
		}
	}
	done := make(chan int, 1)
	go func() { done <- app.Program().Run(ctx, environ, logs, &lockedBuffer{}) }()
	defer func() { cancel(); <-done }()

	site := feedtest.At(time.Now()).Logins()
	site.Main(1)
	uuid := site.Events[len(site.Events)-2].CallUUID()
	o.feed(t, site.Events)
	eventually(t, func() bool {
		return len(o.kinds()) == 1 && slices.Contains(o.kinds()[0], "communicationDispositionAppliedEvents")
	})
	require.NotContains(t, o.kinds()[0], "routingEstablishedEvents", "of the queue nothing has been heard")
	page := func(path string) string {
		status, body := do(t, http.MethodGet, "http://"+address+path, nil)
		require.Equal(t, http.StatusOK, status, path)
		return strings.ReplaceAll(body, `": `, `":`)
	}
	require.Regexp(t, `"without":\{\s*"missing":true,\s*"events":[1-9]`, page("/status"))
	require.Contains(t, page("/api/v1/interactions/"+uuid), link)
	require.Regexp(t, `writer_without_link_total\{link="`+link+`"\} [1-9]`, page("/metrics"))
	require.Equal(t, 1, strings.Count(logs.String(), "decisions are taken without it"), "once for all calls")
	require.Contains(t, logs.String(), `"link":"`+link+`"`)

	o.mu.Lock()
	o.silent = ""
	close(o.changed)
	o.changed = make(chan struct{})
	o.mu.Unlock()
	eventually(t, func() bool { return strings.Contains(logs.String(), "a link is waited for again") })
	require.NotContains(t, page("/status"), `"missing":true`)
}
