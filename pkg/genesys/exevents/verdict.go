package exevents

import (
	"slices"
	"strings"
)

// EventVerdict says what a per-event error of an injection means for the sender.
type EventVerdict int

// The verdicts of an EventError.
const (
	// EventRejected: the event will never be accepted; keep it aside with the message.
	EventRejected EventVerdict = iota
	// EventRetryable: send it again later, with the same event id.
	EventRetryable
	// EventAlreadyAccepted: an earlier request with this event id got through.
	EventAlreadyAccepted
)

// repeatedEventTable lists what the API may say of an event id that it knows. The texts are not
// publicly documented, so a message counts only when it names the event id itself: a text that is
// missing here makes a repeated event look rejected, and it is then kept aside needlessly; a text
// that fits too much would drop an event.
func repeatedEventTable() []string { return []string{"already used", "already exists", "duplicate"} }

// eventIDTable lists how a message names the event id.
func eventIDTable() []string { return []string{"eventid", "event id"} }

// Verdict classifies the error of one event.
func (e EventError) Verdict() EventVerdict {
	message := strings.ToLower(e.Message)
	if containsAny(message, eventIDTable()) && containsAny(message, repeatedEventTable()) {
		return EventAlreadyAccepted
	}
	if e.Retryable {
		return EventRetryable
	}
	return EventRejected
}

func containsAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}
