package model_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/recording"
	"engage.connector/services/conversation-provider/feedtest"
	"engage.connector/services/conversation-provider/model"
	"engage.connector/services/conversation-provider/segments"
)

func mainCall() (*feedtest.Site, string) {
	site := feedtest.New().Logins()
	site.Main(1)
	return site, site.Events[len(site.Events)-2].CallUUID()
}

// Metadata may come while the call is on, in after-call work, or when all is over; the segment is
// submitted once, when the interaction has ended.
//
// ledger: E-EXCP-054, E-EXCP-071, E-EXCP-079, E-EXCP-080
func TestRecordingIsSubmittedOnceWhenTheInteractionHasEnded(t *testing.T) {
	site, uuid := mainCall()
	end := len(site.Events)
	for name, at := range map[string]int{"at the beginning": 0, "while talking": 20, "in after-call work": end - 2, "afterwards": end} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t).feed(site.Events[:at])
			meta := posted(site.Now, uuid, uuid+"_1.opus", feedtest.Ext1, feedtest.Agent1, site.Now.Add(-20*time.Second), site.Now.Add(-10*time.Second))
			d.apply(meta)
			if at < end-2 {
				require.Empty(t, d.subs, "the interaction goes on")
			}
			d.restart()
			d.apply(meta)
			d.feed(site.Events[at:]).settle()
			d.apply(meta)
			d.tick(time.Hour)
			require.Len(t, d.subs, 1)
			sub := d.subs[0]
			require.Equal(t, feedtest.User1ID, sub.UserID)
			require.Equal(t, uuid, sub.CallUUID)
			require.Equal(t, d.out[0].Event.ConversationID, sub.ConversationID)
			require.Equal(t, &recording.Speech{ProgramID: "program-1", Language: "de-DE"}, sub.Speech)
			require.Equal(t, 1, d.model.Counts().Submitted)
			require.Zero(t, d.model.Counts().Kept)
		})
	}
}

// Without waiting for after-call work: the interaction has ended when the call has.
func TestRecordingDoesNotWaitForAfterCallWork(t *testing.T) {
	site := feedtest.New().Logins()
	call := site.Inbound(1).IVR().Queue().Ring("A", feedtest.Ext1).Answer("A", feedtest.Ext1)
	d := newDesk(t).feed(site.Events)
	d.apply(posted(site.Now, call.UUID, "one.opus", feedtest.Ext1, feedtest.Agent1, site.Now, site.Now))
	require.Empty(t, d.subs)
	before := len(site.Events)
	call.HangUp("X", "A")
	d.feed(site.Events[before:])
	require.Len(t, d.subs, 1)
}

// Each recorded segment is submitted by itself.
func TestEverySegmentIsSubmitted(t *testing.T) {
	site, uuid := mainCall()
	d := newDesk(t).feed(site.Events).settle()
	for _, file := range []string{"one.opus", "two.opus", "one.opus"} {
		d.apply(posted(site.Now, uuid, file, feedtest.Ext1, feedtest.Agent1, site.Now, site.Now))
	}
	require.Len(t, d.subs, 2)
	require.NotEqual(t, d.subs[0].ID, d.subs[1].ID)
}

// What belongs to no injected call is kept with its reason, listed, and dropped in the end.
func TestUnmatchedRecordingsAreKeptWithTheirReason(t *testing.T) {
	site := feedtest.New().Logins()
	feedtest.Unsupported()["internal"](site, 1)
	internal := site.Events[len(site.Events)-1].CallUUID()
	d := newDesk(t)
	d.now = site.Now
	d.feed(site.Events).settle()
	d.apply(posted(site.Now, "unknown", "one.opus", "4001", "1001", site.Now, site.Now))
	d.apply(posted(site.Now.Add(time.Second), internal, "two.opus", "4001", "1001", site.Now, site.Now))
	require.Empty(t, d.subs)
	kept := d.model.Kept(10)
	require.Len(t, kept, 2)
	require.Equal(t, segments.KeptUnknownCall, kept[0].Reason)
	require.NotEmpty(t, kept[0].Body, "what was posted is kept")
	require.Equal(t, segments.KeptNotInjected+"internal_call", kept[1].Reason)
	require.Len(t, d.model.Kept(1), 1)

	d.restart()
	require.Len(t, d.model.Kept(10), 2)
	d.tick(25 * time.Hour)
	d.tick(2 * time.Minute)
	require.Empty(t, d.model.Kept(10))
}

// Turning recording support on submits what was kept.
//
// ledger: E-EXCP-098
func TestRecordingsWaitForTheOption(t *testing.T) {
	site, uuid := mainCall()
	d := newDesk(t)
	settings := d.opts.Recordings.(*speech)
	settings.options.Enabled = false
	d.now = site.Now
	d.feed(site.Events).settle()
	d.apply(posted(site.Now, uuid, "one.opus", feedtest.Ext1, feedtest.Agent1, site.Now, site.Now))
	require.Equal(t, segments.KeptDisabled, d.model.Kept(1)[0].Reason)
	settings.options.Enabled = true
	d.tick(2 * time.Minute)
	require.Len(t, d.subs, 1)
}

// Recordings of parties that suspension left out are linked to the first party.
//
// ledger: E-EXRP-015
func TestRecordingOfAPartyThatWasNotInjected(t *testing.T) {
	site := feedtest.New().Logins()
	feedtest.Unsupported()["conference"](site, 1)
	uuid := site.Events[len(site.Events)-1].CallUUID()
	d := newDesk(t).feed(site.Events).settle()
	d.apply(posted(site.Now, uuid, "second-agent.opus", feedtest.Ext2, feedtest.Agent2, site.Now, site.Now))
	require.Len(t, d.subs, 1)
	require.Empty(t, d.subs[0].UserID)
	require.Equal(t, d.out[0].Event.CommunicationID, d.subs[0].CommunicationID)
}

// Metadata of calls that are not known is bounded; what is beyond is refused, so that it is set aside and
// not lost. Metadata of known calls is never refused.
func TestUnmatchedRecordingsAreBounded(t *testing.T) {
	site, uuid := mainCall()
	d := newDesk(t)
	d.opts.MaxUnmatched = 2
	d.restart()
	d.now = site.Now
	for _, file := range []string{"a", "b"} {
		d.apply(posted(d.now, "unknown", file, "", "", d.now, d.now))
	}
	_, err := d.model.Apply([]engage.Event{posted(d.now, "unknown", "c", "", "", d.now, d.now)})
	require.ErrorContains(t, err, "calls that are not known")
	require.Equal(t, 2, d.model.Counts().Kept)

	d.feed(site.Events[:len(site.Events)/2])
	for _, file := range []string{"one.opus", "two.opus", "three.opus"} {
		d.apply(posted(site.Now, uuid, file, feedtest.Ext1, feedtest.Agent1, site.Now, site.Now))
	}
	require.Equal(t, 5, d.model.Counts().Kept, "the call goes on, and its recordings wait for its end")
	d.tick(25 * time.Hour)
	d.apply(posted(d.now, "unknown", "c", "", "", d.now, d.now)) // time has made room
}

func TestTheTraceTellsWhatBecameOfACall(t *testing.T) {
	site, uuid := mainCall()
	d := newDesk(t).feed(site.Events).settle()
	d.apply(posted(site.Now, uuid, "one.opus", feedtest.Ext1, feedtest.Agent1, site.Now, site.Now))
	live, ok, err := d.model.Lookup(uuid)
	require.NoError(t, err)
	require.True(t, ok)
	require.Len(t, live.Recordings, 1)
	require.Equal(t, model.RecordingSubmitted, live.Recordings[0].State)
	stored, ok, err := model.StoredTrace(t.Context(), d.load, uuid)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, live, stored, "the standby instance says the same")
	_, ok, err = d.model.Lookup("unknown")
	require.NoError(t, err)
	require.False(t, ok)
	_, ok, err = model.StoredTrace(t.Context(), d.load, "unknown")
	require.NoError(t, err)
	require.False(t, ok)
}
