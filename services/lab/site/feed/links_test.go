package feed_test

import (
	"net/http"
	"strings"
	"testing"

	"engage.connector/services/lab/site/feed"

	"github.com/stretchr/testify/require"
)

func TestDeclaringALinkTwiceIsHarmless(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.declare("vq", vqLink)
	b.declare("vq", vqLink)
	b.edge.Publish(queued("C1"))
	s := b.follow("vq", "")
	s.expect("feed.LinkConnected", "EventRegistered", "EventQueued")

	status, body := b.call(http.MethodGet, "/v1/links", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `"link":"vq","kind":"tserver","state":"connected"`)
	status, body = b.call(http.MethodGet, "/v1/links/vq", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `"lines":5,"readers":1,"dns":1,"statistics":0,"callMonitoring":false`)
}

func TestABadDeclarationIsToldWhatIsWrong(t *testing.T) {
	b := newBench(t, feed.Options{})
	for name, test := range map[string]struct{ body, want string }{
		"no JSON":              {`x`, "no link declaration"},
		"two objects":          {vqLink + vqLink, "something after"},
		"unknown member":       {`{"kind":"tserver","endpoints":["a:1"],"dns":[]}`, "dns"},
		"kind":                 {`{"kind":"icon","endpoints":["a:1"]}`, "kind"},
		"no endpoint":          {`{"kind":"tserver"}`, "endpoints: 0 given"},
		"three endpoints":      {`{"kind":"tserver","endpoints":["a:1","b:1","c:1"]}`, "endpoints: 3 given"},
		"no port":              {`{"kind":"tserver","endpoints":["a"]}`, "endpoints[0]"},
		"port out of range":    {`{"kind":"tserver","endpoints":["a:70000"]}`, "endpoints[0]"},
		"DN without number":    {`{"kind":"tserver","endpoints":["a:1"],"register":[{"dn":"","type":"Extension"}]}`, "register[0].dn"},
		"DN type":              {`{"kind":"tserver","endpoints":["a:1"],"register":[{"dn":"1","type":"Phone"}]}`, "register[0].type"},
		"two types":            {`{"kind":"tserver","endpoints":["a:1"],"register":[{"dn":"1","type":"Extension"},{"dn":"1","type":"Trunk"}]}`, "register[1]"},
		"statistic at tserver": {`{"kind":"tserver","endpoints":["a:1"],"statistics":[{"id":"x"}]}`, "only a statserver"},
		"DN at statserver":     {`{"kind":"statserver","endpoints":["a:1"],"register":[{"dn":"1","type":"Extension"}]}`, "only a tserver"},
		"calls at statserver":  {`{"kind":"statserver","endpoints":["a:1"],"callMonitoring":true}`, "only a tserver"},
		"no object":            {strings.Replace(statLink("E1"), `"object":"E1"`, `"object":""`, 1), "statistics[0].object"},
		"no tenant":            {strings.Replace(statLink("E1"), `"Resources"`, `""`, 1), "statistics[0].tenant"},
		"object type":          {strings.Replace(statLink("E1"), `"Agent"`, `"Queue"`, 1), "statistics[0].objectType"},
		"category":             {strings.Replace(statLink("E1"), `CurrentState`, `TotalTime`, 1), "statistics[0].category"},
		"subject":              {strings.Replace(statLink("E1"), `DNAction`, `Campaign`, 1), "statistics[0].subject"},
		"same id twice":        {statLink("E1", "E1"), "statistics[1].id"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := b.call(http.MethodPut, "/v1/links/x", test.body)
			require.Equal(t, http.StatusBadRequest, status, body)
			require.Contains(t, body, test.want)
		})
	}
	status, _ := b.call(http.MethodPut, "/v1/links/-x", vqLink)
	require.Equal(t, http.StatusBadRequest, status)
	status, body := b.call(http.MethodGet, "/v1/links", "")
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"links":[]}`, body)
}

func TestManyProblemsAreCutShort(t *testing.T) {
	b := newBench(t, feed.Options{})
	status, body := b.call(http.MethodPut, "/v1/links/x", agentLink(make([]string, 50)...))
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, body, "and 30 more")
}

func TestOnlyBearersOfTheTokenGetIn(t *testing.T) {
	b := newBench(t, feed.Options{})
	for _, path := range []string{"/v1/links", "/v1/links/x", "/v1/links/x/events"} {
		for header, want := range map[string]int{"": 401, "Basic eA==": 401, "Bearer": 401, "Bearer wrong": 403, "bearer " + token: 0} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+path, nil)
			require.NoError(t, err)
			if header != "" {
				r.Header.Set("Authorization", header)
			}
			response, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			if want == 0 {
				require.NotContains(t, []int{401, 403}, response.StatusCode)
				continue
			}
			require.Equal(t, want, response.StatusCode, "%s %q", path, header)
		}
	}
}

func TestADeletedLinkEndsItsStreams(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.declare("vq", vqLink)
	s := b.follow("vq", "")
	s.expect("feed.LinkConnected", "EventRegistered")
	status, _ := b.call(http.MethodDelete, "/v1/links/vq", "")
	require.Equal(t, http.StatusNoContent, status)
	s.toTheEnd()
	for _, method := range []string{http.MethodDelete, http.MethodGet} {
		status, _ = b.call(method, "/v1/links/vq", "")
		require.Equal(t, http.StatusNotFound, status)
	}
	status, _ = b.call(http.MethodGet, "/v1/links/vq/events", "")
	require.Equal(t, http.StatusNotFound, status)
}

func TestTheNumberOfLinksIsBounded(t *testing.T) {
	b := newBench(t, feed.Options{})
	for i := range 64 {
		b.declare("l"+strings.Repeat("x", i%60)+string(rune('a'+i/60)), callLink)
	}
	status, body := b.call(http.MethodPut, "/v1/links/one-more", callLink)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "no more links")
}

func TestAnUnknownDNIsAnsweredWithAnError(t *testing.T) {
	b := newBench(t, feed.Options{DNs: []string{"4001"}})
	b.declare("agent", agentLink("4001", "4999"))
	got := b.follow("agent", "").expect("feed.LinkConnected", "EventRegistered", "EventError")
	require.Equal(t, "4999", got[2].Attributes["ThisDN"])
}

func TestAnotherServerIsANewConnectionOfTheSameLink(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.declare("vq", vqLink)
	s := b.follow("vq", "")
	first := s.expect("feed.LinkConnected", "EventRegistered")
	b.declare("vq", strings.Replace(vqLink, "sips:8000", "other:8000", 1))
	again := s.expect("feed.LinkDisconnected", "feed.LinkConnected", "EventRegistered")
	require.Greater(t, again[2].Cursor, first[1].Cursor)
}
