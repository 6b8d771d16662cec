package org_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org"
)

const (
	users      = "/api/v2/scim/v2/users"
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	genesys    = "urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User"
)

func person(name string, extra map[string]any) map[string]any {
	out := map[string]any{"userName": name + "@lab.example", "displayName": name}
	maps.Copy(out, extra)
	return out
}

func ops(list ...map[string]any) map[string]any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": list}
}

func op(name, path string, value any) map[string]any {
	out := map[string]any{"op": name}
	if path != "" {
		out["path"] = path
	}
	if value != nil {
		out["value"] = value
	}
	return out
}

func find(t *testing.T, o *org.Org, id string) org.User {
	t.Helper()
	for _, u := range o.Snapshot().Users {
		if u.ID == id {
			return u
		}
	}
	t.Fatalf("no user %s", id)
	return org.User{}
}

func TestSCIMCreate(t *testing.T) {
	b := newBench(t)
	b.skill("English")
	boss := b.user("boss")
	req := b.request(http.MethodPost, users, person("ann", map[string]any{
		"active": true, "externalId": "101_ann", "title": "Agent", "emails": []any{map[string]any{"value": "ann@x.example", "type": "work", "primary": true}},
		"roles":    []any{map[string]any{"value": "User"}},
		enterprise: map[string]any{"division": "Home", "department": "Sales", "employeeNumber": "7", "manager": map[string]any{"value": boss}},
		genesys:    map[string]any{"routingSkills": []any{map[string]any{"name": "English", "proficiency": 3.5}}},
	}))
	req.Header.Set("Content-Type", "application/scim+json")
	a := b.send(req)
	require.Equal(t, 201, a.status, string(a.body))
	require.Equal(t, `"1"`, a.header.Get("ETag"))
	require.Equal(t, "application/scim+json", a.header.Get("Content-Type"))
	body := a.object()
	u := find(t, b.org, text(body["id"]))
	require.Equal(t, []string{"Employee", "User"}, u.Roles)
	require.Equal(t, map[string]float64{"English": 3.5}, u.Skills)
	require.Equal(t, "101_ann", u.ExternalID)
	meta, _ := body["meta"].(map[string]any)
	require.Equal(t, "1", meta["version"])
	view := b.ok(http.MethodGet, "/api/v2/users/externalid/x-pc:scimv2:v1/101_ann?expand=skills,authorization,routingStatus,presence", nil)
	require.Equal(t, u.ID, view["id"])
	require.Equal(t, "ann@lab.example", view["email"])
	require.Len(t, view["skills"], 1)
}

func TestSCIMRefusals(t *testing.T) {
	b := newBench(t)
	b.skill("English")
	b.user("ann")
	tooMany := make([]any, 51)
	for i := range tooMany {
		tooMany[i] = map[string]any{"name": "English"}
	}
	rows := map[string]struct {
		body   any
		status int
		typ    string
	}{
		"userName is taken, ignoring case": {map[string]any{"userName": "ANN@lab.example", "displayName": "x"}, 409, "uniqueness"},
		"externalId is taken":              {person("bob", map[string]any{"externalId": "ann"}), 409, "uniqueness"},
		"userName is no address":           {map[string]any{"userName": "ann", "displayName": "x"}, 400, "invalidValue"},
		"no displayName":                   {map[string]any{"userName": "c@x.example"}, 400, "invalidValue"},
		"unknown role":                     {person("bob", map[string]any{"roles": []any{map[string]any{"value": "Chief"}}}), 400, "invalidValue"},
		"skill in other case": {person("bob", map[string]any{genesys: map[string]any{"routingSkills": []any{
			map[string]any{"name": "english"}}}}), 400, "invalidValue"},
		"proficiency beyond 5": {person("bob", map[string]any{genesys: map[string]any{"routingSkills": []any{
			map[string]any{"name": "English", "proficiency": 5.1}}}}), 400, "invalidValue"},
		"more than 50 skills": {person("bob", map[string]any{genesys: map[string]any{"routingSkills": tooMany}}), 400, "tooMany"},
		"unknown division":    {person("bob", map[string]any{enterprise: map[string]any{"division": "Away"}}), 400, "invalidValue"},
		"unknown manager": {person("bob", map[string]any{enterprise: map[string]any{
			"manager": map[string]any{"value": newID()}}}), 400, "invalidValue"},
		"email is no address": {person("bob", map[string]any{"emails": []any{map[string]any{"value": "x"}}}), 400, "invalidValue"},
		"email type":          {person("bob", map[string]any{"emails": []any{map[string]any{"value": "a@x.example", "type": "home"}}}), 400, "invalidValue"},
		"two primary emails": {person("bob", map[string]any{"emails": []any{
			map[string]any{"value": "a@x.example", "primary": true}, map[string]any{"value": "b@x.example", "primary": true}}}), 400, "invalidValue"},
		"external id without value": {person("bob", map[string]any{genesys: map[string]any{"externalIds": []any{
			map[string]any{"authority": "a", "value": ""}}}}), 400, "invalidValue"},
		"unknown attribute": {person("bob", map[string]any{"nick": "b"}), 400, "invalidSyntax"},
		"no object":         {"[]", 400, "invalidSyntax"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			b.t = t
			a := b.do(http.MethodPost, users, row.body)
			a.t = t
			a.failsSCIM(row.status, row.typ)
		})
	}
	b.t = t
	require.Len(t, b.org.Snapshot().Users, 1)
	b.do(http.MethodGet, users+"/"+newID(), nil).failsSCIM(404, "")
}

func TestSCIMListAndFilters(t *testing.T) {
	b := newBench(t)
	ann := b.user("ann")
	bob := text(b.ok(http.MethodPost, users, person("bob", map[string]any{
		"active": false, "externalId": "102_bob", enterprise: map[string]any{"employeeNumber": "9", "manager": map[string]any{"value": ann}},
		"emails": []any{map[string]any{"value": "robert@x.example"}},
	}))["id"])
	rows := map[string][]string{
		"":                              {ann},
		"active eq false":               {bob},
		"active eq true":                {ann},
		"id eq " + bob:                  {bob},
		`userName eq "BOB@lab.example"`: {bob},
		"userName eq bob@lab.example":   {bob},
		"email eq robert@x.example":     {bob},
		"externalId eq 102_bob":         {bob},
		"manager eq " + ann:             {bob},
		"employeeNumber eq 9":           {bob},
		`division eq "Home"`:            {ann, bob},
		"externalId eq 103":             {},
	}
	for filter, want := range rows {
		body := b.ok(http.MethodGet, users+"?filter="+url.QueryEscape(filter), nil)
		require.EqualValues(t, len(want), body["totalResults"], filter)
		list, _ := body["Resources"].([]any)
		for i := range want {
			object, _ := list[i].(map[string]any)
			require.Equal(t, want[i], object["id"], filter)
		}
	}
	for _, filter := range []string{"userName co ann", "title eq x", "active", "active eq", "userName eq a and active eq true", `userName eq "x`} {
		b.do(http.MethodGet, users+"?filter="+url.QueryEscape(filter), nil).failsSCIM(400, "invalidFilter")
	}
}

func TestSCIMPages(t *testing.T) {
	b := newBench(t)
	for i := range 30 {
		b.user(fmt.Sprintf("u%02d", i))
	}
	body := b.ok(http.MethodGet, users, nil)
	require.EqualValues(t, 30, body["totalResults"])
	require.EqualValues(t, 25, body["itemsPerPage"])
	require.Len(t, b.ok(http.MethodGet, users+"?startIndex=26", nil)["Resources"], 5)
	require.Empty(t, b.ok(http.MethodGet, users+"?startIndex=99", nil)["Resources"])
	require.EqualValues(t, 30, b.ok(http.MethodGet, users+"?count=0", nil)["totalResults"])
	a := b.do(http.MethodGet, users+"?count=100", nil)
	a.fails(429, "too.many.requests")
	require.Equal(t, "1", a.header.Get("Retry-After"))
	lean := b.ok(http.MethodGet, users+"?count=100&attributes=id,active", nil)
	list, _ := lean["Resources"].([]any)
	require.Len(t, list, 30)
	first, _ := list[0].(map[string]any)
	require.NotContains(t, first, "roles")
	require.Contains(t, first, "userName")
	less := b.ok(http.MethodGet, users+"?count=1&excludedAttributes=roles,"+genesys+":routingSkills", nil)
	list, _ = less["Resources"].([]any)
	first, _ = list[0].(map[string]any)
	require.NotContains(t, first, "roles")
	require.Contains(t, first, "displayName")
	b.do(http.MethodGet, users+"?count=x", nil).failsSCIM(400, "invalidValue")
}

func TestSCIMPatch(t *testing.T) {
	b := newBench(t)
	b.skill("English")
	b.skill("German")
	id := b.user("ann")
	path := users + "/" + id
	skills := genesys + ":routingSkills"
	steps := []struct {
		name string
		op   map[string]any
		test func(u org.User) bool
	}{
		{"deactivate", op("replace", "active", false), func(u org.User) bool { return !u.Active }},
		{"without path", op("replace", "", map[string]any{"active": true, "displayName": "Ann B"}),
			func(u org.User) bool { return u.Active && u.DisplayName == "Ann B" }},
		{"new external id", op("replace", "externalId", "205_ann"), func(u org.User) bool { return u.ExternalID == "205_ann" }},
		{"add a role", op("add", "roles", []any{map[string]any{"value": "Supervisor"}}),
			func(u org.User) bool { return fmt.Sprint(u.Roles) == "[Employee Supervisor]" }},
		{"remove a role", op("remove", `roles[value eq "Supervisor"]`, nil),
			func(u org.User) bool { return fmt.Sprint(u.Roles) == "[Employee]" }},
		{"add skills", op("add", skills, []any{map[string]any{"name": "English", "proficiency": 1}, map[string]any{"name": "German"}}),
			func(u org.User) bool { return len(u.Skills) == 2 && u.Skills["English"] == 1 }},
		{"add again replaces the level", op("add", skills, []any{map[string]any{"name": "English", "proficiency": 4}}),
			func(u org.User) bool { return len(u.Skills) == 2 && u.Skills["English"] == 4 }},
		{"level of one skill", op("replace", skills+`[name eq "German"].proficiency`, 2),
			func(u org.User) bool { return u.Skills["German"] == 2 }},
		{"remove one skill", op("remove", skills+`[name eq "German"]`, nil), func(u org.User) bool { return len(u.Skills) == 1 }},
		{"whole extension", op("replace", genesys, map[string]any{"routingSkills": []any{map[string]any{"name": "German"}}}),
			func(u org.User) bool { _, has := u.Skills["German"]; return has && len(u.Skills) == 1 }},
		{"extension without path", op("add", "", map[string]any{genesys: map[string]any{"routingSkills": []any{map[string]any{"name": "English"}}}}),
			func(u org.User) bool { return len(u.Skills) == 2 }},
		{"enterprise attribute", op("add", enterprise+":department", "Sales"), func(u org.User) bool { return true }},
		{"remove emails", op("remove", "emails", nil), func(u org.User) bool { return fmt.Sprint(u.Emails) == "[ann@lab.example]" }},
	}
	for i, step := range steps {
		b.ok(http.MethodPatch, path, ops(step.op))
		u := find(t, b.org, id)
		require.True(t, step.test(u), "%s: %+v", step.name, u)
		require.Equal(t, i+2, u.Version)
	}
}

func TestSCIMPatchRefusals(t *testing.T) {
	b := newBench(t)
	b.user("bob")
	id := b.user("ann")
	rows := map[string]struct {
		body   any
		status int
		typ    string
	}{
		"no schema":         {map[string]any{"Operations": []any{op("replace", "active", true)}}, 400, "invalidSyntax"},
		"no operations":     {ops(), 400, "invalidSyntax"},
		"unknown op":        {ops(op("Replace", "active", true)), 400, "invalidSyntax"},
		"read-only":         {ops(op("replace", "id", "x")), 400, "mutability"},
		"unknown attribute": {ops(op("replace", "nick", "x")), 400, "invalidSyntax"},
		"no member":         {ops(op("remove", `roles[value eq "Admin"]`, nil)), 400, "noTarget"},
		"broken path":       {ops(op("remove", `roles[value`, nil)), 400, "invalidPath"},
		"no value":          {ops(op("replace", "active", nil)), 400, "invalidValue"},
		"remove all":        {ops(op("remove", "", nil)), 400, "noTarget"},
		"taken userName":    {ops(op("replace", "userName", "bob@lab.example")), 409, "uniqueness"},
		"extension as text": {ops(op("replace", genesys, "x")), 400, "invalidValue"},
	}
	before := find(t, b.org, id)
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			b.t = t
			a := b.do(http.MethodPatch, users+"/"+id, row.body)
			a.t = t
			a.failsSCIM(row.status, row.typ)
			require.Equal(t, before, find(t, b.org, id))
		})
	}
}

func TestSCIMVersions(t *testing.T) {
	b := newBench(t)
	id := b.user("ann")
	path := users + "/" + id
	get := b.request(http.MethodGet, path, nil)
	get.Header.Set("If-None-Match", `"1"`)
	require.Equal(t, 304, b.send(get).status)
	for _, row := range []struct {
		match string
		want  int
	}{{`"7"`, 400}, {`"1"`, 200}, {`"1"`, 400}, {`W/"2"`, 200}, {"*", 200}} {
		req := b.request(http.MethodPatch, path, ops(op("replace", "title", "x")))
		req.Header.Set("If-Match", row.match)
		a := b.send(req)
		require.Equal(t, row.want, a.status)
		if row.want == 400 {
			a.failsSCIM(400, "invalidVers")
		}
	}
	replaced := b.ok(http.MethodPut, path, person("anna", nil))
	require.Equal(t, "anna@lab.example", replaced["userName"])
	require.NotContains(t, replaced, "externalId")
	require.Equal(t, 204, b.do(http.MethodDelete, path, nil).status)
	b.do(http.MethodGet, path, nil).failsSCIM(404, "")
	b.user("anna") // a deleted user's name is free
}

func TestRolesAndDivisions(t *testing.T) {
	b := newBench(t)
	id := b.user("ann")
	home := b.ok(http.MethodGet, "/api/v2/authorization/divisions/home", nil)
	require.Equal(t, true, home["homeDivision"])
	require.Len(t, b.entities("/api/v2/authorization/divisions?name=home"), 1)
	require.Len(t, b.entities("/api/v2/authorization/roles"), 4)
	supervisor := b.entities("/api/v2/authorization/roles?name=supervisor")
	require.Len(t, supervisor, 1)
	subject := "/api/v2/authorization/subjects/" + id
	grant := func(roleID, division any) map[string]any {
		return map[string]any{"grants": []any{map[string]any{"roleId": roleID, "divisionId": division}}}
	}
	for range 2 {
		require.Equal(t, 204, b.do(http.MethodPost, subject+"/bulkadd", grant(supervisor[0]["id"], home["id"])).status)
		require.Equal(t, []string{"Employee", "Supervisor"}, find(t, b.org, id).Roles)
	}
	require.Len(t, b.ok(http.MethodGet, subject, nil)["grants"], 2)
	require.Len(t, b.ok(http.MethodGet, "/api/v2/users/"+id+"/roles", nil)["roles"], 2)
	b.do(http.MethodPost, subject+"/bulkadd", grant(newID(), home["id"])).fails(400, "bad.role.divisions")
	b.do(http.MethodPost, subject+"/bulkadd", grant(supervisor[0]["id"], newID())).fails(400, "bad.role.divisions")
	b.do(http.MethodPost, subject+"/bulkadd", map[string]any{"grants": []any{}}).fails(400, "constraint.validation")
	b.do(http.MethodPost, "/api/v2/authorization/subjects/"+newID()+"/bulkadd", grant("x", "y")).fails(404, "not.found")
	require.Equal(t, 204, b.do(http.MethodPost, subject+"/bulkremove", grant(supervisor[0]["id"], home["id"])).status)
	require.Equal(t, []string{"Employee"}, find(t, b.org, id).Roles)
	b.do(http.MethodGet, "/api/v2/users/"+newID(), nil).fails(404, "general.resource.not.found")
	require.Len(t, b.entities("/api/v2/users?state=any"), 1)
	require.Equal(t, "active", b.ok(http.MethodGet, "/api/v2/organizations/me", nil)["state"])
}
