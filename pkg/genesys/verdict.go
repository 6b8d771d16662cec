package genesys

import "strings"

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

// repeatedEventTable lists parts of the message by which the API refuses an event id that it knows.
// The texts are not publicly documented. A text that is missing here makes a repeated event look
// rejected: it is then kept aside needlessly, and nothing is lost or injected twice.
func repeatedEventTable() []string { return []string{"already used", "already exists", "duplicate"} }

// Verdict classifies the error of one event.
func (e EventError) Verdict() EventVerdict {
	message := strings.ToLower(e.Message)
	for _, part := range repeatedEventTable() {
		if strings.Contains(message, part) && strings.Contains(message, "event") {
			return EventAlreadyAccepted
		}
	}
	if e.Retryable {
		return EventRetryable
	}
	return EventRejected
}
