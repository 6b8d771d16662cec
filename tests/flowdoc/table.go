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
	b.WriteString(glossaryTable())
	rows := tableRows()
	for _, stage := range allStages() {
		own := slices.DeleteFunc(slices.Clone(rows), func(r tableRow) bool { return !slices.Contains(r.Stages, stage) })
		if len(own) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", stageName(stage), stageTable()[stage])
		acting := slices.DeleteFunc(slices.Clone(own), tableRow.idle)
		rowTable(&b, acting)
		if len(acting) < len(own) {
			fmt.Fprintf(&b, "\n<details><summary>All %d rows in their order, with the %d that wait or change nothing</summary>\n\n", len(own), len(own)-len(acting))
			rowTable(&b, own)
			b.WriteString("\n</details>\n")
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

// rowTable writes rows.
func rowTable(b *strings.Builder, rows []tableRow) {
	b.WriteString("| row | when | and | sends | then | source |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		extended := ""
		if r.Extended {
			extended = " *extended*"
		}
		fmt.Fprintf(b, "| `%s`%s | %s | %s | %s | %s | %s: %s |\n", r.ID, extended, r.when(), strings.Join(r.If, "; "), r.sends(), r.then(), r.From, r.Why)
	}
}

// idle tells whether a row only waits, or says that nothing follows.
func (r tableRow) idle() bool {
	return r.Wait || len(r.Steps) == 0 && r.Next == "" && r.Effect == "" && r.Reason == ""
}

// CallRoles writes the page about who is who.
func CallRoles() string {
	var b strings.Builder
	b.WriteString(rolesIntro)
	b.WriteString("| row | when | is | source |\n|---|---|---|---|\n")
	for _, r := range roleRows() {
		b.WriteString(r + "\n")
	}
	return b.String()
}

const rolesIntro = `# Who is who

Generated from ` + "`services/conversation-provider/conversation`" + ` (RoleRows); do not edit. The [call model](call-model.md) says what follows.

What a party of a call is to the conversation is decided when it joins, by the first row of this table whose conditions all hold:
by its state, its DN, what that DN is configured as, and the type of the call. The direction is that of the call that stands for the
interaction; a call of another site may have another one.

- **caller**: the customer, the external leg. A withheld number has no DN; a trunk or trunk group may stand for the number, and then
  its DN names nobody: two parties of it are two persons.
- **ivr**, **device**: where a strategy, or the switch, keeps the call: routing points, ACD queues of the switch, park DNs.
- **agent**: an extension. Whether somebody is logged in, and mapped, is asked by the rows where it matters.
- **outside**: a number that no switch has; a phone leg.
- **trunk**: the way to another site: nobody. **again**: somebody who has a leg, in a further call. **dialer**: what makes the calls of a
  campaign or a callback: nobody. **observer**: a supervisor who listens.

A phone that is busy or out of order when it joins does not ring: no leg is made of it. Who is not named as having released
(CtrlParty) did not hang up, unless it is an outside party that leaves first.

`

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
for who hung up first, Peer for the others; *by leaver*: Self for who leaves; *by target*: TransferUser when an agent takes over,
else Transfer. Who is who is decided by [one table](call-roles.md).

CALL_MODEL=guide keeps the limits of the vendor's guide to the letter, but for one that it leaves open: a call that reaches an agent without a
mapped virtual queue is shown as a transfer from the IVR. Rows marked *extended* hold with CALL_MODEL=extended only.

## Assumptions

What no public source says:

- Of several queues that name the agent, the one whose EventDiverted says Redirected distributed the call, else the first that ended.
- PartyUUIDs stay the same over a switchover of a pair.
- A leg that ended in a suspended conversation gets no disposition; what the org does with its after-call work is not known.
- A transfer, a pickup or a clearing is reported within 2 s of the leaving that belongs to it; later it is a stay of its own.
- A consultation that does not name its main call belongs to the call that the consulting DN has on hold, or talked in last.
- A party at another location, of which no IS-Link is reported within LINK_GRACE, is an outside number.
- A destination without a number is not announced by a transfer event, which would need one; its leg tells that it came.
- A party without a number that comes into a consultation is the caller whose number is withheld.
- An IVR, a park DN and an ACD queue of the switch are shown as IVR legs; a transfer to them as one to their number.
`

// stageTable says what the stages are.
func stageTable() map[string]string {
	return map[string]string{
		"":           "Nothing is known that matters.",
		"caller":     "The caller is there; nothing was sent yet.",
		"dialing":    "An agent calls out; nothing was sent yet.",
		"calling":    "The customer's phone rings.",
		"ivr":        "The caller talks to the IVR.",
		"queue":      "The caller waits in a queue.",
		"ringing":    "The phone of an agent or of an outside number rings.",
		"talking":    "The caller talks to an agent or to an outside number.",
		"conference": "Several talk to the caller; extended only.",
		"transfer":   "An agent handed the caller on; who takes over is not there yet.",
		"parting":    "One of the two has left.",
		"suspended":  "Monitoring Suspension Mode: only the end of legs is sent.",
		"ignored":    "Nothing was or will be sent.",
		"over":       "All legs have ended.",
	}
}

func stageName(stage string) string {
	if stage == "" {
		return "new"
	}
	return stage
}

// anybody are the triggers of rows about whoever comes first.
const anybody = "caller joined, ivr joined, device joined, agent joined, outside number joined, queue joined"

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
