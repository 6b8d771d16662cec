package flowdoc

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// glossary says which messages of T-Library and party states a trigger stands for.
func glossary() map[string]string {
	return map[string]string{
		"caller joined":              "EventCallPartyAdded (or State) of the party that is the caller; of an outbound call the customer",
		"caller connected":           "EventCallPartyState Connected of the caller: the customer answers",
		"caller left":                "EventCallPartyDeleted of the caller, from the last call that has it",
		"ivr joined":                 "EventCallPartyAdded of a routing point, or of a party in TreatmentReq, Treatment or Routing",
		"ivr left":                   "EventCallPartyDeleted of a routing point",
		"device joined":              "EventCallPartyAdded of an ACD queue or a park DN (state Queued or Held)",
		"agent joined":               "EventCallPartyAdded of an extension, for the most part Alerting",
		"agent connected":            "EventCallPartyState Connected: the phone that rings is answered, or a call is retrieved",
		"agent held":                 "EventCallPartyState Held",
		"agent left":                 "EventCallPartyDeleted of who talks to the caller, or whose phone rings",
		"former agent left":          "EventCallPartyDeleted of an agent who has handed the caller on",
		"outside number joined":      "EventCallPartyAdded of a DN that no switch has, or of a trunk",
		"other left":                 "EventCallPartyDeleted of a party without a leg",
		"queue joined":               "EventQueued of a virtual queue",
		"queue left":                 "EventDiverted or EventAbandoned of a virtual queue; distributed when it names ThirdPartyDN and CallState is not Cleared, Abandoned, Overflowed or QueueFull",
		"consultation began":         "EventCallPartyAdded of the agent in a call of type Consult",
		"agent consulted":            "EventCallPartyAdded of an extension in a consultation",
		"outside number consulted":   "EventCallPartyAdded of an outside number in a consultation",
		"queue consulted":            "EventQueued with the ConnID of a consultation",
		"consultation answered":      "EventCallPartyState Connected of who is consulted",
		"consultation changes hands": "EventCallPartyDeleted, Moved or Added, or EventCallDeleted with RefCallUUID, around the end of a consultation",
		"consultation call ended":    "EventCallDeleted of a consultation",
		"nested consultation":        "a call of type Consult made out of another one, or beside it",
		"newcomer connected":         "EventCallPartyState Connected of an agent whose phone rang beside the talk, or beside another phone",
		"outside newcomer connected": "the same of an outside number",
		"conference":                 "EventUserEvent with more than two LCTParty, or a supervisor who is connected without SvcObserving",
		"supervised":                 "EventUserEvent with LCTSupervisor, or a party in state SvcObserving",
		"other call":                 "a call with a conversation of its own turns out to belong to this interaction (IS-Link, OrigCallUUID, RefCallUUID)",
		"call ended":                 "EventCallDeleted of the last call that has the caller",
		"refused":                    "the org refused an event for good",
	}
}

// glossaryTable writes the glossary.
func glossaryTable() string {
	var b strings.Builder
	b.WriteString("\n## Glossary: from T-Library to the triggers\n\n| trigger | messages and party states |\n|---|---|\n")
	words := glossary()
	for _, trigger := range slices.Sorted(maps.Keys(words)) {
		fmt.Fprintf(&b, "| %s | %s |\n", trigger, words[trigger])
	}
	return b.String()
}
