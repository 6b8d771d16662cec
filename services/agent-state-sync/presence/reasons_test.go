package presence_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/agent-state-sync/presence"
)

// ledger: E-EXAS-023
func TestReasonsInOtherLanguagesStandBesideTheGuides(t *testing.T) {
	reasons, err := presence.ParseReasons(` Break=Pause|Kaffee , Meal=Mittag|Lunch\, late|a\=b ,Training = Schulung`)
	require.NoError(t, err)
	require.Equal(t, presence.Reasons{
		"Break": presence.Break, "Meal": presence.Meal, "Meeting": presence.Meeting, "Training": presence.Training,
		"Pause": presence.Break, "Kaffee": presence.Break, "Mittag": presence.Meal, "Lunch, late": presence.Meal, "a=b": presence.Meal,
		"Schulung": presence.Training,
	}, reasons)
}

func TestWithoutASettingOnlyTheGuidesReasonsCount(t *testing.T) {
	reasons, err := presence.ParseReasons("")
	require.NoError(t, err)
	require.Equal(t, presence.StandardReasons(), reasons)
	require.NotContains(t, reasons, "break", "names are compared exactly")
}

func TestWrongReasonsAreAllNamed(t *testing.T) {
	for text, problems := range map[string][]string{
		"Busy=Pause,Meal":         {`"Busy" is not one of Break, Meal, Meeting and Training`, `"Meal" is not of the form`},
		"Break=Pause,Meal=Pause":  {`the reason "Pause" would give both Break and Meal`},
		"Break=Meal":              {`the reason "Meal" would give both Meal and Break`},
		"Break=Pause||Kaffee":     {"a reason of Break has no name"},
		"Break=":                  {"a reason of Break has no name"},
		"Break=a=b":               {"is not of the form Presence=reason|reason"},
		"break=Pause,OnQueue=Mal": {`"break" is not one of`, `"OnQueue" is not one of`},
	} {
		_, err := presence.ParseReasons(text)
		for _, problem := range problems {
			require.ErrorContains(t, err, problem, text)
		}
	}
}
