package flowfile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/feedtest"
	"engage.connector/services/conversation-provider/feedtest/flowfile"
)

const expected = "# A call\n\nt0: 2026-11-23T08:00:00Z\ncall main = UUID1\n\n```legs\nconv main whole\next +49 0 0 68 Self\n" +
	"? ivr 7000 0 0 5 Transfer*\nuser ann 5 8|9 68 Peer hold=10-20 code=Sold@90|code=skip\n```\n"

func leg(kind, who string, begin, answered, end float64, how string) *flowfile.Leg {
	return &flowfile.Leg{Kind: kind, Who: who, Begin: at(begin), Answered: at(answered), End: at(end), How: how}
}

func at(s float64) time.Time {
	return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC).Add(time.Duration(s * float64(time.Second)))
}

func shown() []*flowfile.Leg {
	ann := leg("user", "ann", 5.1, 9, 68, "Peer")
	ann.Holds = []flowfile.Span{{From: at(10), To: at(20)}}
	ann.Code, ann.CodeAt = "Sold", at(90)
	return []*flowfile.Leg{leg("ext", "+49", 0, 0, 68, "Self"), ann}
}

// The judge is only worth something if it finds every kind of difference.
func TestTheJudgeFindsEveryDifference(t *testing.T) {
	e, err := flowfile.ParseExpected(expected)
	require.NoError(t, err)
	require.Equal(t, "UUID1", e.Calls["main"])
	flow := flowfile.Flow{Expected: e}
	judge := func(fate string, legs []*flowfile.Leg) []string {
		return flow.Judge(func(string) flowfile.Shown { return flowfile.Shown{Fate: fate, Legs: legs} })
	}
	require.Empty(t, judge("whole", shown()))
	require.Empty(t, judge("whole", append(shown(), leg("ivr", "7000", 0, 0, 5, "TransferACD"))), "an optional leg")
	require.Len(t, judge("suspended:conference", shown()), 1)
	require.Len(t, judge("whole", shown()[:1]), 1, "a leg is missing")
	require.Len(t, judge("whole", append(shown(), leg("acd", "Loans", 5, 5, 8, "TransferUser"))), 1, "a leg too many")
	for name, spoil := range map[string]func(*flowfile.Leg){
		"begin": func(l *flowfile.Leg) { l.Begin = at(6) }, "answer": func(l *flowfile.Leg) { l.Answered = at(10) },
		"never answered": func(l *flowfile.Leg) { l.Answered = time.Time{} }, "never ended": func(l *flowfile.Leg) { l.End = time.Time{} },
		"end": func(l *flowfile.Leg) { l.End = at(67) }, "disconnect type": func(l *flowfile.Leg) { l.How = "Self" },
		"hold": func(l *flowfile.Leg) { l.Holds[0].To = at(30) }, "no hold": func(l *flowfile.Leg) { l.Holds = nil },
		"code": func(l *flowfile.Leg) { l.Code = "Info" }, "code's time": func(l *flowfile.Leg) { l.CodeAt = at(80) },
		"no code": func(l *flowfile.Leg) { l.Code = "" },
	} {
		legs := shown()
		spoil(legs[1])
		require.Len(t, judge("whole", legs), 1, name)
	}
}

func TestAnExpectationThatCannotBeReadIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty":     "",
		"bad time":  "t0: yesterday\n```legs\nconv main whole\n```\n",
		"short leg": "t0: 2026-11-23T08:00:00Z\ncall main = U\n```legs\nconv main whole\next 0 0 68\n```\n",
		"odd word":  "t0: 2026-11-23T08:00:00Z\ncall main = U\n```legs\nconv main whole\next a 0 0 68 Self hld=1-2\n```\n",
	} {
		_, err := flowfile.ParseExpected(text)
		require.Error(t, err, name)
	}
}

// A heartbeat vouches for nothing that is still under way, and a link that is down sends none.
func TestHeartbeatsStandBetweenTheLines(t *testing.T) {
	line := func(received, stamped float64, message string) feedtest.Event {
		return feedtest.Event{Link: "A/call", Event: engage.Event{
			Message: message, ReceivedAt: at(received), Time: at(stamped), Server: engage.Server{Name: "A"},
		}}
	}
	flow := flowfile.Flow{Lines: []feedtest.Event{
		line(0, 0, engage.MsgEventCallCreated), line(4, 1.5, engage.MsgEventCallDeleted), line(5, 5, engage.MsgLinkDisconnected),
		line(9, 9, engage.MsgLinkConnected),
	}}
	var upTo []float64
	for _, l := range flow.WithHeartbeats(2 * time.Second) {
		if l.Message == engage.MsgHeartbeat {
			to, ok := l.Attributes.Time("upTo")
			require.True(t, ok)
			upTo = append(upTo, to.Sub(at(0)).Seconds())
		}
	}
	require.Equal(t, []float64{1, 1.499999, 1.499999, 10}, upTo)
}
