package conversation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
)

func TestDump(t *testing.T) {
	for name, flow := range feedtest.Flows() {
		r := newRunner().feed(play(flow)).settle()
		t.Log(name, r.one(t).Stage, r.one(t).Reason, encode(t, r.summary()))
	}
	for name, flow := range feedtest.Unsupported() {
		r := newRunner().feed(play(flow)).settle()
		t.Log(name, r.one(t).Stage, r.one(t).Reason, encode(t, r.summary()))
	}
	require.NotEmpty(t, conversation.Reasons())
}
