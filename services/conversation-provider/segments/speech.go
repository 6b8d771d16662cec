package segments

import (
	"strings"

	"engage.connector/pkg/recording"
)

// Settings are the org's and the center's settings of speech and text analytics.
type Settings struct {
	// Available is false while the org's settings could not be read.
	Available bool
	// OrgEnabled: voice transcription is on for the org.
	OrgEnabled bool
	// QueueEnabled holds the queues on which voice transcription is on.
	QueueEnabled map[string]bool
	// QueueProgram is the program of a queue; a queue has one at most.
	QueueProgram map[string]string
	// DefaultProgram is the org's default program.
	DefaultProgram string
	// Dialects are the languages that the org transcribes.
	Dialects []string
}

// Options are the options of the section conversation_provider.
type Options struct {
	Enabled         bool   // recording_enabled
	DefaultProgram  string // sta_default_programid
	DefaultLanguage string // sta_default_language
	LanguageKey     string // sta_userdata_language_key
}

// SpeechInput is what the decision about one segment depends on.
type SpeechInput struct {
	Settings Settings
	Options  Options
	// QueueID is the queue that delivered the call to the agent; empty when none did, and for
	// recordings made on behalf of a trunk.
	QueueID string
	// Language is the user data's language when the agent answered; empty for a trunk.
	Language string
}

// speechRow is one step of the decision: the first refusal that holds ends it.
type speechRow struct {
	refusal string
	holds   func(SpeechInput) bool
	why     string
}

// speechTable is the guide's chapter "Recording Transcription": when STA is not requested.
func speechTable() []speechRow {
	return []speechRow{
		{"settings unavailable", func(in SpeechInput) bool { return !in.Settings.Available },
			"inferred: whether transcription is wanted is not known"},
		{"transcription disabled for the org", func(in SpeechInput) bool { return !in.Settings.OrgEnabled },
			"guide, Transcription 1"},
		{"transcription disabled on the queue", func(in SpeechInput) bool {
			return in.QueueID != "" && !in.Settings.QueueEnabled[in.QueueID]
		}, "guide, Transcription 2; without a queue only the org's switch applies"},
		{"no program", func(in SpeechInput) bool { return in.program() == "" },
			"guide, Program ID 3"},
		{"no valid language", func(in SpeechInput) bool { return in.language() == "" },
			"guide, Language: an invalid default language"},
	}
}

// Decide says whether a segment is transcribed, and if not why.
func (in SpeechInput) Decide() (speech *recording.Speech, refusal string) {
	for _, row := range speechTable() {
		if row.holds(in) {
			return nil, row.refusal
		}
	}
	return &recording.Speech{ProgramID: in.program(), Language: in.language()}, ""
}

// program is the queue's, else the org's default, else the option's (guide, Program ID 1 and 2; the
// option closes the gap between them and "no program is identified").
func (in SpeechInput) program() string {
	return first(in.Settings.QueueProgram[in.QueueID], in.Settings.DefaultProgram, in.Options.DefaultProgram)
}

// language is the user data's when the org supports it, else the default when the org supports that.
func (in SpeechInput) language() string {
	for _, wanted := range []string{in.Language, in.Options.DefaultLanguage} {
		for _, dialect := range in.Settings.Dialects {
			if strings.EqualFold(dialect, wanted) {
				return dialect
			}
		}
	}
	return ""
}
