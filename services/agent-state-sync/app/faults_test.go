package app_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/store/storetest"
	"engage.connector/services/agent-state-sync/adherence"
	"engage.connector/services/agent-state-sync/app"
	"engage.connector/services/agent-state-sync/statetest"
)

// childVariable makes the test's binary an instance of the service, so that it can be killed.
const childVariable = "AGENT_STATE_SYNC_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		environ := slices.DeleteFunc(os.Environ(), func(v string) bool { return v == childVariable+"=1" })
		os.Exit(app.Program().Run(context.Background(), environ, io.Discard, os.Stderr))
	}
	// The Redis client tries to dial a dead server once a second, and notices the end of its pool only then.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

const (
	agents = 12
	// soakVariable makes every run another one, see make soak-states.
	soakVariable = "SOAK_STATES"
	seed         = 7
)

// aSeed is the seed of a run; that of a soak is new and is printed.
func aSeed(t *testing.T) uint64 {
	t.Helper()
	if os.Getenv(soakVariable) == "" {
		return seed
	}
	n := uint64(time.Now().UnixNano())
	t.Logf("seed %d", n)
	return n
}

// playing starts a world with a center that plays in it.
func playing(t *testing.T, redisArgs ...string) (*world, *statetest.Play) {
	t.Helper()
	var scope []int
	for n := 1; n <= agents; n++ {
		scope = append(scope, n)
	}
	outside, err := statetest.Start()
	require.NoError(t, err)
	t.Cleanup(outside.Close)
	outside.Config.Scope(scope...)
	redis := storetest.StartServer(t, redisArgs...)
	w := &world{World: outside, t: t, redis: redis, environ: append(outside.Environ(redis.Addr()), "ADHERENCE_TOLERANCE=1s")}
	return w, statetest.NewPlay(outside.Edge, aSeed(t), agents)
}

// settled waits until the org was told everything, and wants nothing else to have happened.
func (w *world) settled(play *statetest.Play) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); len(w.Org.Accepted()) < len(play.Want()) && time.Now().Before(deadline); {
		wait(w.t, 20*time.Millisecond)
	}
	require.Equal(w.t, play.Want(), statetest.Got(w.Org))
	require.Equal(w.t, play.Final(), w.Org.Shown())
	outOfOrder, _, _ := w.Org.Faults()
	require.Zero(w.t, outOfOrder)
}

// some waits until the org has taken a few of what was said.
func (w *world) some(more int) {
	w.t.Helper()
	n := len(w.Org.Accepted()) + more
	w.eventually(func() bool { return len(w.Org.Accepted()) >= n }, "something is told")
}

// Whatever the org does, it is told every state once, in order and with its own time, and in the end shows
// what it shows after an undisturbed run; the report names what was late.
func TestFaultsOfTheOrg(t *testing.T) {
	answer := func(status int) func(string) statetest.Answer {
		return func(string) statetest.Answer { return statetest.Answer{Status: status, RetryAfter: 1} }
	}
	for name, fault := range map[string]func(w *world){
		"undisturbed": func(*world) {},
		"429 storm":   func(w *world) { w.Org.Answer(answer(http.StatusTooManyRequests)) },
		"5xx":         func(w *world) { w.Org.Answer(answer(http.StatusBadGateway)) },
		"403 on one operation": func(w *world) {
			w.Org.Answer(func(op string) statetest.Answer {
				if op == statetest.OpRouting {
					return statetest.Answer{Status: http.StatusForbidden}
				}
				return statetest.Answer{}
			})
		},
		"401 in the middle": func(w *world) { w.Org.ForgetTokens() },
		"each event refused once for now": func(w *world) {
			refused := map[string]bool{}
			w.Org.Refuse(func(_ string, e statetest.Event) (string, bool) {
				again := refused[e.ID]
				refused[e.ID] = true
				if again {
					return "", false
				}
				return "not now", true
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, play := playing(t)
			service, _ := w.start()
			play.Change(30)
			w.some(5)
			fault(w)
			play.Change(30)
			wait(t, 2*time.Second) // longer than the tolerance
			w.Org.Answer(nil)
			play.Change(30)
			w.settled(play)
			if name == "5xx" || name == "429 storm" {
				w.eventually(func() bool { return reported(gaps(t, service), adherence.OrgOutage) }, "the report names the intervals")
			}
		})
	}
}

// reported tells whether there are gaps of a cause and all have ended.
func reported(all []adherence.Gap, cause adherence.Cause) bool {
	return ended(all) && slices.ContainsFunc(all, func(g adherence.Gap) bool { return g.Cause == cause })
}

// wait lets time pass that a fault must last.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

// ledger: E-EXAS-006
func TestFaultsOfTheLink(t *testing.T) {
	for name, fault := range map[string]func(w *world, play *statetest.Play){
		"switchover": func(w *world, play *statetest.Play) {
			w.Edge.Switchover("stat2", 2)
			play.Say("feed.Switchover", nil)
			play.Snapshot()
		},
		"gap": func(_ *world, play *statetest.Play) {
			from := time.Now().UTC()
			play.Lose(20)
			play.Say("feed.Gap", map[string]any{"from": from, "to": time.Now().UTC()})
			play.Snapshot()
		},
		"reconnect": func(w *world, play *statetest.Play) {
			play.Say("feed.LinkDisconnected", map[string]any{"reason": "cut"})
			play.Lose(20)
			wait(w.t, 2*time.Second)
			play.Say("feed.LinkConnected", nil)
			play.Snapshot()
		},
		"a snapshot that changes nothing": func(_ *world, play *statetest.Play) { play.Snapshot() },
		"everything again":                func(_ *world, play *statetest.Play) { play.Repeat() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, play := playing(t)
			service, _ := w.start()
			play.Change(30)
			w.some(5)
			fault(w, play)
			play.Change(30)
			w.eventually(func() bool { return sameShown(play, w.Org) }, "the org shows what it shows after an undisturbed run")
			outOfOrder, _, _ := w.Org.Faults()
			require.Zero(t, outOfOrder)
			if name == "switchover" || name == "a snapshot that changes nothing" || name == "everything again" {
				w.settled(play)
			}
			if name == "reconnect" {
				w.eventually(func() bool { return len(gaps(t, service)) > 0 }, "the report names the intervals")
			}
		})
	}
}

func sameShown(play *statetest.Play, org *statetest.Org) bool {
	want, got := play.Final(), org.Shown()
	for user, value := range want {
		if got[user] != value {
			return false
		}
	}
	return len(want) == len(got)
}

// What is wrong in the feed harms nobody: it is counted, shown or kept.
func TestBadInputHarmsNobody(t *testing.T) {
	w, play := playing(t)
	service, _ := w.start()
	play.Change(20)
	now := time.Now()
	w.Edge.Send(link,
		statetest.Status("nobody in scope", 4, now),
		statetest.Line{Message: "EventInfo", Attributes: map[string]any{}},
		statetest.Line{Message: "EventInfo", Attributes: map[string]any{"statistic": "queue:1", "status": 4}},
		statetest.Line{Message: "EventInfo", Attributes: map[string]any{"statistic": "agent:" + statetest.Employee(1) + ":state", "status": "Asleep"}},
		statetest.Line{Message: "EventInfo", Attributes: map[string]any{"statistic": "agent:" + statetest.Employee(1) + ":state", "status": 11}},
		statetest.Line{Message: "EventUnheardOf", Attributes: map[string]any{"x": []any{1, nil}}},
	)
	late := statetest.Status(statetest.Employee(2), 23, now.Add(-time.Hour))
	w.Edge.Send(link, late)
	play.Change(20)
	w.settled(play)
	var answer struct{ Agents []map[string]any }
	_, _ = get(t, service, "/api/v1/agents?q=nobody", &answer)
	require.Len(t, answer.Agents, 1)
	require.Equal(t, false, answer.Agents[0]["inScope"])
}

// A Redis that loses its last second has it read again: the org is told nothing twice, and everything.
func TestARedisThatLosesItsLastSecond(t *testing.T) {
	w, play := playing(t, "--appendonly", "yes", "--appendfsync", "everysec")
	w.start()
	play.Change(40)
	w.some(10)
	written := w.redis.Written()
	play.Change(40)
	w.some(10)
	w.redis.KillAndLose(written)
	w.redis.Restart()
	play.Change(20)
	w.settled(play)
}

// child is an instance in a process of its own.
func (w *world) child() *exec.Cmd {
	w.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(slices.Clone(w.environ), childVariable+"=1")
	require.NoError(w.t, cmd.Start())
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// The writer of two instances is killed again and again: every state is told once, in order.
// ledger: E-EXAS-005
func TestTheWriterIsKilled(t *testing.T) {
	w, play := playing(t)
	first, second := w.child(), w.child()
	for range 3 {
		play.Change(25)
		w.some(5)
		require.NoError(t, first.Process.Kill())
		_ = first.Wait()
		play.Change(10)
		first, second = second, w.child()
	}
	play.Change(20)
	w.settled(play)
	require.NotNil(t, second)
}
