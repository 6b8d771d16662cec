package genesys

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWritable_LeavesOutWhatTheAPISets(t *testing.T) {
	var read map[string]json.RawMessage
	text := `{"id":"q","selfUri":"/q","memberCount":4,"a":null,"b":"","c":"kept","d":12345678901234567890,
		"e":{"id":"x","selfUri":"/x","list":[{"selfUri":"/y","n":12345678901234567890}]},"f":"about \"selfUri\""}`
	require.NoError(t, json.Unmarshal([]byte(text), &read))
	got, err := json.Marshal(Writable(read, "id", "memberCount"))
	require.NoError(t, err)
	require.Equal(t, //nolint:testifylint // numbers keep all their digits, which a comparison of JSON would not see
		`{"c":"kept","d":12345678901234567890,"e":{"id":"x","list":[{"n":12345678901234567890}]},"f":"about \"selfUri\""}`, string(got))
	require.Contains(t, read, "id", "what was read stays as it is")
}
