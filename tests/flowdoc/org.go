package flowdoc

import (
	"fmt"

	"engage.connector/pkg/genesys/exevents"
)

// org draws the legs of one conversation from its events.
type org struct {
	center *center
	names  map[string]string // by communication id
	legs   map[string]*legBar
	order  []*legBar
	count  map[string]int
}

// legBar is a leg and how it ended.
type legBar struct {
	bar

	answered rune // what it shows when it is not held
	ended    bool
}

func newOrg(c *center, conv exConversation) *org {
	o := &org{center: c, names: map[string]string{}, legs: map[string]*legBar{}, count: map[string]int{}}
	for _, d := range conv.Decisions {
		for _, e := range d.events {
			o.read(e)
		}
	}
	return o
}

// established says how the guide calls a leg, and what it shows.
func (o *org) established(e exevents.ConversationEvent) (name string, shows rune) {
	switch e.Type {
	case exevents.ExternalEstablished:
		if e.InitialConfiguration.Inbound {
			return "caller", talks
		}
		return "customer", talks
	case exevents.IVREstablished:
		return "IVR (" + e.IVRPhoneNumber + ")", treated
	case exevents.RoutingEstablished:
		return "queue (" + e.PhoneNumber + ")", waits
	case exevents.UserEstablished:
		return o.agent(e.UserID), talks
	default:
		return "number (" + e.PhoneNumber + ")", talks
	}
}

// agent names an EX user by the login code.
func (o *org) agent(userID string) string {
	for _, login := range o.center.agents {
		if userOf(login) == userID {
			return "agent " + login
		}
	}
	return "user " + userID
}

func (o *org) read(e exevents.ConversationEvent) {
	leg := o.legs[e.CommunicationID]
	switch e.Type {
	case exevents.ExternalEstablished, exevents.IVREstablished, exevents.RoutingEstablished, exevents.UserEstablished, exevents.PhoneEstablished:
		o.add(e)
	case exevents.CommunicationAnswered:
		leg.begin(e.EventDateTime, leg.answered)
	case exevents.HoldUpdated:
		leg.begin(e.EventDateTime, map[bool]rune{true: held, false: leg.answered}[e.Held])
	case exevents.CommunicationEnded:
		leg.end(e.EventDateTime)
		leg.ended, leg.note = true, string(e.DisconnectType)
	case exevents.CommunicationDispositionApplied:
		leg.begin(leg.spans[len(leg.spans)-1].to, wrapsUp)
		leg.end(e.EventDateTime)
		leg.note += "; disposition " + disposition(e)
		if e.EventDateTime.After(o.center.end) {
			leg.note += " when after-call work timed out"
		}
	}
}

func (o *org) add(e exevents.ConversationEvent) {
	name, shown := o.established(e)
	o.count[name]++
	if n := o.count[name]; n > 1 {
		name = fmt.Sprintf("%s, leg %d", name, n)
	}
	leg := &legBar{bar: bar{name: name}, answered: shown}
	if e.InitialConfiguration.Alerting {
		shown = rings
	}
	leg.begin(e.EventDateTime, shown)
	o.legs[e.CommunicationID], o.names[e.CommunicationID] = leg, name
	o.order = append(o.order, leg)
}

func disposition(e exevents.ConversationEvent) string {
	if e.Code == "" {
		return "skipped"
	}
	return codeName(e.Code)
}

func (o *org) section(title string) section {
	s := section{title: title}
	for _, leg := range o.order {
		if !leg.ended {
			leg.note = "never ended"
		}
		s.bars = append(s.bars, &leg.bar)
	}
	return s
}

// text is an event as a short line.
func (o *org) text(e exevents.ConversationEvent) string {
	name := func(id string) string { return o.names[id] }
	text := string(e.Type)
	switch e.Type {
	case exevents.UserTransfer:
		return fmt.Sprintf("%s %s -> %s", text, name(e.InitiatingCommunicationID), o.agent(e.DestinationUserID))
	case exevents.RoutingTransfer:
		return fmt.Sprintf("%s %s -> %s", text, name(e.InitiatingCommunicationID), queueName(e.DestinationQueueID))
	case exevents.PhoneTransfer:
		return fmt.Sprintf("%s %s -> %s", text, name(e.InitiatingCommunicationID), e.DestinationPhoneNumber)
	case exevents.ProgressTransfer:
		return fmt.Sprintf("%s -> %s", text, name(e.DestinationCommunicationID))
	case exevents.ConsultTransfer, exevents.ProgressConsultTransfer:
		return fmt.Sprintf("%s %s -> %s", text, name(e.InitiatingCommunicationID), name(e.DestinationCommunicationID))
	case exevents.EndTransfer:
		return text + " " + string(e.FinalState)
	case exevents.HoldUpdated:
		return fmt.Sprintf("%s %s %t", text, name(e.CommunicationID), e.Held)
	case exevents.CommunicationEnded:
		return fmt.Sprintf("%s %s %s", text, name(e.CommunicationID), e.DisconnectType)
	case exevents.CommunicationDispositionApplied:
		return fmt.Sprintf("DispositionApplied %s %s", name(e.CommunicationID), disposition(e))
	case exevents.EndConsultTransfer:
		return text
	case exevents.UserEstablished:
		if e.QueueID != "" {
			return fmt.Sprintf("%s %s for %s", text, name(e.CommunicationID), queueName(e.QueueID))
		}
		return text + " " + name(e.CommunicationID)
	default:
		return text + " " + name(e.CommunicationID)
	}
}
