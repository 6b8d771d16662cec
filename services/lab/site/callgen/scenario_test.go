package callgen_test

import (
	"flag"
	"strings"
	"testing"
	"testing/fstest"

	"engage.connector/services/lab/site/callgen"

	"github.com/stretchr/testify/require"
)

var _ = flag.Bool("update", false, "write golden files anew")

// small is the least that is a scenario.
const small = `{"name":"small","description":"A call.","agents":1,"choices":{"side":["a","b"]}}
{"at":"+0s","label":"start","link":"call","message":"EventCallCreated","attributes":{"CallUUID":"{{.CallUUID}}"}}
{"at":"+1s..2s","label":"end","link":"call","message":"EventCallDeleted","attributes":{"CallUUID":"{{.CallUUID}}"}}
{"expect":{"parties":[{"kind":"external","dn":"{{.ANI}}","start":"start","end":"end","hungUp":{{eq (.Choice "side") "a"}}}]}}
`

// mid is a line that is put between the second and the third line of small.
func mid(line string) string {
	lines := strings.SplitAfter(small, "\n")
	return lines[0] + lines[1] + line + "\n" + lines[2] + lines[3]
}

func TestASmallScenarioIsRead(t *testing.T) {
	s, err := callgen.ReadScenario("small", strings.NewReader(small))
	require.NoError(t, err)
	require.Equal(t, "small", s.Name)
	require.Equal(t, 1, s.Agents)
}

func TestAFaultOfAScenarioIsToldWithFileAndLine(t *testing.T) {
	swap := func(old, replacement string) string { return strings.Replace(small, old, replacement, 1) }
	for name, test := range map[string]struct{ text, at, want string }{
		"nothing":                  {"", "f.ndjson", "no header"},
		"header is no JSON":        {swap(`{"name"`, `x{"name"`), "f.ndjson:1", "header"},
		"header without name":      {swap(`"small"`, `""`), "f.ndjson:1", "required"},
		"too many agents":          {swap(`"agents":1`, `"agents":1000000000`), "f.ndjson:1", "1 to 20 agents"},
		"header with more":         {swap(`"agents":1`, `"agents":1,"x":1`), "f.ndjson:1", "x"},
		"choice without values":    {swap(`["a","b"]`, `[]`), "f.ndjson:1", "side"},
		"template syntax":          {swap(`{{.CallUUID}}`, `{{.CallUUID`), "f.ndjson:2", "bad character"},
		"unknown placeholder":      {swap(`{{.CallUUID}}`, `{{.CallID}}`), "f.ndjson:2", "CallID"},
		"unknown choice":           {swap(`(.Choice "side")`, `(.Choice "sides")`), "f.ndjson:4", `no choice "sides"`},
		"fault in one variant":     {mid(`{{if eq (.Choice "side") "b"}}{"at":1}{{end}}`), "f.ndjson:3", "at"},
		"no JSON":                  {mid(`{"at":`), "f.ndjson:3", "EOF"},
		"two objects":              {mid(`{"at":"+1s","link":"call"} {}`), "f.ndjson:3", "behind"},
		"unknown member":           {mid(`{"at":"+1s","links":"call"}`), "f.ndjson:3", "links"},
		"no time":                  {mid(`{"link":"call"}`), "f.ndjson:3", "at:"},
		"range turned round":       {swap("+1s..2s", "+2s..1s"), "f.ndjson:3", "at:"},
		"negative time":            {swap("+1s..2s", "-1s"), "f.ndjson:3", "at:"},
		"unknown link":             {mid(`{"at":"+1s","link":"chat","message":"EventQueued"}`), "f.ndjson:3", `link "chat"`},
		"unknown message":          {mid(`{"at":"+1s","link":"call","message":"EventCallMade"}`), "f.ndjson:3", "EventCallMade"},
		"message of another link":  {mid(`{"at":"+1s","link":"vq","message":"EventCallDeleted"}`), "f.ndjson:3", "does not come over link vq"},
		"no CallUUID":              {mid(`{"at":"+1s","link":"call","message":"EventCallDeleted","attributes":{}}`), "f.ndjson:3", "without CallUUID"},
		"strange queue":            {mid(`{"at":"+1s","link":"vq","message":"EventQueued","attributes":{"ThisDN":"VQ_X"}}`), "f.ndjson:3", "VQ_X"},
		"strange extension":        {mid(`{"at":"+1s","link":"agent","message":"EventUserEvent","attributes":{"ThisDN":"1"}}`), "f.ndjson:3", "no Extension"},
		"strange agent":            {mid(`{"at":"+1s","link":"stat","message":"EventInfo","attributes":{"agent":"x","status":4}}`), "f.ndjson:3", `agent "x"`},
		"no such status":           {mid(`{"at":"+1s","link":"stat","message":"EventInfo","attributes":{"agent":"{{.Agent.EmployeeID}}","status":99}}`), "f.ndjson:3", "status 99"},
		"no EventInfo":             {mid(`{"at":"+1s","link":"stat","message":"EventError"}`), "f.ndjson:3", "EventError"},
		"recording of nothing":     {mid(`{"at":"+1s","link":"mcp","message":"Recording","attributes":{"agent":"{{.Agent.EmployeeID}}","from":"start","to":"later"}}`), "f.ndjson:3", `label "later"`},
		"no such agent":            {mid(`{"at":"+1s","link":"vq","message":"{{(.AgentAt 1).DN}}"}`), "f.ndjson:3", "there is no agent 1"},
		"label twice":              {swap(`"end"`, `"start"`), "f.ndjson:3", "taken"},
		"truth without parties":    {small[:strings.Index(small, `{"expect"`)] + `{"expect":{"parties":[]}}`, "f.ndjson:4", "no parties"},
		"truth with other label":   {swap(`"end":"end"`, `"end":"stop"`), "f.ndjson:4", `label "stop"`},
		"truth with other kind":    {swap(`"external"`, `"robot"`), "f.ndjson:4", "robot"},
		"truth without dn":         {swap(`{{.ANI}}`, ``), "f.ndjson:4", "no dn"},
		"truth with other agent":   {swap(`"external"`, `"agent"`), "f.ndjson:4", "none of the call's"},
		"truth with other queue":   {swap(`"external"`, `"queue"`), "f.ndjson:4", "not the call's"},
		"truth with no recording":  {swap(`"parties":[`, `"recordings":["start"],"parties":[`), "f.ndjson:4", "the mcp lines are []"},
		"truth hides a recording":  {mid(`{"at":"+1s","link":"mcp","label":"file","message":"Recording","attributes":{"agent":"{{.Agent.EmployeeID}}","from":"start","to":"start"}}`), "f.ndjson:5", `the mcp lines are ["file"]`},
		"truth hidden for nothing": {swap(`"parties":[`, `"hidden":"shy","parties":[`), "f.ndjson:4", "shy"},
		"truth with no inviter":    {swap(`"hungUp"`, `"invitedBy":"1","hungUp"`), "f.ndjson:4", "no agent of the call"},
		"truth with strange code":  {swap(`"hungUp"`, `"disposition":{"value":"x","at":"end"},"hungUp"`), "f.ndjson:4", "no agent"},
		"more queues than agents":  {swap(`"agents":1`, `"agents":1,"queues":2`), "f.ndjson:1", "queue"},
		"too heavy":                {swap(`"agents":1`, `"agents":1,"weight":101`), "f.ndjson:1", "weight from 0 to 100"},
		"no such queue":            {mid(`{"at":"+1s","link":"vq","message":"{{(.QueueAt 1).Number}}"}`), "f.ndjson:3", "there is no queue 1"},
		"no such call":             {mid(`{"at":"+1s","link":"stat","message":"EventInfo","attributes":{"agent":"{{.Agent.EmployeeID}}","status":19,"actions":[{"number":19,"call":"other"}]}}`), "f.ndjson:3", `no call "other"`},
		"action with more":         {mid(`{"at":"+1s","link":"stat","message":"EventInfo","attributes":{"agent":"{{.Agent.EmployeeID}}","status":19,"actions":[{"x":1}]}}`), "f.ndjson:3", "action"},
		"no truth":                 {small[:strings.Index(small, `{"expect"`)], "f.ndjson:3", "no expect"},
		"something behind truth":   {small + `{"at":"+1s"}`, "f.ndjson:5", "behind expect"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := callgen.ReadScenario("f.ndjson", strings.NewReader(test.text))
			require.ErrorContains(t, err, test.at)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestScenarioFilesAreFoundInAFolder(t *testing.T) {
	all, err := callgen.LoadScenarios(fstest.MapFS{
		"b.ndjson": {Data: []byte(strings.Replace(small, "small", "second", 1))}, "a.ndjson": {Data: []byte(small)}, "c.txt": {Data: []byte("x")},
	})
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "second", all[1].Name)
	_, err = callgen.LoadScenarios(fstest.MapFS{})
	require.Error(t, err)
	_, err = callgen.LoadScenarios(fstest.MapFS{"bad.ndjson": {Data: []byte("x")}})
	require.ErrorContains(t, err, "bad.ndjson:1")
}

func TestTheShippedScenariosAreGood(t *testing.T) {
	weights := map[string]int{}
	for _, s := range load(t) {
		weights[s.Name] = s.Weight
	}
	require.Equal(t, map[string]int{
		"inbound-ivr-queue-agent": 10, "inbound-abandoned": 1, "inbound-no-answer": 1, "transfer-blind-agent": 1, "transfer-blind-queue": 1, "transfer-consult": 1,
		"transfer-consult-outside": 1, "consult-resume": 1, "outbound": 1, "conference-single-step": 1, "internal": 1,
	}, weights, "twenty calls show every flow, and half are the ordinary one")
}

func FuzzReadScenario(f *testing.F) {
	f.Add(small)
	f.Add(mid(`{"at":"+1s","link":"call"}`))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := callgen.ReadScenario("f", strings.NewReader(text))
		if err == nil {
			require.NotEmpty(t, s.Name)
		}
	})
}
