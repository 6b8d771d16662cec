package injector_test

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"engage.connector/pkg/packed/packedtest"
	"engage.connector/services/recording-provider/injector"
)

// A number of a stored field never changes its kind or its field.
func TestNumbersOfStoredFieldsStayWhatTheyAre(t *testing.T) {
	packedtest.Schema(t, "testdata/jobs.schema", &injector.Task{}, &injector.Receipt{})
}

// What a version has stored stays readable, and means the same.
func TestWhatAVersionStoredStaysReadable(t *testing.T) {
	packedtest.Golden(t, "testdata/golden", &injector.Task{}, &injector.Receipt{})
}

// Every field of a job survives being stored: a field that is forgotten there shows here.
func TestWhatIsStoredIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		packedtest.RoundTrip(t, source, &injector.Task{}, nil)
		packedtest.RoundTrip(t, source, &injector.Receipt{}, nil)
	})
}
