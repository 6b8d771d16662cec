package apply_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/services/config-sync/apply"
	"engage.connector/services/config-sync/cloud"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/internal/orgtest"
	"engage.connector/services/config-sync/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const tenant = "101"

// memory is a store of records that can fail.
type memory struct {
	mu      sync.Mutex
	applied plan.Applied
	err     error
	// cut is asked before and after every write, like the organization's.
	cut func(after bool) error
}

func newMemory() *memory { return &memory{applied: plan.Applied{}} }

func (m *memory) Save(ctx context.Context, changes ...plan.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil || ctx.Err() != nil {
		return errors.Join(m.err, ctx.Err())
	}
	if m.cut != nil {
		if err := m.cut(false); err != nil {
			return err
		}
	}
	for _, c := range changes {
		m.applied.Put(c)
	}
	if m.cut != nil {
		return m.cut(true)
	}
	return nil
}

// age makes all objects older than those that the organization may not show yet.
func (m *memory) age() {
	for _, records := range m.applied {
		for id, r := range records {
			r.Made = time.Time{}
			records[id] = r
		}
	}
}

func newExecutor(m *memory, parallel int) *apply.Executor {
	return apply.New(apply.Options{
		Records: m, Parallel: parallel, Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
	})
}

// sync plans and executes once from what the store holds.
func sync1(ctx context.Context, cloud apply.Cloud, m *memory, org desired.Org, parallel int) (apply.Result, plan.Plan, error) {
	executor := newExecutor(m, parallel)
	resolved, err := executor.Resolve(ctx, cloud, m.applied.Clone())
	if err != nil {
		return apply.Result{}, plan.Plan{}, err
	}
	applied := resolved.Applied
	p := plan.Build(tenant, org, applied, plan.Conditions{})
	result, err := executor.Run(ctx, cloud, p, applied)
	return result, p, err
}

// settle synchronises and makes sure that it is complete: nothing refused, nothing left to do and
// no further write.
func settle(t *testing.T, o *orgtest.Org, client *cloud.Org, m *memory, org desired.Org) {
	t.Helper()
	result, p, err := sync1(t.Context(), client, m, org, 4)
	require.NoError(t, err)
	require.Empty(t, result.Rejected)
	require.Equal(t, len(p.Operations), result.Executed)
	require.Equal(t, m.applied, result.Applied)
	writes := o.Writes()
	_, p, err = sync1(t.Context(), client, m, org, 4)
	require.NoError(t, err)
	require.Empty(t, p.Operations)
	require.Equal(t, writes, o.Writes(), "an unchanged center costs no write")
}

func user(id, name string, skills ...string) desired.User {
	u := desired.User{
		ID: id, UserName: name, DisplayName: "User " + id, ExternalID: id + "_" + name, Active: true, Kind: desired.Agent,
		Person: desired.Person{UserName: name, Agent: true, Active: true}, Skills: map[string]float64{},
	}
	for i, s := range skills {
		u.Skills[s] = float64(i + 1)
	}
	return u
}

func queue(id, name string, members ...string) desired.Queue {
	return desired.Queue{
		ID: id, Name: name, Description: "d" + id, PeerID: id, Members: members,
		DN: desired.DN{ID: id, Switch: "S", Number: name, Type: configmodel.DNVirtualQueue},
	}
}

func center() desired.Org {
	return desired.Org{
		Users:  []desired.User{user("1", "ann@x.example", "Spanish", "French"), user("2", "bob@x.example")},
		Skills: []desired.Skill{{ID: "401", Name: "Spanish"}, {ID: "402", Name: "French"}},
		Queues: []desired.Queue{queue("201", "VQ1__S__Engage-external", "1", "2"), queue("202", "VQ2__S__Engage-external", "2")},
		Codes:  []desired.Code{{ID: "Resolved", Name: "Resolved"}, {ID: "Lost", Name: "Lost"}},
		DNs:    []desired.DN{{ID: "211", Switch: "S", Number: "8001", Type: configmodel.DNExtension}},
		Roles:  desired.Roles{desired.Agent: {"Employee", "User", "No such role"}, desired.Supervisor: {"Supervisor"}},
	}
}

// The first synchronisation over HTTP: objects, roles that exist, skills, members, codes, source.
//
// ledger: E-EXCS-006
// ledger: E-EXCS-007
// ledger: E-EXCS-045
// ledger: E-EXCS-079
// ledger: E-EXCS-084
func TestFirstSynchronisation(t *testing.T) {
	o, m := orgtest.New(), newMemory()
	settle(t, o, o.Client(t), m, center())
	require.Equal(t, orgtest.State{
		Users: map[string]string{
			"ann@x.example": "User 1|1_ann@x.example|true|[User employee]|[French=2.0 Spanish=1.0]|Home",
			"bob@x.example": "User 2|2_bob@x.example|true|[User employee]|[]|Home",
		},
		Queues: map[string]string{
			"VQ1__S__Engage-external": "d201|201|[ann@x.example bob@x.example]|[Lost Resolved]",
			"VQ2__S__Engage-external": "d202|202|[bob@x.example]|[Lost Resolved]",
		},
		Skills: []string{"French", "Spanish"}, Codes: []string{"Lost", "Resolved"},
		Source: "Engage Connector 101 default=true",
	}, o.State())
	require.Equal(t, 14, o.Writes(), "%s", o.Log())
	require.Equal(t, "presence-OnQueue", m.applied[plan.Presences]["OnQueue"].CloudID)
	require.Empty(t, m.applied[plan.Presences]["Idle"].CloudID, "the organization has no Idle")
	require.Equal(t, "8001", m.applied[plan.DNs]["211"].EngageName)
}

// ledger: E-EXCS-011
// ledger: E-EXCS-012
// ledger: E-EXCS-013
// ledger: E-EXCS-020
// ledger: E-EXCS-022
// ledger: E-EXCS-024
// ledger: E-EXCS-082
func TestChangesReachTheOrganization(t *testing.T) {
	o, m := orgtest.New(), newMemory()
	client := o.Client(t)
	settle(t, o, client, m, center())
	o.GiveSkill(o.UserID("ann@x.example"), "Chess")

	org := center()
	org.Users[0].DisplayName, org.Users[0].Kind = "Ann Lee", desired.Supervisor
	org.Users[0].Skills = map[string]float64{"Spanish": 4.5}
	org.Users = org.Users[:1]
	org.Queues = org.Queues[:1]
	org.Queues[0].Members, org.Queues[0].Description = []string{"1"}, "new"
	settle(t, o, client, m, org)

	state := o.State()
	require.Equal(t, map[string]string{
		"ann@x.example": "Ann Lee|1_ann@x.example|true|[Supervisor User employee]|[Chess=3.0 Spanish=4.5]|Home",
		"bob@x.example": "User 2|2_bob@x.example|false|[User employee]|[]|Home",
	}, state.Users)
	require.Equal(t, map[string]string{
		"VQ1__S__Engage-external": "new|201|[ann@x.example]|[Lost Resolved]",
		"VQ2__S__Engage-external": "d202|202|[]|[Lost Resolved]",
	}, state.Queues)
}

// What exists is found and taken over: a user that somebody made keeps its roles.
func TestExistingObjectsAreTakenOver(t *testing.T) {
	o := orgtest.New()
	client := o.Client(t)
	settle(t, o, client, newMemory(), center())
	own := o.AddUser("Carl@x.example")

	org := center()
	org.Users = append(org.Users, user("3", "carl@x.example", "Spanish"))
	forgetful := newMemory()
	settle(t, o, client, forgetful, org)
	state := o.State()
	require.Len(t, state.Users, 3)
	require.Len(t, state.Queues, 2)
	require.Len(t, state.Skills, 2)
	require.Equal(t, "User 3|3_carl@x.example|true|[Guest]|[Spanish=1.0]|Home", state.Users["carl@x.example"])
	require.Equal(t, own, forgetful.applied[plan.Users]["3"].CloudID)
}

// ledger: E-EXCS-014
// ledger: E-EXCS-015
func TestRecreatedPersonReactivatesItsUser(t *testing.T) {
	o, m := orgtest.New(), newMemory()
	client := o.Client(t)
	settle(t, o, client, m, center())
	id := o.UserID("bob@x.example")
	left := center()
	left.Users, left.Queues[0].Members, left.Queues[1].Members = left.Users[:1], []string{"1"}, nil
	settle(t, o, client, m, left)
	require.Contains(t, o.State().Users["bob@x.example"], "|false|")

	back := left
	back.Users = append(slices.Clone(left.Users), user("9", "bob@x.example"))
	settle(t, o, client, m, back)
	require.Equal(t, id, o.UserID("bob@x.example"))
	require.Equal(t, "User 9|9_bob@x.example|true|[User employee]|[]|Home", o.State().Users["bob@x.example"])
}

// ledger: E-EXCS-018
func TestDeletedObjectsAreNotMadeAgain(t *testing.T) {
	o, m := orgtest.New(), newMemory()
	client := o.Client(t)
	settle(t, o, client, m, center())
	o.Delete(o.UserID("bob@x.example"))
	o.Delete(o.QueueID("VQ2"))

	org := center()
	org.Users[1].DisplayName = "changed"
	org.Queues[1].Description = "changed"
	org.Queues = append(org.Queues, queue("203", "VQ3__S__Engage-external", "1", "2"))
	m.age()
	_, _, err := sync1(t.Context(), client, m, org, 4)
	require.NoError(t, err)
	for kind, id := range map[plan.Kind]string{plan.Users: "2", plan.Queues: "202"} {
		r := m.applied[kind][id]
		require.False(t, r.Gone, "seen once is not deleted")
		require.False(t, r.Missing.IsZero())
		r.Gone = true // what a later reading of the organization finds
		m.applied[kind][id] = r
	}
	settle(t, o, client, m, org)
	state := o.State()
	require.Len(t, state.Users, 1)
	require.Equal(t, []string{"VQ1__S__Engage-external", "VQ3__S__Engage-external"}, slices.Sorted(maps.Keys(state.Queues)))
	require.Contains(t, state.Queues["VQ3__S__Engage-external"], "[ann@x.example]")

	// ledger: E-EXCS-019
	settle(t, o, client, newMemory(), org)
	require.Len(t, o.State().Users, 2, "with an empty store everything is mapped anew")
}

// One user that was deleted must not keep the others of a full list out of the queue.
func TestDeletedMemberIsSingledOut(t *testing.T) {
	o, m := orgtest.New(), newMemory()
	client := o.Direct(t)
	org := desired.Org{}
	var ids []string
	for i := range 100 {
		id := fmt.Sprint(1000 + i)
		ids = append(ids, id)
		org.Users = append(org.Users, user(id, "u"+id+"@x.example"))
	}
	settle(t, o, client, m, org)
	o.Delete(o.UserID("u1042@x.example"))
	org.Queues = []desired.Queue{queue("201", "VQ1__S__Engage-external", ids...)}
	m.age()
	_, _, err := sync1(t.Context(), client, m, org, 4)
	require.NoError(t, err)
	require.Len(t, m.applied[plan.Queues]["201"].Members, 99)
	require.False(t, m.applied[plan.Users]["1042"].Missing.IsZero())
	require.False(t, m.applied[plan.Users]["1042"].Gone, "seen once is not deleted")
}

// An object that the organization refuses does not stop the others, and comes again.
func TestRefusedOperationIsReportedAndOthersGoOn(t *testing.T) {
	o, m := orgtest.New(), newMemory()
	client := o.Client(t)
	refuse := "bob@x.example"
	o.Cut = nil
	id := o.AddUser(refuse)
	org := center()
	m.applied.Put(plan.Change{Kind: plan.Users, ID: "77", Record: &plan.Record{CloudID: id, CloudName: "other@x.example"}})
	org.Users = append(org.Users, user("77", "other@x.example"))
	org.Users[2].UserName = "ann@x.example" // 77 is to be renamed to a name that 1 will have

	result, _, err := sync1(t.Context(), client, m, org, 1)
	require.NoError(t, err)
	require.NotEmpty(t, result.Rejected)
	require.Equal(t, fault.Conflict, fault.CodeOf(result.Rejected[0].Err), "%v", result.Rejected[0].Err)
	require.Contains(t, o.State().Queues, "VQ2__S__Engage-external")
}

func TestStoreThatFailsStopsExecution(t *testing.T) {
	o, m := orgtest.New(), newMemory()
	m.err = fault.New(fault.Unavailable, "store", "redis is down")
	_, p, err := sync1(t.Context(), o.Client(t), m, center(), 2)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.Less(t, o.Writes(), p.Calls()/2, "what cannot be remembered must not be done")
}

func TestMissingPermissionOfTheClientStopsExecution(t *testing.T) {
	o, m := orgtest.New(), newMemory()
	server := o.Server(t)
	client, err := genesys.New(genesys.Options{APIURL: server.URL, AuthURL: server.URL, ClientID: "wrong", ClientSecret: "wrong", HTTP: server.Client()})
	require.NoError(t, err)
	_, _, err = sync1(t.Context(), cloud.New(client), m, center(), 2)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "%v", err)
	require.Zero(t, o.Writes())
	server.CloseClientConnections()
}

func TestResultsAreCounted(t *testing.T) {
	o, reg := orgtest.New(), prometheus.NewRegistry()
	e := apply.New(apply.Options{Records: newMemory(), Logger: slog.New(slog.DiscardHandler), Registerer: reg})
	_, err := e.Run(t.Context(), o.Client(t), plan.Build(tenant, center(), plan.Applied{}, plan.Conditions{}), plan.Applied{})
	require.NoError(t, err)
	families, err := reg.Gather()
	require.NoError(t, err)
	var text strings.Builder
	for _, f := range families {
		for _, metric := range f.GetMetric() {
			fmt.Fprintln(&text, metric.GetLabel(), metric.GetCounter().GetValue())
		}
	}
	require.Contains(t, text.String(), "create")
	require.Len(t, families, 2)
}

// Whether a user is active goes first and alone: whatever else the organization refuses, a disabled
// person's user becomes inactive, and every other attribute is applied that is not refused itself.
func TestWhatIsRefusedHoldsNothingElseBack(t *testing.T) {
	for _, status := range []int{400, 403, 409, 412} {
		for _, refused := range []string{"userName", "displayName", "externalId", "emails"} {
			t.Run(fmt.Sprint(refused, " ", status), func(t *testing.T) {
				o, m := orgtest.New(), newMemory()
				client := o.Client(t)
				settle(t, o, client, m, center())
				id := o.UserID("bob@x.example")
				o.RefuseField(refused, status)
				org := center()
				org.Users[1].Active, org.Users[1].UserName, org.Users[1].DisplayName = false, "robert@x.example", "Robert"
				org.Users[1].ExternalID, org.Users[1].Email = "2_robert", "robert@mail.example"
				result, _, err := sync1(t.Context(), client, m, org, 2)
				require.NoError(t, err)
				require.Len(t, result.Rejected, 1)
				u := o.User(id)
				require.False(t, u.IsActive())
				require.Equal(t, refused != "userName", u.UserName == "robert@x.example")
				require.Equal(t, refused != "displayName", u.DisplayName == "Robert")
				require.Equal(t, refused != "externalId", u.ExternalID == "2_robert")
				require.Equal(t, refused != "emails", len(u.Emails) == 1 && u.Emails[0].Value == "robert@mail.example")
				list := result.Applied.RefusalList()
				require.Len(t, list, 1)
				require.Equal(t, refused, list[0].Attribute)
				require.NotEmpty(t, list[0].Reason)
				require.False(t, list[0].Since.IsZero())

				writes := o.Writes()
				_, _, err = sync1(t.Context(), client, m, org, 2)
				require.NoError(t, err)
				require.Equal(t, writes, o.Writes(), "it is not asked for again at once")
				o.RefuseField("", 0)
				org.Users[1].UserName, org.Users[1].DisplayName = "rob@x.example", "Rob"
				org.Users[1].ExternalID, org.Users[1].Email = "2_rob", "rob@mail.example"
				settle(t, o, client, m, org)
				require.Empty(t, m.applied[plan.Refusals], "another value is asked for at once")
			})
		}
	}
}

// Names and addresses that are passed on in a circle reach their new owners by way of a temporary one.
func TestNamesThatChangeHandsInACircle(t *testing.T) {
	for size := 2; size <= 3; size++ {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			o, m := orgtest.New(), newMemory()
			client := o.Client(t)
			var org desired.Org
			for i := range size {
				org.Users = append(org.Users, user(fmt.Sprint(1+i), fmt.Sprintf("u%d@x.example", i)))
				org.Queues = append(org.Queues, queue(fmt.Sprint(201+i), fmt.Sprintf("VQ%d", i)))
			}
			settle(t, o, client, m, org)
			var users, queues []string
			for i := range size {
				users = append(users, o.UserID(fmt.Sprintf("u%d@x.example", i)))
				queues = append(queues, m.applied[plan.Queues][fmt.Sprint(201+i)].CloudID)
			}
			for i := range size {
				org.Users[i].UserName = fmt.Sprintf("u%d@x.example", (i+1)%size)
				org.Queues[i].Name = fmt.Sprintf("VQ%d", (i+1)%size)
			}
			settle(t, o, client, m, org)
			for i := range size {
				require.Equal(t, users[i], o.UserID(org.Users[i].UserName), "the user stays the person's")
				require.Equal(t, queues[i], m.applied[plan.Queues][fmt.Sprint(201+i)].CloudID)
			}
			require.Empty(t, m.applied[plan.Refusals])
		})
	}
}
