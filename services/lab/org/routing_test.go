package org_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org"
)

const (
	queues = "/api/v2/routing/queues"
	codes  = "/api/v2/routing/wrapupcodes"
	skills = "/api/v2/routing/skills"
)

func TestRoutingSkills(t *testing.T) {
	b := newBench(t)
	id := b.skill("English")
	b.skill("Engraving")
	b.do(http.MethodPost, skills, map[string]any{"name": "ENGLISH"}).fails(409, "general.conflict")
	b.do(http.MethodPost, skills, map[string]any{"name": " "}).fails(400, "constraint.validation")
	b.do(http.MethodPost, skills, map[string]any{"name": 7}).fails(400, "invalid.value")
	require.Len(t, b.entities(skills+"?name=engl"), 1)
	require.Len(t, b.entities(skills+"?name=eng"), 2)
	require.Len(t, b.entities(skills+"?id="+id), 1)
	require.Equal(t, "English", b.ok(http.MethodGet, skills+"/"+id, nil)["name"])
	b.do(http.MethodGet, skills+"/"+newID(), nil).fails(404, "skillsservice.skillnotfound")
	b.do(http.MethodDelete, skills+"/"+newID(), nil).fails(404, "skillsservice.skillnotfound")
	require.Equal(t, 200, b.do(http.MethodDelete, skills+"/"+id, nil).status)
	require.Len(t, b.org.Snapshot().Skills, 1)
}

func TestUserSkills(t *testing.T) {
	b := newBench(t)
	user := b.user("ann")
	path := "/api/v2/users/" + user + "/routingskills"
	english, german := b.skill("English"), b.skill("German")
	entry := func(id string, proficiency any) map[string]any {
		return map[string]any{"id": id, "proficiency": proficiency}
	}

	require.Len(t, b.ok(http.MethodPatch, path+"/bulk", []any{entry(english, 1), entry(german, 2)})["entities"], 2)
	b.ok(http.MethodPatch, path+"/bulk", []any{entry(english, 5)})
	require.Equal(t, map[string]float64{"English": 5, "German": 2}, find(t, b.org, user).Skills)
	require.Len(t, b.entities(path), 2)
	b.ok(http.MethodPut, path+"/bulk", []any{entry(german, 3)})
	require.Equal(t, map[string]float64{"German": 3}, find(t, b.org, user).Skills)
	b.ok(http.MethodPost, path, entry(english, 0))
	require.Equal(t, 200, b.do(http.MethodDelete, path+"/"+german, nil).status)
	require.Equal(t, map[string]float64{"English": 0}, find(t, b.org, user).Skills)

	tooMany := make([]any, 51)
	for i := range tooMany {
		tooMany[i] = entry(english, 1)
	}
	b.do(http.MethodPatch, path+"/bulk", tooMany).fails(400, "constraint.validation")
	b.ok(http.MethodPatch, path+"/bulk", tooMany[:50])
	b.do(http.MethodPatch, path+"/bulk", []any{entry(newID(), 1)}).fails(404, "not.found")
	b.do(http.MethodPatch, path+"/bulk", []any{entry(english, 5.5)}).fails(400, "constraint.validation")
	b.do(http.MethodPatch, path+"/bulk", []any{entry(english, nil)}).fails(400, "constraint.validation")
	b.do(http.MethodPatch, path+"/bulk", "{}").fails(400, "bad.request")
	b.do(http.MethodPatch, "/api/v2/users/"+newID()+"/routingskills/bulk", []any{}).fails(404, "general.resource.not.found")
	b.do(http.MethodDelete, path+"/"+german, nil).fails(404, "not.found")
}

func TestQueues(t *testing.T) {
	b := newBench(t)
	sales, support := b.queue("Sales__Engage-external"), b.queue("Support__Engage-external")
	plain := text(b.ok(http.MethodPost, queues, map[string]any{"name": "Plain", "enableTranscription": true})["id"])

	b.do(http.MethodPost, queues, map[string]any{"name": "SALES__engage-external"}).fails(400, "duplicate.name")
	b.do(http.MethodPost, queues, map[string]any{"description": "x"}).fails(400, "invalid.name")
	b.do(http.MethodPost, queues, map[string]any{"name": "q", "scoringMethod": ""}).fails(400, "invalid.value")
	b.do(http.MethodPost, queues, map[string]any{"name": "q", "division": map[string]any{"id": newID()}}).fails(400, "resource.not.found")
	b.do(http.MethodPost, queues, map[string]any{"name": "q", "peerID": "x"}).fails(400, "invalid.property")

	for query, want := range map[string]int{
		"": 3, "?name=plain": 1, "?name=pla": 0, "?name=pla*": 1, "?name=*external": 2, "?name=*port*": 1,
		"?peerId=Sales__Engage-external": 1, "?hasPeer=true": 2, "?hasPeer=false": 1, "?id=" + sales + "," + support: 2,
		"?divisionId=" + newID(): 0,
	} {
		require.Len(t, b.entities(queues+query), want, query)
	}
	b.do(http.MethodGet, queues+"?hasPeer=yes", nil).fails(400, "invalid.query.param.value")
	require.Equal(t, "Sales__Engage-external", b.entities(queues + "?sortOrder=desc")[1]["name"])

	view := b.ok(http.MethodGet, queues+"/"+plain, nil)
	require.Equal(t, true, view["enableTranscription"])
	view["description"], view["peerId"] = "now with a peer", "42"
	b.ok(http.MethodPut, queues+"/"+plain, view) // what was read can be written back
	view = b.ok(http.MethodGet, queues+"/"+plain, nil)
	require.Equal(t, "42", view["peerId"])
	require.Equal(t, true, view["enableTranscription"])
	view["name"] = "sales__ENGAGE-external"
	b.do(http.MethodPut, queues+"/"+plain, view).fails(400, "duplicate.name")
	b.do(http.MethodGet, queues+"/"+newID(), nil).fails(404, "resource.not.found")
	b.do(http.MethodGet, queues+"/7", nil).fails(400, "invalid.id")
	require.Equal(t, 200, b.do(http.MethodDelete, queues+"/"+plain, nil).status)
	require.Len(t, b.org.Snapshot().Queues, 2)
}

func TestQueueWithConversationsIsNotDeleted(t *testing.T) {
	b := newBench(t)
	b.makeSource()
	queue := b.queue("Sales")
	s := b.script()
	s.established("routingEstablishedEvents", newID(), map[string]any{}, map[string]any{"queueId": queue})
	require.Empty(t, s.send())
	b.do(http.MethodDelete, queues+"/"+queue, nil).fails(400, "active.queue")
	require.Equal(t, 200, b.do(http.MethodDelete, queues+"/"+queue+"?forceDelete=true", nil).status)
}

func TestQueueMembers(t *testing.T) {
	b := newBench(t)
	path := queues + "/" + b.queue("Sales") + "/members"
	all := make([]any, 0, 101)
	for i := range 101 {
		all = append(all, map[string]any{"id": b.user(fmt.Sprintf("u%03d", i))})
	}
	b.do(http.MethodPost, path, all).fails(400, "constraint.validation")
	a := b.do(http.MethodPost, path, all[:100])
	require.Equal(t, 200, a.status)
	require.Empty(t, a.body)
	require.Equal(t, 200, b.do(http.MethodPost, path, all[90:]).status) // some are there already
	page := b.ok(http.MethodGet, path+"?pageSize=100&memberBy=user", nil)
	require.NotContains(t, page, "total")
	require.Len(t, page["entities"], 100)
	require.NotEmpty(t, page["nextUri"])
	require.Len(t, b.entities(path+"?pageSize=100&pageNumber=2"), 1)
	require.Empty(t, b.entities(path+"?pageSize=100&pageNumber=3"))
	require.Empty(t, b.entities(path+"?memberBy=group"))
	require.Len(t, b.entities(path+"?name=U00"), 10)
	b.do(http.MethodGet, path+"?pageSize=101", nil).fails(400, "invalid.query.param.value")
	b.do(http.MethodGet, path+"?memberBy=all", nil).fails(400, "invalid.query.param.value")

	require.Equal(t, 200, b.do(http.MethodPost, path+"?delete=true", all[:50]).status)
	require.Len(t, b.org.Snapshot().Queues[0].Members, 51)
	b.do(http.MethodPost, path+"?delete=maybe", all[:1]).fails(400, "invalid.query.param.value")
	b.do(http.MethodPost, path, []any{map[string]any{"id": newID()}}).fails(404, "resource.not.found")
	b.do(http.MethodPost, path, []any{map[string]any{"id": "ann"}}).fails(400, "invalid.id")
	b.do(http.MethodPost, queues+"/"+newID()+"/members", []any{}).fails(404, "resource.not.found")

	last, _ := all[100].(map[string]any)
	require.Equal(t, 200, b.do(http.MethodPatch, path, []any{map[string]any{"id": last["id"], "joined": false}}).status)
	require.Len(t, b.entities(path+"?joined=false"), 1)
	require.Equal(t, 204, b.do(http.MethodDelete, path+"/"+text(last["id"]), nil).status)
	b.do(http.MethodDelete, path+"/"+text(last["id"]), nil).fails(404, "resource.not.found")
}

func TestWrapupCodes(t *testing.T) {
	b := newBench(t)
	id := b.code("Sold")
	b.do(http.MethodPost, codes, map[string]any{"name": "SOLD"}).fails(400, "duplicate.name")
	b.do(http.MethodPost, codes, map[string]any{"name": ""}).fails(400, "invalid.name")
	b.do(http.MethodPost, codes, map[string]any{"name": "x", "division": map[string]any{"id": newID()}}).fails(400, "resource.not.found")
	other := b.code("Not sold")
	require.Len(t, b.entities(codes), 2)
	require.Len(t, b.entities(codes+"?name=so"), 1)
	require.Len(t, b.entities(codes+"?id="+other), 1)
	b.ok(http.MethodPut, codes+"/"+id, map[string]any{"name": "sold"})
	b.do(http.MethodPut, codes+"/"+id, map[string]any{"name": "not SOLD"}).fails(400, "duplicate.name")
	b.do(http.MethodGet, codes+"/"+newID(), nil).fails(404, "resource.not.found")

	path := queues + "/" + b.queue("Sales") + "/wrapupcodes"
	require.Equal(t, 200, b.do(http.MethodPost, path, []any{map[string]any{"id": id}, map[string]any{"id": other}}).status)
	require.Len(t, b.entities(path), 2)
	b.do(http.MethodPost, path, []any{map[string]any{"id": newID()}}).fails(404, "resource.not.found")
	tooMany := make([]any, 101)
	for i := range tooMany {
		tooMany[i] = map[string]any{"id": id}
	}
	b.do(http.MethodPost, path, tooMany).fails(400, "constraint.validation")
	require.Equal(t, 200, b.do(http.MethodDelete, path+"/"+id, nil).status)
	b.do(http.MethodDelete, path+"/"+id, nil).fails(404, "resource.not.found")
	require.Equal(t, 204, b.do(http.MethodDelete, codes+"/"+other, nil).status)
	require.Empty(t, b.entities(path))
}

func TestPresenceSourcesAndSettings(t *testing.T) {
	b := newBench(t)
	const path = "/api/v2/presence/sources"
	seeded := b.entities(path)
	require.Len(t, seeded, 1)
	id := b.makeSource()
	long := make([]byte, 300)
	for i := range long {
		long[i] = 'x'
	}
	for code, body := range map[string]map[string]any{
		"namecannotbeblank":    {"name": " "},
		"nametoolong":          {"name": string(long)},
		"descriptiontoolong":   {"name": "x", "description": string(long)},
		"toomanyactivesources": {"name": "second"},
	} {
		b.do(http.MethodPost, path, body).fails(409, "presenceservice.source."+code)
	}
	b.do(http.MethodPost, path, map[string]any{"name": "x", "type": "System"}).fails(400, "invalid.value")
	b.ok(http.MethodPost, path, map[string]any{"name": "asleep", "deactivated": true})
	require.Len(t, b.entities(path), 2)
	require.Len(t, b.entities(path+"?deactivated=TRUE"), 1)
	b.do(http.MethodGet, path+"?deactivated=ALL", nil).fails(400, "invalid.query.param.value")
	system := path + "/" + text(seeded[0]["id"])
	b.do(http.MethodPut, system, map[string]any{"name": "x"}).fails(409, "presenceservice.source.systemsourcescannotbeupdated")
	b.do(http.MethodDelete, system, nil).fails(409, "presenceservice.source.systemsourcescannotbedeleted")
	b.do(http.MethodGet, path+"/"+newID(), nil).fails(404, "presenceservice.source.sourcenotfound")
	b.ok(http.MethodPut, path+"/"+id, map[string]any{"name": "renamed"})

	user := b.user("ann")
	primary := "/api/v2/presence/users/" + user + "/primarysource"
	require.Equal(t, seeded[0]["id"], b.ok(http.MethodGet, primary, nil)["sourceId"])
	settings := b.ok(http.MethodGet, "/api/v2/presence/settings", nil)
	settings["defaultPrimaryPresenceRegisteredSourceId"] = id
	b.ok(http.MethodPut, "/api/v2/presence/settings", settings)
	require.Equal(t, id, b.ok(http.MethodGet, primary, nil)["sourceId"])
	b.ok(http.MethodPut, primary, map[string]any{"sourceId": seeded[0]["id"], "registered": false})
	require.Equal(t, seeded[0]["id"], b.ok(http.MethodGet, primary, nil)["sourceId"])
	b.do(http.MethodPut, primary, map[string]any{"sourceId": newID()}).fails(404, "presenceservice.source.sourcenotfound")
	b.do(http.MethodGet, "/api/v2/presence/users/"+newID()+"/primarysource", nil).fails(404, "presenceservice.usernotfound")

	require.Equal(t, 204, b.do(http.MethodDelete, path+"/"+id, nil).status)
	require.Equal(t, true, b.ok(http.MethodGet, path+"/"+id, nil)["deactivated"])
	require.Len(t, b.entities("/api/v2/presence/definitions"), 10)
	b.do(http.MethodGet, "/api/v2/presence/definitions/"+newID(), nil).
		fails(404, "presenceservice.organizationpresence.organizationpresencenotfound")
}

func TestSpeechAnalytics(t *testing.T) {
	b := newBench(t, func(o *org.Options) {
		for i := range 45 {
			o.Programs = append(o.Programs, org.Program{Name: fmt.Sprintf("program %02d", i)})
		}
	})
	const sta = "/api/v2/speechandtextanalytics"
	var programs []map[string]any
	for path := sta + "/programs"; path != ""; {
		page := b.ok(http.MethodGet, path, nil)
		list, _ := page["entities"].([]any)
		require.LessOrEqual(t, len(list), 20)
		for _, entity := range list {
			program, _ := entity.(map[string]any)
			programs = append(programs, program)
		}
		path = text(page["nextUri"])
	}
	require.Len(t, programs, 45)
	settings, _ := b.ok(http.MethodGet, sta+"/settings", nil)["defaultProgram"].(map[string]any)
	require.Equal(t, programs[0]["id"], settings["id"])
	one, two := text(programs[1]["id"]), text(programs[2]["id"])
	queue := b.queue("Sales")
	require.Empty(t, b.entities(sta+"/programs/mappings"))
	b.ok(http.MethodPut, sta+"/programs/"+one+"/mappings", map[string]any{"queueIds": []string{queue}})
	mapping := b.entities(sta + "/programs/mappings")
	require.Len(t, mapping, 1)
	b.do(http.MethodPut, sta+"/programs/"+two+"/mappings", map[string]any{"queueIds": []string{queue}}).fails(409, "conflict")
	b.do(http.MethodPut, sta+"/programs/"+two+"/mappings", map[string]any{"queueIds": []string{newID()}}).fails(404, "not.found")
	require.True(t, b.org.MapProgram(queue, two))
	require.False(t, b.org.MapProgram(queue, newID()))
	require.Empty(t, b.entities(sta+"/programs/mappings"))
	b.do(http.MethodGet, sta+"/programs/"+newID(), nil).fails(404, "program.not.found")
	require.Contains(t, string(b.do(http.MethodGet, sta+"/programs/"+one+"/transcriptionengines", nil).body), "en-US")
	require.Contains(t, string(b.do(http.MethodGet, sta+"/programs/transcriptionengines/dialects", nil).body), "zu-ZA")
	b.do(http.MethodGet, sta+"/programs?pageSize=0", nil).fails(400, "invalid.query.param.value")
	require.Len(t, b.entities(sta+"/programs?ids="+one+","+two), 2)

	const transcription = "/api/v2/routing/settings/transcription"
	got := b.ok(http.MethodGet, transcription, nil)
	require.Equal(t, "EnabledGlobally", got["transcription"])
	got["transcription"] = "EnabledQueueFlow"
	b.ok(http.MethodPut, transcription, got)
	got["transcription"] = "On"
	b.do(http.MethodPut, transcription, got).fails(400, "invalid.value")
	b.do(http.MethodPut, transcription, map[string]any{"transcription": "Disabled"}).fails(400, "constraint.validation")

	none := newBench(t, func(o *org.Options) { o.NoSTASettings = true })
	none.do(http.MethodGet, sta+"/settings", nil).fails(404, "settings.not.found")
}
