package drive_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/tests/soak/drive"
	"engage.connector/tests/soak/history"
	"engage.connector/tests/soak/judge"
)

func options() drive.Options {
	return drive.Options{Mapping: drive.NewMapping(), Calls: 4, Moves: 25}
}

// A few histories of every build; `make soak` looks for new ones.
func TestHistoriesAreToldCorrectly(t *testing.T) {
	for seed := range uint64(60) {
		pick, _ := drive.Random(seed)
		r := drive.Run("0TEST", options(), pick)
		require.Empty(t, r.Faults, "seed %d, %s; the soak prints it: -seed %d -histories 1", seed, r.Mode, seed)
	}
}

func TestTheSameSeedGivesTheSameHistory(t *testing.T) {
	run := func() ([]string, drive.Choices) {
		pick, made := drive.Random(42)
		r := drive.Run("0TEST", options(), pick)
		return r.Lines(), *made
	}
	first, choices := run()
	second, _ := run()
	require.NotEmpty(t, first)
	require.Equal(t, first, second)
	again := drive.Run("0TEST", options(), choices.Pick())
	require.Equal(t, first, again.Lines(), "the choices are all there is to a history")
}

// The generator reaches every kind of move, so that a rule is not held only because nothing happens.
func TestTheGeneratorReachesEverything(t *testing.T) {
	seen := map[string]int{}
	const seeds = 1500
	for seed := range uint64(seeds) {
		pick, _ := drive.Random(seed)
		h := history.Generate(history.Params{Tag: "0TEST", Calls: 8, Moves: 80}, pick)
		for name, n := range h.Moves {
			seen[name] += n
		}
	}
	for _, name := range []string{
		"inbound", "outbound", "internal", "queue", "route", "answer", "no answer", "abandon", "abandon while ringing", "hold",
		"retrieve", "hang up", "transfer to an agent", "transfer to a routing point", "transfer outside", "consult an agent",
		"consult a queue", "consult outside", "answer the consultation", "complete the transfer", "transfer while it rings",
		"cancel the consultation", "conference", "alternate", "single-step conference", "supervise", "switchover", "log out",
		"log in", "disposition", "lose the rest", "new ConnID", "route without queue", "clear a queue", "route outside",
	} {
		require.Positive(t, seen[name], name)
	}
}

// A run that breaks a rule is made smaller and still breaks it.
func TestAFailingHistoryIsMadeSmall(t *testing.T) {
	opts := options()
	opts.Calls, opts.Moves = 6, 40
	opts.Mapping.Source = "" // nothing that is sent is valid
	for seed := range uint64(20) {
		pick, made := drive.Random(seed)
		r := drive.Run("0TEST", opts, pick)
		if !slices.ContainsFunc(r.Faults, func(f judge.Fault) bool { return f.Rule == judge.Form }) {
			continue
		}
		_, small := drive.Shrink("0TEST", opts, *made, judge.Form, 500)
		require.True(t, slices.ContainsFunc(small.Faults, func(f judge.Fault) bool { return f.Rule == judge.Form }))
		require.LessOrEqual(t, len(small.History.Talks), 2)
		return
	}
	t.Fatal("no history failed")
}
