package options_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/directory"
	"engage.connector/services/conversation-provider/options"
	"engage.connector/services/conversation-provider/segments"
)

// ledger: E-EXCP-087, E-EXCP-088, E-EXCP-098, E-EXCP-100
func TestRecordingOptions(t *testing.T) {
	section := func(o map[string]string) directory.Settings { return directory.Settings{options.Section: o} }
	require.Equal(t, segments.Options{}, options.Recording(directory.Settings{}))
	require.Equal(t, segments.Options{Enabled: true, DefaultProgram: "p", DefaultLanguage: "de-DE", LanguageKey: "language_code"},
		options.Recording(section(map[string]string{
			"recording_enabled": "True", "sta_default_programid": " p ", "sta_default_language": "de-DE", "sta_userdata_language_key": "language_code",
		})))
	require.Equal(t, "en-US", options.Recording(section(map[string]string{"sta_default_language": "en.US"})).DefaultLanguage)
	for text, want := range map[string]bool{"true": true, "TRUE": true, "1": true, "False": false, "": false, "yes": false} {
		require.Equal(t, want, options.Recording(section(map[string]string{"recording_enabled": text})).Enabled, text)
	}
}
