package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	configsyncv1 "engage.connector/proto/configsync/v1"
	"engage.connector/services/config-sync/catalog"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

const (
	userKind  = configsyncv1.MappingKind_MAPPING_KIND_USER
	queueKind = configsyncv1.MappingKind_MAPPING_KIND_QUEUE
)

func mapping(kind configsyncv1.MappingKind, id, cloud string) *configsyncv1.Mapping {
	return &configsyncv1.Mapping{Kind: kind, EngageId: id, CloudId: cloud}
}

func TestSubscriberGetsTheWholeMappingAndThenChanges(t *testing.T) {
	c := catalog.New()
	_, _, ok := c.Subscribe()
	require.False(t, ok, "nothing before the first complete mapping")
	require.False(t, c.Ready())

	c.Replace([]*configsyncv1.Mapping{mapping(userKind, "1", "a"), mapping(userKind, "2", "b")})
	s, snapshot, ok := c.Subscribe()
	require.True(t, ok)
	require.Len(t, snapshot, 2)

	c.Replace([]*configsyncv1.Mapping{mapping(userKind, "1", "a"), mapping(queueKind, "2", "q")})
	change := <-s.Changes()
	require.Len(t, change.Upserted, 1)
	require.Equal(t, "q", change.Upserted[0].GetCloudId())
	require.Equal(t, []catalog.Key{{Kind: userKind, EngageID: "2"}}, change.Removed)

	c.Replace([]*configsyncv1.Mapping{mapping(userKind, "1", "a"), mapping(queueKind, "2", "q")})
	require.Empty(t, s.Changes(), "no message when nothing changed")
	require.Equal(t, 1, c.Subscribers())
	c.Close(s)
	require.Zero(t, c.Subscribers())
}

func TestSubscriberGetsOnlyItsKinds(t *testing.T) {
	c := catalog.New()
	c.Replace([]*configsyncv1.Mapping{mapping(userKind, "1", "a"), mapping(queueKind, "2", "q")})
	s, snapshot, _ := c.Subscribe(queueKind)
	require.Len(t, snapshot, 1)
	c.Replace([]*configsyncv1.Mapping{mapping(queueKind, "2", "q"), mapping(queueKind, "3", "r")})
	change := <-s.Changes()
	require.Len(t, change.Upserted, 1)
	require.Empty(t, change.Removed)
}

func TestSlowSubscriberIsDropped(t *testing.T) {
	c := catalog.New()
	c.Replace(nil)
	slow, _, _ := c.Subscribe()
	for i := range 200 {
		c.Replace([]*configsyncv1.Mapping{mapping(userKind, "1", string(rune('a'+i)))})
	}
	received := 0
	for range slow.Changes() {
		received++
	}
	require.Less(t, received, 200)
	require.Zero(t, c.Subscribers())
	got, ok := c.Get(userKind, "1")
	require.True(t, ok)
	require.Equal(t, string(rune('a'+199)), got.GetCloudId())
}

func TestMappingsPublishWhatLives(t *testing.T) {
	applied := plan.Applied{
		plan.Users: {
			"301": {CloudID: "u1", EngageName: "alee", CloudName: "ann@x.example", Person: &desired.Person{
				UserName: "alee", EmployeeID: "E1", Agent: true, Active: true, Logins: []desired.Login{{Switch: "S", Code: "7301"}},
			}},
			"302": {CloudID: "u2", Removed: true},
			"303": {CloudID: "u3", Gone: true},
			"304": {CloudID: "u3", AliasOf: "303"},
		},
		plan.DNs:       {"211": {EngageName: "8001", DN: &desired.DN{ID: "211", Switch: "S", Number: "8001", Alias: "8001_SIP", Type: 1}}},
		plan.Presences: {"Idle": {}, "Busy": {CloudID: "p1", EngageName: "Busy", CloudName: "Busy"}},
	}
	got := map[string]*configsyncv1.Mapping{}
	for _, m := range catalog.Mappings(applied) {
		got[m.GetEngageId()] = m
	}
	require.Len(t, got, 3)
	require.True(t, proto.Equal(&configsyncv1.Mapping{
		Kind: userKind, EngageId: "301", CloudId: "u1", EngageName: "alee", CloudName: "ann@x.example",
		Person: &configsyncv1.Person{EmployeeId: "E1", Agent: true, Active: true, Logins: []*configsyncv1.AgentLogin{{SwitchName: "S", LoginCode: "7301"}}},
	}, got["301"]))
	require.Equal(t, configsyncv1.DnType_DN_TYPE_EXTENSION, got["211"].GetDn().GetType())
	require.Equal(t, "p1", got["Busy"].GetCloudId())
	kind, ok := catalog.KindOf("extensions")
	require.True(t, ok)
	require.Equal(t, configsyncv1.MappingKind_MAPPING_KIND_DN, kind)
}
