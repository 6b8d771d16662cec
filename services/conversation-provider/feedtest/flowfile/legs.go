package flowfile

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"engage.connector/pkg/genesys/exevents"
)

// Leg is a leg as the org shows it.
type Leg struct {
	ID       string
	Kind     string
	Who      string
	Begin    time.Time
	Answered time.Time
	End      time.Time
	How      string
	Holds    []Span
	Code     string // "" when no disposition was applied, "skip" when it was skipped
	CodeAt   time.Time
}

// Span is a stretch of time.
type Span struct{ From, To time.Time }

// Legs are the legs of each conversation, by its id, in the order of their begin.
func (s *Site) Legs(events []exevents.ConversationEvent) map[string][]*Leg {
	convs := map[string][]*Leg{}
	byID := map[string]*Leg{}
	for _, e := range events {
		if kind, who := s.established(e); kind != "" {
			leg := &Leg{ID: e.CommunicationID, Kind: kind, Who: who, Begin: e.EventDateTime}
			if e.InitialConfiguration == nil || !e.InitialConfiguration.Alerting {
				leg.Answered = e.EventDateTime
			}
			byID[leg.ID] = leg
			convs[e.ConversationID] = append(convs[e.ConversationID], leg)
			continue
		}
		if leg := byID[e.CommunicationID]; leg != nil {
			s.read(leg, e)
		}
	}
	return convs
}

// established tells what kind of leg an event establishes, and whose.
func (s *Site) established(e exevents.ConversationEvent) (kind, who string) {
	switch e.Type {
	case exevents.ExternalEstablished:
		if e.InitialConfiguration != nil && e.InitialConfiguration.Inbound {
			return "ext", e.ANI
		}
		return "ext", "out:" + e.DNIS
	case exevents.IVREstablished:
		return "ivr", e.IVRPhoneNumber
	case exevents.RoutingEstablished:
		return "acd", s.nameOf("queue", e.QueueID, s.Vq)
	case exevents.UserEstablished:
		return "user", s.nameOf("user", e.UserID, s.Users)
	case exevents.PhoneEstablished:
		return "phone", e.PhoneNumber
	default:
		return "", ""
	}
}

func (s *Site) read(leg *Leg, e exevents.ConversationEvent) {
	switch e.Type {
	case exevents.CommunicationAnswered:
		leg.Answered = e.EventDateTime
	case exevents.HoldUpdated:
		if e.Held {
			leg.Holds = append(leg.Holds, Span{From: e.EventDateTime})
		} else if n := len(leg.Holds); n > 0 {
			leg.Holds[n-1].To = e.EventDateTime
		}
	case exevents.CommunicationEnded:
		leg.End, leg.How = e.EventDateTime, string(e.DisconnectType)
	case exevents.CommunicationDispositionApplied:
		leg.Code, leg.CodeAt = "skip", e.EventDateTime
		if e.Code != "" {
			leg.Code = s.nameOf("code", e.Code, s.Codes)
		}
	}
}

// line writes a leg as the expectation does.
func (l *Leg) line(t0 time.Time) string {
	words := []string{l.Kind, orDash(l.Who), seconds(t0, l.Begin), seconds(t0, l.Answered), seconds(t0, l.End), orDash(l.How)}
	for _, h := range l.Holds {
		words = append(words, "hold="+span(t0, h))
	}
	if l.Code != "" {
		words = append(words, fmt.Sprintf("code=%s@%s", l.Code, seconds(t0, l.CodeAt)))
	}
	return strings.Join(words, " ")
}

func span(t0 time.Time, h Span) string {
	to := ""
	if !h.To.IsZero() {
		to = seconds(t0, h.To)
	}
	return seconds(t0, h.From) + "-" + to
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func seconds(t0, at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return strconv.FormatFloat(at.Sub(t0).Seconds(), 'f', -1, 64)
}
