package exevents_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/genesys/exevents"
)

func TestAnEventsErrorIsClassified(t *testing.T) {
	tests := []struct {
		name string
		err  exevents.EventError
		want exevents.EventVerdict
	}{
		{"the server says that it may pass", exevents.EventError{Message: "try later", Retryable: true}, exevents.EventRetryable},
		{"the server says nothing of a retry", exevents.EventError{Message: "unknown queue"}, exevents.EventRejected},
		{"the event id is known", exevents.EventError{Message: "eventId already used"}, exevents.EventAlreadyAccepted},
		{"the event id is known, other words", exevents.EventError{Message: "Duplicate event id"}, exevents.EventAlreadyAccepted},
		{"an event about a duplicate", exevents.EventError{Message: "duplicate communicationId in routingEstablishedEvent"}, exevents.EventRejected},
		{"something else is a duplicate", exevents.EventError{Message: "communicationId already used"}, exevents.EventRejected},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, test.err.Verdict()) })
	}
}
