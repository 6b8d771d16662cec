// Package options reads this service's part of the transaction hybrid_integration.
package options

import (
	"strconv"
	"strings"

	"engage.connector/pkg/directory"
	"engage.connector/services/conversation-provider/segments"
)

// Section is this service's section of the transaction.
const Section = "conversation_provider"

// Sections are the sections that this service reads.
func Sections() []string { return []string{"general", Section} }

// Recording reads the options of recordings (guide, "Configuring hybrid_integration transaction",
// recording deployment). The separator of the default language may be a dot, as one place of the
// guide has it.
func Recording(s directory.Settings) segments.Options {
	enabled, _ := strconv.ParseBool(strings.ToLower(strings.TrimSpace(s.Text(Section, "recording_enabled"))))
	return segments.Options{
		Enabled:         enabled,
		DefaultProgram:  strings.TrimSpace(s.Text(Section, "sta_default_programid")),
		DefaultLanguage: strings.Replace(strings.TrimSpace(s.Text(Section, "sta_default_language")), ".", "-", 1),
		LanguageKey:     strings.TrimSpace(s.Text(Section, "sta_userdata_language_key")),
	}
}
