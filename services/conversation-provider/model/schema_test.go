package model

import (
	"testing"

	"engage.connector/pkg/packed/packedtest"
	"engage.connector/services/conversation-provider/callmodel"
)

// A number of a stored field never changes its kind or its field.
func TestNumbersOfStoredFieldsStayWhatTheyAre(t *testing.T) {
	packedtest.Schema(t, "testdata/state.schema", &Interaction{}, &callmodel.DN{}, &callmodel.Orphans{}, &Record{}, &callmodel.Link{}, &Injection{})
}

// What a version has put into the outbox and the log stays readable, and means the same.
func TestWhatAVersionSentStaysReadable(t *testing.T) {
	packedtest.Golden(t, "testdata/sent", &Injection{}, &Metadata{}, &Refusal{})
}
