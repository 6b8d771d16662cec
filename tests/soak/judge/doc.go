// Package judge tells whether a stream of injected conversation events could be what the Genesys
// Cloud API wants, and whether it is true. It knows the API's field definitions, the reconstructed
// flows and nothing else: neither the service's rules nor the simulated org's.
//
// Where the API's rules about order are not publicly documented, the judge takes the strict side:
// what a lenient org would take as well is what we want to send.
package judge

import (
	"fmt"
	"time"

	"engage.connector/pkg/genesys/exevents"
)

// Rule names what a fault breaks.
type Rule string

// The rules.
const (
	Form           Rule = "form"              // required fields, ids and enumerations of the API
	EventIDTwice   Rule = "event id twice"    // eventId is unique
	TimeOrder      Rule = "time order"        // strictly increasing milliseconds in a conversation
	UnknownLeg     Rule = "unknown leg"       // nothing about legs that were not established
	LegTwice       Rule = "established twice" // a communication id is used once
	LegEnded       Rule = "leg ended"         // nothing after a leg's end but its disposition
	NotEnded       Rule = "leg not ended"     // every leg ends
	AfterEnd       Rule = "conversation over" // a conversation that has ended takes no leg and no transfer
	Alerting       Rule = "alerting"          // answered once, and before anything that needs a talking party
	HoldTwice      Rule = "hold"              // hold and retrieve take turns
	Disposition    Rule = "disposition"       // once, of a user's leg that was answered and has ended
	TransferLegs   Rule = "transfer legs"     // a transfer's legs are there and of the right kind
	TransferState  Rule = "transfer state"    // begun once, progressed, ended once
	TransferOpen   Rule = "transfer open"     // a transfer that was begun is ended
	ConsultState   Rule = "consult transfer"  // begun, progressed, ended, one at a time
	UserBusy       Rule = "user busy"         // a user has one main call and one consultation at most
	Invented       Rule = "invented"          // a leg of somebody who was not in the call
	Silent         Rule = "silent"            // nothing of internal and out-of-scope calls
	Missing        Rule = "missing"           // a plain call is not represented
	Mixed          Rule = "mixed"             // one conversation shows two interactions
	DanglingInvite Rule = "invited by"        // invitedBy names a leg that was established
	EndLate        Rule = "ended late"        // no leg ends after its interaction has, unless something was told of that already
	StillOpen      Rule = "still open"        // a leg ends soon after it is known that its interaction has ended
	WrongReference Rule = "wrong reference"   // a source, user, queue or code that the org does not have
)

// Fault is one broken rule.
type Fault struct {
	Rule         Rule
	Conversation string
	Event        exevents.ConversationEvent // zero at the end of the stream
	Text         string
}

// String says what is wrong where.
func (f Fault) String() string {
	if f.Event.Type == "" {
		return fmt.Sprintf("%s: %s (conversation %s)", f.Rule, f.Text, f.Conversation)
	}
	return fmt.Sprintf("%s: %s (%s at %s, conversation %s)", f.Rule, f.Text, f.Event.Type, f.Event.EventDateTime.Format("15:04:05.000"), f.Conversation)
}

// Interaction is what really happened, as far as the judge has to know.
type Interaction struct {
	Calls  []string        // interaction ids: CallUUIDs
	Users  map[string]bool // user ids of everybody who had a party in it
	Queues map[string]bool // queue ids of the mapped queues it was in
	Silent bool            // nothing of it may be sent
	Plain  bool            // a user's leg must be there
	Lost   bool            // its end was not reported
	Over   time.Time       // when it ended; zero: never mind
	Told   bool            // its end was made known
}

// Org is what the org has.
type Org struct {
	SourceID string
	Users    map[string]bool
	Queues   map[string]bool
	Codes    map[string]bool
	// Skew is how far the times of two servers may be apart.
	Skew time.Duration
}

// leg is a communication.
type leg struct {
	id       string
	kind     exevents.EventType
	conv     string
	user     string
	queue    string
	began    time.Time
	ended    time.Time
	alerting bool
	held     bool
	disposed bool
	inbound  bool
	inviter  string
	moved    string // destination conversation of a merge
}

func (l *leg) open() bool { return l.ended.IsZero() }
