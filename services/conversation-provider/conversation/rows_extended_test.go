package conversation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
)

// extendedWaits lead to the rows of CALL_MODEL=extended that wait. What the others say stands in the
// flows of package model.
func extendedWaits() map[string]rowCase {
	return map[string]rowCase{
		"extended/conference-awaited": {play: func(s *feedtest.Site) {
			talking(s).Participants(feedtest.Ext1, "+15551230001", feedtest.Ext1, feedtest.Ext2)
		}, late: "none"},
		"extended/newcomer-awaited": {play: func(s *feedtest.Site) { talking(s).Join("B", feedtest.Ext2, engage.PartyStateConnected) }, late: "none"},
	}
}

func TestEveryExtendedRowThatWaitsHasItsCase(t *testing.T) {
	cases := extendedWaits()
	for _, row := range conversation.Rows(conversation.ModelExtended) {
		if !row.Extended || !row.Wait {
			continue
		}
		require.Contains(t, cases, row.ID)
		t.Run(row.ID, func(t *testing.T) {
			s := feedtest.New().Logins()
			cases[row.ID].play(s)
			requireWaits(t, runnerWith(conversation.Options{Tenant: "101", CallModel: conversation.ModelExtended}), s, row.ID, cases[row.ID])
		})
		delete(cases, row.ID)
	}
	require.Empty(t, cases)
}
