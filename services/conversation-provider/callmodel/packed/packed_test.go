package packed_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/services/conversation-provider/callmodel/packed"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOf(rapid.SampledFrom([]string{
			"", "a", "ab", "abc", "a longer one", "4f2a1b3c-9d8e-4fab-8cde-0123456789ab", "4F2A1B3C-9D8E-4FAB-8CDE-0123456789AB",
			"4f2a1b3c-9d8e-4fab-8cde-0123456789ag",
		})).Draw(t, "texts")
		micros := rapid.SliceOf(rapid.Int64Range(-1<<50, 1<<52)).Draw(t, "times")
		number := rapid.Int().Draw(t, "number")
		a, b := rapid.Bool().Draw(t, "a"), rapid.Bool().Draw(t, "b")

		w := &packed.Writer{}
		w.Text("left over")
		w.Reset()
		w.Texts(texts)
		for _, text := range texts {
			w.ID(text)
		}
		for _, micro := range micros {
			w.Time(time.UnixMicro(micro))
			w.Time(time.Time{})
		}
		w.Int(number)
		w.Bools(a, b)
		w.Raw("raw", []byte(" bytes"))

		r := packed.NewReader(string(w.Data))
		require.ElementsMatch(t, texts, r.Texts())
		for _, text := range texts {
			require.Equal(t, text, r.ID())
		}
		for _, micro := range micros {
			require.True(t, time.UnixMicro(micro).Equal(r.Time()))
			require.True(t, r.Time().IsZero())
		}
		require.Equal(t, number, r.Int())
		var gotA, gotB bool
		r.Bools(&gotA, &gotB)
		require.Equal(t, []bool{a, b}, []bool{gotA, gotB})
		require.Equal(t, "raw bytes", r.Raw())
		require.NoError(t, r.Err())
	})
}

func TestManyTextsAreRead(t *testing.T) {
	w := &packed.Writer{}
	var texts []string
	for n := range 200 {
		texts = append(texts, time.Duration(n%120*int(time.Second)).String()+" text")
	}
	w.Texts(texts)
	r := packed.NewReader(string(w.Data))
	require.Equal(t, texts, r.Texts())
	require.NoError(t, r.Err())
}

func TestDataThatWasCutIsRefused(t *testing.T) {
	w := &packed.Writer{}
	w.Text("a text")
	w.ID("4f2a1b3c-9d8e-4fab-8cde-0123456789ab")
	w.Time(time.UnixMicro(1))
	for size := range w.Data {
		r := packed.NewReader(string(w.Data[:size]))
		_, _, _ = r.Text(), r.ID(), r.Time()
		require.ErrorIs(t, r.Err(), packed.ErrBroken)
	}
	require.ErrorIs(t, packed.NewReader("more").Err(), packed.ErrBroken)
	for _, data := range []string{"\x05", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x7f"} {
		r := packed.NewReader(data)
		_, _ = r.Text(), r.Texts()
		require.Error(t, r.Err(), "%q", data)
	}
}
