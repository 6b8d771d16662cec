package org_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org/upload"
)

// TestManyClientsAtOnce lets writers and readers of everything run together; with -race it guards the locking.
func TestManyClientsAtOnce(t *testing.T) {
	b := newBench(t)
	b.makeSource()
	queue, code := b.queue("Sales"), b.code("Sold")
	keyID, public := b.currentKey()
	sound := withSmallstep(t, certificate(t, public), opus(500))
	const clients = 8
	requests := make([][]*http.Request, clients)
	for i := range clients {
		user := b.user(fmt.Sprintf("u%d", i))
		s := b.script()
		l := s.inbound(queue, user, code)
		zip := archive(t, map[string][]byte{"call.opus": sound, "m.json": asJSON(t, b.metadata(s.conversation, l.agent, user, keyID))})
		requests[i] = []*http.Request{
			b.presign(fmt.Sprintf("%d.zip", i), zip),
			b.request(http.MethodPost, "/api/v2/events/conversations", s.batch),
			b.request(http.MethodPatch, users+"/"+user, ops(op("replace", "title", "x"))),
			b.request(http.MethodPost, queues+"/"+queue+"/members", []any{map[string]any{"id": user}}),
			b.request(http.MethodGet, queues+"/"+queue+"/members", nil),
			b.request(http.MethodGet, "/lab/v1/org", nil),
			b.request(http.MethodGet, "/api/v2/conversations/"+s.conversation, nil),
			b.request(http.MethodGet, "/api/v2/recording/recordingkeys", nil),
			b.request(http.MethodPut, "/lab/v1/org/knobs", map[string]any{"latencyMs": i % 2}),
		}
	}
	var wg sync.WaitGroup
	statuses := make([][]int, clients)
	for i := range clients {
		wg.Go(func() {
			for _, req := range requests[i] {
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					statuses[i] = append(statuses[i], 0)
					continue
				}
				_ = resp.Body.Close()
				statuses[i] = append(statuses[i], resp.StatusCode)
			}
		})
	}
	wg.Wait()
	for i := range clients {
		for _, status := range statuses[i] {
			require.Equal(t, http.StatusOK, status, statuses[i])
		}
	}
	snap := b.org.Snapshot()
	require.Len(t, snap.Conversations, clients)
	require.Equal(t, clients*18, snap.Counters.EventsAccepted)
	require.Len(t, snap.Queues[0].Members, clients)
	for _, r := range snap.Recordings {
		require.Equal(t, upload.Success, r.State, r.Detail)
	}
}
