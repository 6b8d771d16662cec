package genesys_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/genesys"
)

func TestAnEventsErrorIsClassified(t *testing.T) {
	tests := []struct {
		name string
		err  genesys.EventError
		want genesys.EventVerdict
	}{
		{"the server says that it may pass", genesys.EventError{Message: "try later", Retryable: true}, genesys.EventRetryable},
		{"the server says nothing of a retry", genesys.EventError{Message: "unknown queue"}, genesys.EventRejected},
		{"the event id is known", genesys.EventError{Message: "eventId already used"}, genesys.EventAlreadyAccepted},
		{"the event id is known, other words", genesys.EventError{Message: "Duplicate event id"}, genesys.EventAlreadyAccepted},
		{"an event about a duplicate", genesys.EventError{Message: "duplicate communicationId in routingEstablishedEvent"}, genesys.EventRejected},
		{"something else is a duplicate", genesys.EventError{Message: "communicationId already used"}, genesys.EventRejected},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, test.err.Verdict()) })
	}
}
