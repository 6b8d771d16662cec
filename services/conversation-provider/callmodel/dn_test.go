package callmodel_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/feedtest"
)

// A switch may not say that after-call work is over; the next call that rings does.
func TestTheNextCallEndsAfterCallWork(t *testing.T) {
	s := feedtest.New().Logins()
	ended := s.Now
	s.Wait(time.Second).Agent(engage.MsgEventAgentNotReady, feedtest.Ext1, feedtest.Agent1, engage.WorkModeAfterCallWork)
	s.Wait(time.Minute)
	s.Inbound(1).Join("A", feedtest.Ext1, engage.PartyStateAlerting)
	rang := s.Now
	b := read(newBook(), s.Events)
	require.Equal(t, callmodel.AfterCall{Ended: rang}, b.DN(feedtest.Ext1).AfterCall(ended, ended, 2*time.Second))
	require.True(t, b.DN(feedtest.Ext4).AfterCall(ended, ended, time.Second).Silent)
}
