package flowdoc

import (
	"fmt"
	"slices"
	"strings"
)

// CallModel writes the page about the transition table.
func CallModel() string {
	var b strings.Builder
	b.WriteString(modelIntro)
	rows := tableRows()
	for _, stage := range allStages() {
		own := slices.DeleteFunc(slices.Clone(rows), func(r tableRow) bool { return !slices.Contains(r.Stages, stage) })
		if len(own) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", stageName(stage), stageTable()[stage])
		b.WriteString("| row | when | and | sends | then | source |\n|---|---|---|---|---|---|\n")
		for _, r := range own {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s: %s |\n", r.ID, r.when(), strings.Join(r.If, "; "), r.sends(), r.then(), r.From, r.Why)
		}
	}
	b.WriteString("\n## beside the table\n\nRows of traces that follow from time or from another row.\n\n| row | sends | then | source |\n|---|---|---|---|\n")
	for _, r := range outsideTheTable() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s: %s |\n", r.ID, r.sends(), r.then(), r.From, r.Why)
	}
	b.WriteString("\n## reasons\n\nWhy a conversation is suspended or ignored; the label `reason` of the metric `engage_connector_conversation_provider_calls_total`.\n\n| reason | rows |\n|---|---|\n")
	for _, reason := range allReasons() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", reason, strings.Join(rowsFor(reason), " "))
	}
	return b.String()
}

const modelIntro = `# The call model

Generated from ` + "`services/conversation-provider/conversation`" + `; do not edit. The [call flows](call-flows.md) show the rows at work.

A conversation is in one stage. What is reported of its calls is read in the order of time; of the rows of the stage, the first
one whose trigger and conditions fit is taken, and what fits no row changes nothing. *Waits* says that it is too early: the
fact waits for another link, at most LINK_GRACE, and then the next row counts. The events are those of the public API's
conversation injection; an event about a leg that is not open is not sent. The source is the vendor's guide, the fields of
that API, or our conclusion (inferred).

Legs: *caller* (the customer), *ivr*, *queue*; *agent* talks to the caller, or the phone rings; *former* hands the caller on; *peer* is
consulted; *peer queue* is the queue consulted; *winner* is the queue that delivered the call; *routing* is the routing point that takes over;
*new* and *gone* are the legs that the trigger brings and ends; *rest* is every open leg. Disconnect type *by release*: Self
for who hung up first, Peer for the others; *by leaver*: Self for who leaves.
`

// stageTable says what the stages are.
func stageTable() map[string]string {
	return map[string]string{
		"":          "Nothing is known that matters.",
		"caller":    "The caller is there; nothing was sent yet.",
		"dialing":   "An agent calls out; nothing was sent yet.",
		"calling":   "The customer's phone rings.",
		"ivr":       "The caller talks to the IVR.",
		"queue":     "The caller waits in a queue.",
		"ringing":   "The phone of an agent or of an outside number rings.",
		"talking":   "The caller talks to an agent or to an outside number.",
		"transfer":  "An agent handed the caller on; who takes over is not there yet.",
		"parting":   "One of the two has left.",
		"suspended": "Monitoring Suspension Mode: only the end of legs is sent.",
		"ignored":   "Nothing was or will be sent.",
		"over":      "All legs have ended.",
	}
}

func stageName(stage string) string {
	if stage == "" {
		return "new"
	}
	return stage
}

// anybody are the triggers of rows about whoever comes first.
const anybody = "caller joined, ivr joined, agent joined, outside number joined, other joined, queue joined"

func (r tableRow) when() string {
	when := strings.Join(r.On, ", ")
	if when == anybody {
		return "anybody joined"
	}
	return when
}

func (r tableRow) sends() string {
	if r.Wait {
		return "*waits*"
	}
	return strings.Join(r.Steps, "<br>")
}

func (r tableRow) then() string {
	var parts []string
	if r.Next != "" {
		parts = append(parts, "→ "+r.Next)
	}
	switch {
	case r.Reason == reasonOfConsult:
		parts = append(parts, "`"+strings.Join(consultReasons(), "`, `")+"`: why who is consulted is not shown")
	case r.Reason != "":
		parts = append(parts, "`"+r.Reason+"`")
	}
	if r.Effect != "" {
		parts = append(parts, r.Effect)
	}
	return strings.Join(parts, "<br>")
}

// reasonOfConsult is the reason of rows that take it from the consultation.
const reasonOfConsult = "of the consultation"

func rowsFor(reason string) []string {
	var ids []string
	for _, r := range append(tableRows(), outsideTheTable()...) {
		if r.Reason == reason || r.Reason == reasonOfConsult && slices.Contains(consultReasons(), reason) {
			ids = append(ids, "`"+r.ID+"`")
		}
	}
	return ids
}
