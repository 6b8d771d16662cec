package flowdoc

import (
	"fmt"

	"engage.connector/pkg/genesys"
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
func (o *org) established(e genesys.ConversationEvent) (name string, shows rune) {
	switch e.Type {
	case genesys.ExternalEstablished:
		if e.InitialConfiguration.Inbound {
			return "caller", talks
		}
		return "customer", talks
	case genesys.IVREstablished:
		return "IVR (" + e.IVRPhoneNumber + ")", treated
	case genesys.RoutingEstablished:
		return "queue (" + e.PhoneNumber + ")", waits
	case genesys.UserEstablished:
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

func (o *org) read(e genesys.ConversationEvent) {
	leg := o.legs[e.CommunicationID]
	switch e.Type {
	case genesys.ExternalEstablished, genesys.IVREstablished, genesys.RoutingEstablished, genesys.UserEstablished, genesys.PhoneEstablished:
		o.add(e)
	case genesys.CommunicationAnswered:
		leg.begin(e.EventDateTime, leg.answered)
	case genesys.HoldUpdated:
		leg.begin(e.EventDateTime, map[bool]rune{true: held, false: leg.answered}[e.Held])
	case genesys.CommunicationEnded:
		leg.end(e.EventDateTime)
		leg.ended, leg.note = true, string(e.DisconnectType)
	case genesys.CommunicationDispositionApplied:
		leg.begin(leg.spans[len(leg.spans)-1].to, wrapsUp)
		leg.end(e.EventDateTime)
		leg.note += "; disposition " + disposition(e)
		if e.EventDateTime.After(o.center.end) {
			leg.note += " when after-call work timed out"
		}
	}
}

func (o *org) add(e genesys.ConversationEvent) {
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

func disposition(e genesys.ConversationEvent) string {
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
func (o *org) text(e genesys.ConversationEvent) string {
	name := func(id string) string { return o.names[id] }
	text := string(e.Type)
	switch e.Type {
	case genesys.UserTransfer:
		return fmt.Sprintf("%s %s -> %s", text, name(e.InitiatingCommunicationID), o.agent(e.DestinationUserID))
	case genesys.RoutingTransfer:
		return fmt.Sprintf("%s %s -> %s", text, name(e.InitiatingCommunicationID), queueName(e.DestinationQueueID))
	case genesys.PhoneTransfer:
		return fmt.Sprintf("%s %s -> %s", text, name(e.InitiatingCommunicationID), e.DestinationPhoneNumber)
	case genesys.ProgressTransfer:
		return fmt.Sprintf("%s -> %s", text, name(e.DestinationCommunicationID))
	case genesys.ConsultTransfer, genesys.ProgressConsultTransfer:
		return fmt.Sprintf("%s %s -> %s", text, name(e.InitiatingCommunicationID), name(e.DestinationCommunicationID))
	case genesys.EndTransfer:
		return text + " " + string(e.FinalState)
	case genesys.HoldUpdated:
		return fmt.Sprintf("%s %s %t", text, name(e.CommunicationID), e.Held)
	case genesys.CommunicationEnded:
		return fmt.Sprintf("%s %s %s", text, name(e.CommunicationID), e.DisconnectType)
	case genesys.CommunicationDispositionApplied:
		return fmt.Sprintf("DispositionApplied %s %s", name(e.CommunicationID), disposition(e))
	case genesys.EndConsultTransfer:
		return text
	case genesys.UserEstablished:
		if e.QueueID != "" {
			return fmt.Sprintf("%s %s for %s", text, name(e.CommunicationID), queueName(e.QueueID))
		}
		return text + " " + name(e.CommunicationID)
	default:
		return text + " " + name(e.CommunicationID)
	}
}
