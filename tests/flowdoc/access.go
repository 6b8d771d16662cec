// Package flowdoc writes the pages about call flows: docs/call-flows.md from the scenarios of
// feedtest, and docs/call-model.md from the transition table. This file is the only one that knows
// the model and the conversation; the others work on what it returns.
package flowdoc

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
	"engage.connector/services/conversation-provider/model"
	"engage.connector/services/conversation-provider/segments"
)

// flow is a scenario that was played.
type flow struct {
	feedtest.Scenario

	start  time.Time // of the first event of its calls
	logins []feedtest.Event
	feed   []feedtest.Event // the events of its calls
	sent   []exevents.ConversationEvent
	convs  []exConversation
}

// exConversation is one conversation as an operator gets it from the service.
type exConversation struct {
	ID        string     `json:"id"`
	Stage     string     `json:"stage"`
	Reason    string     `json:"reason"`
	Decisions []decision `json:"trace"`
}

// decision is one entry of a conversation's trace, with the events that it sent.
type decision struct {
	At    time.Time            `json:"at"`
	What  string               `json:"what"`
	Row   string               `json:"row"`
	Types []exevents.EventType `json:"events"`

	events []exevents.ConversationEvent
}

// The ways in which a conversation ends early.
const (
	stageIgnored   = string(conversation.StageIgnored)
	stageSuspended = string(conversation.StageSuspended)
)

type noRecordings struct{}

func (noRecordings) Options() segments.Options   { return segments.Options{} }
func (noRecordings) Settings() segments.Settings { return segments.Settings{} }

// play plays a scenario through the model of the service, until nothing more can follow.
func play(s feedtest.Scenario) (*flow, error) {
	site := feedtest.New().Logins()
	logins := len(site.Events)
	s.Play(site, 1)
	f := &flow{Scenario: s, logins: site.Events[:logins], feed: site.Events[logins:]}
	f.start = f.feed[0].Time
	m := model.New(model.Options{Tenant: "101", Directory: feedtest.Directory{}, Recordings: noRecordings{}})
	for _, e := range site.Events {
		read, err := throughJSON(e.Event)
		if err != nil {
			return nil, err
		}
		effects, err := m.Apply([]engage.Event{read})
		if err := f.collect(effects, err); err != nil {
			return nil, err
		}
	}
	const ticks, apart = 17, 30 * time.Second
	for n := range ticks {
		effects, err := m.Tick(f.start.Add(time.Hour+time.Duration(n)*apart), pipeline.Progress{UpTo: f.start.Add(time.Hour + time.Duration(n)*apart)})
		if err := f.collect(effects, err); err != nil {
			return nil, err
		}
	}
	return f, f.readConversations(m)
}

// throughJSON makes an event look as it does in the log.
func throughJSON(e engage.Event) (read engage.Event, err error) {
	line, err := engage.Encode(e)
	if err == nil {
		read, err = engage.Decode(line)
	}
	return read, err
}

func (f *flow) collect(effects pipeline.Effects, err error) error {
	if err != nil {
		return err
	}
	for _, entry := range effects.Outbox[model.OutboxConversation] {
		var sent model.Injection
		if err := packed.Decode(entry.Payload, &sent); err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		event, err := sent.Event.Open()
		if err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		f.sent = append(f.sent, event)
	}
	return nil
}

// readConversations asks for the conversations as GET /api/v1/interactions/{callUUID} does.
func (f *flow) readConversations(m *model.Model) error {
	seen := map[string]bool{}
	for _, e := range f.feed {
		if e.Message != engage.MsgEventCallCreated {
			continue
		}
		trace, found, err := m.Lookup(e.CallUUID())
		if err != nil || !found {
			return fmt.Errorf("%s: call %s: found %t: %w", f.Name, e.CallUUID(), found, err)
		}
		var in struct {
			UUID         string         `json:"uuid"`
			Conversation exConversation `json:"conversation"`
		}
		if err := json.Unmarshal(trace.Interaction, &in); err != nil {
			return fmt.Errorf("trace: %w", err)
		}
		if seen[in.UUID] {
			continue
		}
		seen[in.UUID] = true
		if err := f.assign(&in.Conversation); err != nil {
			return err
		}
		f.convs = append(f.convs, in.Conversation)
	}
	return nil
}

// assign gives each decision the events that it sent: both stand in the order of their making.
func (f *flow) assign(c *exConversation) error {
	var events []exevents.ConversationEvent
	for _, e := range f.sent {
		if e.ConversationID == c.ID && c.ID != "" {
			events = append(events, e)
		}
	}
	for i := range c.Decisions {
		d := &c.Decisions[i]
		for _, t := range d.Types {
			if len(events) == 0 || events[0].Type != t {
				return fmt.Errorf("%s: the trace has %s where another event was sent", f.Name, t)
			}
			d.events, events = append(d.events, events[0]), events[1:]
		}
	}
	if len(events) > 0 {
		return fmt.Errorf("%s: %d events are not in the trace", f.Name, len(events))
	}
	return nil
}

// outsideTheTable are the rows of traces that the transition table does not list: they follow from
// time or from another row.
func outsideTheTable() []tableRow {
	from := string(conversation.FromGuide)
	inferred := string(conversation.FromInferred)
	return []tableRow{
		{ID: "suspended/last-leg", From: from, Steps: []string{"CommunicationEnded rest: System"}, Why: "after every row that leaves a suspended conversation with one leg: to avoid leaving a single party, the remaining party leaves too"},
		{ID: "suspended/left-before", From: inferred, Steps: []string{"CommunicationEnded gone: Transfer"}, Why: "when a conversation becomes suspended: a leg whose party had handed the call on already"},
		{ID: "wrap-up/ended", From: inferred, Steps: []string{"CommunicationDispositionApplied"}, Why: "the agent is ready, not ready for another reason, or logs out: after-call work is over"},
		{ID: "wrap-up/timed-out", From: inferred, Steps: []string{"CommunicationDispositionApplied"}, Why: "nobody told of the end of after-call work within WRAPUP_TIMEOUT"},
		{ID: "lost/end", From: inferred, Steps: []string{"CommunicationEnded rest: System"}, Next: stageSuspended, Reason: string(conversation.ReasonLost), Why: "the call was silent for 12 hours, or reached MAX_CALL_AGE"},
	}
}

// tableRow is a row of the transition table as text.
type tableRow struct {
	Extended                            bool // with CALL_MODEL=extended only
	ID, Next, Reason, From, Why, Effect string
	Stages, On, If, Steps               []string
	Wait                                bool
}

// effectTable names what a row changes beside stage and legs.
func effectTable() map[conversation.Effect]string {
	return map[conversation.Effect]string{
		conversation.NoEffect:      "",
		conversation.FailedAttempt: "note the failed attempt",
		conversation.SameLeg:       "the stay belongs to the queue's open leg",
		conversation.KeepAgent:     "keep the agent until the customer is there",
		conversation.NoteQueue:     "note the queue on whose behalf the agent calls",
		conversation.HandOver:      "keep the agent's leg open until it is known who takes over",
		conversation.BeginConsult:  "note the consultation",
		conversation.UnseenLogin:   "note the consultation; who is consulted is not shown (nobody logged in)",
		conversation.UnseenScope:   "note the consultation; who is consulted is not shown (not mapped)",
		conversation.UnseenBusy:    "note the consultation; who is consulted is not shown (other calls)",
		conversation.LeaveQueue:    "note when the queue was left",
		conversation.PassNobody:    "note that the call passes a phone at which nobody is logged in",
		conversation.PassScope:     "note that the call passes an agent who is not mapped",
		conversation.PassOutside:   "note that the call passes somebody who cannot be shown",
		conversation.Answered:      "the customer's leg begins now",
		conversation.EndConsult:    "forget the consultation",
		conversation.TakeOver:      "who was consulted takes over the caller",
		conversation.TakeOverEarly: "the call of the consultation becomes the caller's; the agent's leg ends when it is known who takes over",
	}
}

// tableRows is the transition table.
func tableRows() []tableRow {
	var rows []tableRow
	effects := effectTable()
	for _, r := range conversation.Rows(conversation.ModelExtended) {
		row := tableRow{
			ID: r.ID, Next: string(r.Next), Reason: string(r.Reason), From: string(r.From), Why: r.Why, Wait: r.Wait,
			Stages: texts(r.Stages), On: texts(r.On), If: texts(r.If), Extended: r.Extended, Effect: strings.Trim(effects[r.Before]+"; "+effects[r.Effect], "; "),
		}
		for _, s := range r.Do {
			row.Steps = append(row.Steps, stepText(s))
		}
		rows = append(rows, row)
	}
	return rows
}

func texts[S ~string](all []S) []string {
	list := make([]string, len(all))
	for i, s := range all {
		list[i] = string(s)
	}
	return list
}

func stepText(s conversation.Step) string {
	text := string(s.Event)
	switch s.Event {
	case exevents.EndTransfer:
		return text + ": " + string(s.Final)
	case exevents.HoldUpdated:
		return fmt.Sprintf("%s %s: %t", text, s.Leg, s.Held)
	case exevents.RoutingTransfer, exevents.UserTransfer, exevents.PhoneTransfer, exevents.ConsultTransfer, exevents.ProgressConsultTransfer:
		return fmt.Sprintf("%s %s → %s", text, s.From, s.Leg)
	case exevents.CommunicationEnded:
		return fmt.Sprintf("%s %s: %s", text, s.Leg, s.Disconnect)
	default:
		return fmt.Sprintf("%s %s", text, s.Leg)
	}
}

// allStages are the stages in the order in which calls come to them.
func allStages() []string {
	return texts([]conversation.Stage{
		conversation.StageNew, conversation.StageCaller, conversation.StageDialing, conversation.StageCalling,
		conversation.StageIVR, conversation.StageQueue, conversation.StageRinging, conversation.StageTalking,
		conversation.StageConference, conversation.StageTransfer, conversation.StageParting, conversation.StageOver, conversation.StageSuspended,
		conversation.StageIgnored,
	})
}

func allReasons() []string { return texts(conversation.Reasons()) }

// consultReasons are the reasons for which a consulted party is not shown.
func consultReasons() []string {
	return texts([]conversation.Reason{conversation.ReasonNobodyLoggedIn, conversation.ReasonOutOfScope, conversation.ReasonSecondCall})
}

// isMapped tells whether an agent is in the sync-scope.
func isMapped(login string) bool {
	_, ok := feedtest.Directory{}.User(login)
	return ok
}

// The kinds of directory numbers that are told apart.
const (
	kindExtension = conversation.DNExtension
	kindRouting   = conversation.DNRoutingPoint
	kindOther     = conversation.DNOther
)

func kindOf(dn string) conversation.DNKind { return feedtest.Directory{}.DNKind(dn) }

// queueName is the virtual queue of an EX queue.
func queueName(id string) string {
	for _, vq := range []string{feedtest.VQ, feedtest.VQ2} {
		if mapped, _ := (feedtest.Directory{}).Queue(vq); mapped == id {
			return vq
		}
	}
	return id
}

// codeName is the disposition value of a wrap-up code.
func codeName(id string) string {
	const resolved = "Resolved"
	if code, _ := (feedtest.Directory{}).WrapUpCode(resolved); code == id {
		return resolved
	}
	return id
}

// userOf is the EX user of a login code.
func userOf(login string) string {
	id, _ := feedtest.Directory{}.User(login)
	return id
}

// roleRows are the rows of the table of roles, as lines of a table.
func roleRows() []string {
	var lines []string
	for _, r := range conversation.RoleRows() {
		extended := ""
		if r.Extended {
			extended = " *extended*"
		}
		when := strings.Join(texts(r.If), "; ")
		if when == "" {
			when = "otherwise"
		}
		lines = append(lines, fmt.Sprintf("| `%s`%s | %s | **%s** | %s: %s |", r.ID, extended, when, r.Role, r.From, r.Why))
	}
	return lines
}
