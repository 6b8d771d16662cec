package exevents

// MaxBatch is how many events one injection request may carry (error max.batch.size.surpassed).
const MaxBatch = 100

// BatchResult is the answer to an injection: every event that is not listed was accepted.
type BatchResult struct {
	Errors        []EventError
	CorrelationID string // the server's id of the (last) request, for support
}

// EventError tells why one event was not accepted. Only a Retryable one may be sent again, with
// the same event id.
type EventError struct {
	EventID   string `json:"eventId"`
	Message   string `json:"message"`
	Retryable bool   `json:"retryable"`
}

// Failed finds the error of an event. Of several the mildest counts: one that may be sent again is
// not refused for good. Its message has the correlation id.
func (r BatchResult) Failed(eventID string) (found EventError, ok bool) {
	for _, e := range r.Errors {
		if e.EventID == eventID && (!ok || e.Retryable && !found.Retryable) {
			found, ok = e, true
		}
	}
	if ok && r.CorrelationID != "" {
		found.Message += " (correlation id " + r.CorrelationID + ")"
	}
	return found, ok
}
