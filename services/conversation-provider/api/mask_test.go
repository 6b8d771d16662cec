package api

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"engage.connector/pkg/access"
	conversationproviderv1 "engage.connector/proto/conversationprovider/v1"
)

func TestOnlyTelephoneNumbersAreHidden(t *testing.T) {
	for text, want := range map[string]string{
		"+15551230000": "+*********00", "004930770001": "**********01", "sip:+4930770001@bank.example": "sip:+********01@bank.example",
		"4001": "4001", "VQ_Sales": "VQ_Sales", "2026-11-28T10:00:00Z": "2026-11-28T10:00:00Z", "": "", "anonymous": "anonymous",
	} {
		require.Equal(t, want, mask(text))
	}
}

// callers are contexts without and with the right to see numbers.
func callers(t *testing.T) (reader, trusted context.Context) {
	t.Helper()
	return access.With(t.Context(), access.Identity{Name: "console", Roles: []access.Role{access.Read}}),
		access.With(t.Context(), access.Identity{Name: "auditor", Roles: []access.Role{access.Read, access.Numbers}})
}

func TestAReaderSeesNoNumbersInJSON(t *testing.T) {
	reader, trusted := callers(t)
	trace := map[string]any{"ani": "+15551230000", "connIDs": []string{"0070028123456789"}, "parties": []map[string]any{{"dn": "+15551230000"}}}
	shown, err := forCaller(reader, trace)
	require.NoError(t, err)
	text, err := json.Marshal(shown)
	require.NoError(t, err)
	require.JSONEq(t, `{"ani":"+*********00","connIDs":["0070028123456789"],"parties":[{"dn":"+*********00"}]}`, string(text))
	shown, err = forCaller(trusted, trace)
	require.NoError(t, err)
	require.Equal(t, trace, shown)
}

func TestAReaderSeesNoNumbersInMessages(t *testing.T) {
	reader, trusted := callers(t)
	call := func() *conversationproviderv1.Call {
		return &conversationproviderv1.Call{
			CallUuid: "12345678901", Ani: "+15551230000", ConnIds: []string{"0070028123456789"},
			Parties: []*conversationproviderv1.Party{{Dn: "+15551230000"}},
		}
	}
	got := call()
	maskMessage(trusted, got)
	require.True(t, proto.Equal(call(), got))
	maskMessage(reader, got)
	require.Equal(t, "+*********00", got.GetAni())
	require.Equal(t, "+*********00", got.GetParties()[0].GetDn())
	require.Equal(t, []string{"0070028123456789"}, got.GetConnIds())
	require.Equal(t, "12345678901", got.GetCallUuid())
}
