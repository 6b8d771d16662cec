package conversation_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
	"engage.connector/services/conversation-provider/feedtest/flowfile"
)

// corpus are the calls that the tests of the rules play: the cases of the rows, the flows of the
// documentation, and those that stand in files.
type corpus struct {
	feeds map[string][]feedtest.Event
	dirs  map[string]conversation.Directory
	facts map[string]callmodel.FactKind
}

func everyFlow(t *testing.T) corpus {
	t.Helper()
	c := corpus{map[string][]feedtest.Event{}, map[string]conversation.Directory{}, map[string]callmodel.FactKind{}}
	for id, row := range rowCases() {
		s := feedtest.New().Logins()
		row.play(s)
		c.feeds["row "+id], c.dirs["row "+id], c.facts["row "+id] = s.Events, feedtest.Directory{}, row.fact
	}
	for name, flow := range feedtest.All() {
		c.feeds["flow "+name], c.dirs["flow "+name] = play(flow), feedtest.Directory{}
	}
	site, files, err := flowfile.Load(filepath.Join("..", "model", "testdata", "flows"))
	require.NoError(t, err)
	for _, f := range files {
		lines := slices.Clone(f.Lines)
		slices.SortStableFunc(lines, func(a, b feedtest.Event) int { return a.Time.Compare(b.Time) })
		c.feeds["file "+f.Name], c.dirs["file "+f.Name] = lines, site
	}
	return c
}

// told is what becomes of a flow: what is sent, and how its conversations end.
func (c corpus) told(t *testing.T, name string, of conversation.CallModel, without string, taken map[string]bool) string {
	t.Helper()
	r := newRunner()
	m := conversation.NewMachine(conversation.Options{Tenant: "101", CallModel: of}, c.dirs[name]).Without(without)
	r.board = conversation.NewBoard(m, r.book)
	events := c.feeds[name]
	for i, e := range events {
		r.feed(events[i : i+1])
		if i+1 < len(events) && events[i+1].Time.Sub(e.Time) > 2*time.Second { // what waits is over
			r.now = e.Time
			r.wait(events[i+1].Time.Sub(e.Time) - time.Millisecond)
		}
	}
	s := &feedtest.Site{Now: events[len(events)-1].Time}
	if c.facts[name] != "" {
		record(r, s, c.facts[name])
	}
	r.now = s.Now
	r.settle()
	what := []any{r.out}
	for _, uuid := range slices.Sorted(maps.Keys(r.convs)) {
		conv := r.convs[uuid]
		what = append(what, uuid, conv.Stage, conv.Reason)
		for _, d := range conv.Trace.All() {
			taken[d.Row] = true
		}
	}
	data, err := json.Marshal(what)
	require.NoError(t, err)
	return string(data)
}

// Whatever row is taken out of the tables, one of the flows is told in another way: there is no row
// without a test, and none that decides nothing. A row that says that nothing follows is taken at least.
// Rows that wait have cases of their own.
func TestEveryRowDecidesSomething(t *testing.T) {
	all := everyFlow(t)
	for _, of := range conversation.CallModels() {
		whole, takes := map[string]string{}, map[string][]string{}
		for _, name := range slices.Sorted(maps.Keys(all.feeds)) {
			taken := map[string]bool{}
			whole[name] = all.told(t, name, of, "", taken)
			for row := range taken {
				takes[row] = append(takes[row], name)
			}
		}
		differs := func(id string, names []string) bool {
			return slices.ContainsFunc(names, func(name string) bool { return all.told(t, name, of, id, map[string]bool{}) != whole[name] })
		}
		for _, row := range conversation.Rows(of) {
			if row.Wait || row.Extended != (of == conversation.ModelExtended) {
				continue
			}
			require.NotEmpty(t, takes[row.ID], row.ID)
			require.True(t, saysNothing(row) || differs(row.ID, takes[row.ID]), "without %s nothing is told in another way", row.ID)
		}
		for _, row := range conversation.RoleRows() {
			if len(row.If) == 0 || row.Extended && of == conversation.ModelGuide {
				continue
			}
			require.True(t, differs(row.ID, slices.Sorted(maps.Keys(whole))), "without %s nothing is told in another way", row.ID)
		}
	}
}

// saysNothing tells whether a row is there to say that nothing follows.
func saysNothing(row conversation.Row) bool {
	return len(row.Do) == 0 && row.Next == "" && row.Effect == conversation.NoEffect && row.Before == conversation.NoEffect && row.First == ""
}
