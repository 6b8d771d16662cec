package delivery

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/fault"
)

// The policy, row by row: what follows while nothing is taken, when others were taken meanwhile, and for
// how long a record that stands alone is sent again.
func TestEachRowOfTheTable(t *testing.T) {
	p := Policy{}.WithDefaults()
	const never = time.Duration(1<<63 - 1)
	for name, c := range map[string]struct {
		answer        Answer
		blind, proven Action // of a batch
		patience      time.Duration
	}{
		"login refused":                  {Answer{Scope: Org, Code: fault.Unauthenticated}, Pause, Pause, never},
		"too many requests":              {Answer{Scope: Operation, Code: fault.RateLimited, Own: true}, Pause, Pause, never},
		"permission taken away":          {Answer{Scope: Operation, Code: fault.Forbidden, Own: true}, Pause, Split, p.PermanentFor},
		"a proxy forbids":                {Answer{Scope: Operation, Code: fault.Forbidden}, Pause, Split, p.ForeignFor},
		"400 of the API":                 {Answer{Scope: Request, Code: fault.Invalid, Own: true}, Split, Split, p.PermanentFor},
		"404 of the API":                 {Answer{Scope: Request, Code: fault.NotFound, Own: true}, Split, Split, p.PermanentFor},
		"413 of the API":                 {Answer{Scope: Request, Code: fault.TooLarge, Own: true}, Split, Split, p.PermanentFor},
		"413 of a proxy":                 {Answer{Scope: Request, Code: fault.TooLarge}, Split, Split, p.ForeignFor},
		"400 of a proxy":                 {Answer{Scope: Request, Code: fault.Invalid}, Pause, Split, p.ForeignFor},
		"503":                            {Answer{Scope: Request, Code: fault.Unavailable}, Pause, Split, p.RetryFor},
		"500 of the API":                 {Answer{Scope: Request, Code: fault.Unavailable, Own: true}, Pause, Split, p.RetryFor},
		"no answer":                      {Answer{Scope: Request, Code: fault.Timeout}, Pause, Split, p.RetryFor},
		"an answer not to be understood": {Answer{Scope: Request, Code: fault.Internal}, Pause, Split, p.RetryFor},
		"no scope":                       {Answer{Code: fault.Unavailable}, Pause, Split, p.RetryFor},
		"an event, for good":             {Answer{Scope: Record, Code: fault.Invalid, Own: true, Final: true}, Park, Park, 0},
		"an event, permanent code":       {Answer{Scope: Record, Code: fault.Invalid, Own: true}, Again, Again, p.PermanentFor},
		"an event, a proxy":              {Answer{Scope: Record, Code: fault.Invalid}, Again, Again, p.ForeignFor},
		"an event, for now":              {Answer{Scope: Record, Code: fault.Unavailable, Own: true}, Again, Again, p.RetryFor},
		"a final word that is not its":   {Answer{Scope: Record, Code: fault.Invalid, Final: true}, Again, Again, p.ForeignFor},
	} {
		t.Run(name, func(t *testing.T) {
			got, used := p.Decide(c.answer, History{}, Patience{}, 0)
			require.Equal(t, c.blind, got, "while nothing is taken")
			if c.answer.Scope != Record {
				require.Zero(t, used, "a batch uses up nobody's patience")
			}
			got, _ = p.Decide(c.answer, History{Proven: true}, Patience{}, 0)
			require.Equal(t, c.proven, got, "when others were taken")
			got, _ = p.Decide(c.answer, History{Proven: true, Everyone: true, Alone: true}, Patience{Times: 1000, Spent: 1000 * time.Hour, Run: 1000 * time.Hour}, 0)
			if !c.answer.Final || !c.answer.Own {
				require.Equal(t, Pause, got, "when everyone is refused")
			}
			var alone Patience
			for waited := time.Duration(0); waited < 100*time.Hour; waited += time.Minute {
				got, alone = p.Decide(c.answer, History{Alone: true, Proven: true}, alone, time.Minute)
				if got == Park {
					require.InDelta(t, c.patience.Minutes(), waited.Minutes(), 2)
					return
				}
			}
			require.Equal(t, never, c.patience)
		})
	}
}

// An error says whose matter it is and whether the other side itself has spoken.
func TestFailed(t *testing.T) {
	for code, scope := range map[fault.Code]Scope{
		fault.Unauthenticated: Org, fault.Forbidden: Operation, fault.RateLimited: Operation, fault.Unavailable: Request,
		fault.Invalid: Request, fault.TooLarge: Request, fault.Internal: Request, fault.Timeout: Request, fault.NotFound: Request,
	} {
		a := Failed(fault.New(code, "op", "text").WithHint("hint").WithRetryIn(time.Minute))
		require.Equal(t, Answer{Scope: scope, Code: code, Reason: "op: text", Hint: "hint", RetryIn: time.Minute}, a)
	}
	require.True(t, Failed(fault.GRPCError(fault.New(fault.Invalid, "api", "no"))).Own, "a service of ours")
	noKey := OfOperation(fault.New(fault.NotFound, "org", "no key"))
	require.Equal(t, Operation, Failed(fmt.Errorf("key: %w", noKey)).Scope)
	require.Equal(t, fault.NotFound, fault.CodeOf(noKey))
	require.Equal(t, fault.Internal, Failed(errors.New("?")).Code)
}

func TestWaitsGrowWithinBoundsAndAreSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(-1, 1<<40).Draw(t, "times")
		asked := time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "asked"))
		scope := rapid.SampledFrom([]Scope{Org, Operation, Request}).Draw(t, "scope")
		record, pause := RecordWait(n, asked), PauseWait(n, Answer{Scope: scope, RetryIn: asked})
		require.GreaterOrEqual(t, record, 750*time.Millisecond)
		require.GreaterOrEqual(t, pause, 150*time.Millisecond)
		require.LessOrEqual(t, max(record, pause), longestAsked+spreadMax)
		require.GreaterOrEqual(t, record, min(asked, longestAsked))
		if scope != Request {
			require.GreaterOrEqual(t, pause, min(asked, longestAsked))
		} else {
			require.LessOrEqual(t, pause, outageAsked+spreadMax)
		}
	})
}

// While an operation fails one request at a time may go; a taken one opens it again.
func TestBeginLetsOneProbeGo(t *testing.T) {
	now := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	s := NewState("recordings")
	require.Zero(t, s.Begin(now))
	require.Zero(t, s.Begin(now), "side by side while it works")
	s.End()
	s.End()
	s.Failed()
	wait, report := s.Pause(now, Answer{Scope: Operation, Code: fault.Forbidden, Reason: "no permission", Hint: "grant it"})
	require.True(t, report)
	require.ErrorContains(t, s.Check(), "no permission")
	require.Equal(t, "grant it", fault.Hint(s.Check()))
	require.InDelta(t, float64(wait), float64(s.Begin(now)), 0)
	later := now.Add(wait)
	require.Zero(t, s.Begin(later))
	require.Positive(t, s.Begin(later), "only one")
	s.Failed()
	_, report = s.Pause(later, Answer{Scope: Operation, Code: fault.Forbidden})
	require.False(t, report, "once per cause")
	s.End()
	require.Zero(t, s.Left(later.Add(-24*time.Hour)), "a clock that is set back prolongs nothing")
	ended := s.Answered(later.Add(time.Hour), true)
	require.NotNil(t, ended)
	require.Equal(t, fault.Forbidden, ended.Cause.Code)
	require.NoError(t, s.Check())
	require.Nil(t, s.Answered(later, true))
}

// What is parked says what was wrong, whose matter that is, and what to do.
func TestWhatIsGivenUpSaysWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		answer Answer
		want   []string
	}{
		"the org names the record":       {Answer{Scope: Record, Final: true, Own: true, Reason: "queueId is unknown"}, []string{"queueId is unknown", "the org does not accept this record"}},
		"the org's word on the request":  {Answer{Code: fault.Invalid, Own: true, Reason: "HTTP 400"}, []string{"given up after 3 attempts", "the org does not accept this record"}},
		"the org, for now":               {Answer{Code: fault.Unavailable, Own: true, Reason: "HTTP 500"}, []string{"retry it when the org is well"}},
		"somebody else":                  {Answer{Code: fault.NotFound, Reason: "HTTP 404 <html>"}, []string{"not the answer of the org", "proxies"}},
		"what to do is known for itself": {Answer{Code: fault.Forbidden, Own: true, Reason: "HTTP 403", Hint: "give the role X"}, []string{"HTTP 403; give the role X"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := GivenUp(c.answer, Patience{Times: 3})
			for _, want := range c.want {
				require.Contains(t, text, want)
			}
		})
	}
}

// The operators' page shows the table as it is.
func TestTheDocumentedTableIsThisOne(t *testing.T) {
	page, err := os.ReadFile("../../../docs/delivery.md")
	require.NoError(t, err)
	for _, r := range table {
		require.Contains(t, string(page), documented(r))
	}
	require.Equal(t, len(table)+1, strings.Count(string(page), "\n| "), "no other rows")
}

func documented(r row) string {
	codes := "any"
	if len(r.codes) > 0 {
		codes = strings.Trim(fmt.Sprint(r.codes), "[]")
		codes = strings.ReplaceAll(codes, " ", ", ")
	}
	w := string(r.word)
	if r.final {
		w += ", final"
	}
	kept := string(r.patience)
	if kept == "" {
		kept = "-"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", r.scope, codes, w, r.blind, r.proven, kept)
}
