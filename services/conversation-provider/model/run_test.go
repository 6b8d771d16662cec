package model_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
	"engage.connector/services/conversation-provider/model"
	"engage.connector/services/conversation-provider/segments"
)

// desk is the writer without a store: it keeps what a model wants committed.
type desk struct {
	t     require.TestingT
	model *model.Model
	opts  model.Options
	state map[string][]byte
	out   []injection
	subs  []segments.Submission
	now   time.Time
	fed   time.Time // how far the links have come
	// timeline puts what comes into order, where a test has one.
	timeline *pipeline.Timeline
}

type speech struct {
	options  segments.Options
	settings segments.Settings
}

func (s *speech) Options() segments.Options   { return s.options }
func (s *speech) Settings() segments.Settings { return s.settings }

func newDesk(t require.TestingT) *desk { return newDeskOf(t, feedtest.Directory{}) }

// newDeskOf is a desk of a site.
func newDeskOf(t require.TestingT, site conversation.Directory) *desk {
	d := &desk{t: t, state: map[string][]byte{}, now: time.Date(2026, 11, 20, 11, 0, 0, 0, time.UTC)}
	d.opts = model.Options{
		Tenant: "101", Directory: site,
		Recordings: &speech{
			options: segments.Options{Enabled: true, LanguageKey: "language_code", DefaultLanguage: "en-US"},
			settings: segments.Settings{
				Available: true, OrgEnabled: true, QueueEnabled: map[string]bool{feedtest.QueueID: true},
				QueueProgram: map[string]string{feedtest.QueueID: "program-1"}, Dialects: []string{"en-US", "de-DE"},
			},
		},
	}
	d.model = model.New(d.opts)
	return d
}

// injection is an entry of the outbox, opened.
type injection struct {
	CallUUID string
	Event    exevents.ConversationEvent
}

func opened(t require.TestingT, payload []byte) injection {
	var stored model.Injection
	require.NoError(t, packed.Decode(payload, &stored))
	event, err := stored.Event.Open()
	require.NoError(t, err)
	require.NoError(t, stored.Event.Validate())
	return injection{stored.CallUUID, event}
}

func (d *desk) commit(e pipeline.Effects, err error) {
	require.NoError(d.t, err)
	for k, v := range e.State {
		if v == nil {
			delete(d.state, k)
			continue
		}
		d.state[k] = v
	}
	for name, entries := range e.Outbox {
		for _, entry := range entries {
			switch name {
			case model.OutboxConversation:
				i := opened(d.t, entry.Payload)
				require.Equal(d.t, i.Event.ConversationID, entry.Key)
				d.out = append(d.out, i)
			case model.OutboxRecording:
				var s segments.Submission
				require.NoError(d.t, json.Unmarshal(entry.Payload, &s))
				d.subs = append(d.subs, s)
			}
		}
	}
}

// load reads parts of the committed state, as the store does.
func (d *desk) load(_ context.Context, keys ...string) (map[string][]byte, error) {
	found := map[string][]byte{}
	for _, key := range keys {
		if value, ok := d.state[key]; ok {
			found[key] = value
		}
	}
	return found, nil
}

func (d *desk) feed(events []feedtest.Event) *desk {
	for _, e := range events {
		d.apply(e.Event)
	}
	return d
}

// apply sends an event through JSON, as the log does.
func (d *desk) apply(events ...engage.Event) {
	batch := make([]engage.Event, len(events))
	for i, e := range events {
		line, err := engage.Encode(e)
		require.NoError(d.t, err)
		require.NoError(d.t, json.Unmarshal(line, &batch[i]))
		batch[i].Shift, batch[i].Without = e.Shift, e.Without
		if e.Time.After(d.fed) {
			d.fed = e.Time
		}
	}
	d.commit(d.model.Apply(batch))
}

func (d *desk) tick(after time.Duration) *desk {
	d.now = d.now.Add(after)
	if !d.fed.IsZero() {
		d.fed = d.fed.Add(after)
	}
	d.commit(d.model.Tick(d.now, pipeline.Progress{UpTo: d.fed}))
	return d
}

// settle lets everything that waits come to its end.
func (d *desk) settle() *desk {
	d.tick(0)
	for range 16 {
		d.tick(30 * time.Second)
	}
	return d
}

// restart replaces the model by a new one that has the committed state.
func (d *desk) restart() {
	d.model = model.New(d.opts)
	require.Empty(d.t, d.model.Restore(maps.Clone(d.state)))
}

// lines is one short line per event that differs when anything in the event differs. Of a
// disposition neither place nor time count: when the interaction goes on with somebody else, nobody
// waits for the link that tells of the end of after-call work.
func (d *desk) lines() map[string][]string {
	m, last := map[string][]string{}, map[string][]string{}
	for _, i := range d.out {
		if i.Event.Type == exevents.CommunicationDispositionApplied {
			last[i.CallUUID] = append(last[i.CallUUID], i.Event.EventID+" "+i.Event.Code)
			continue
		}
		data, err := json.Marshal(i)
		require.NoError(d.t, err)
		sum := sha256.Sum256(data)
		m[i.CallUUID] = append(m[i.CallUUID], fmt.Sprintf("%s %s %x", i.Event.EventDateTime.Format("15:04:05.000"), i.Event.Type, sum[:4]))
	}
	for id, lines := range last {
		m[id] = append(m[id], slices.Sorted(slices.Values(lines))...)
	}
	return m
}

// posted is what the media server's handler writes into the log.
func posted(at time.Time, callUUID, file, dn, agent string, start, stop time.Time) engage.Event {
	body := map[string]any{"id": callUUID, "mediaFiles": []any{map[string]any{
		"mediaId": file, "type": "audio/opus", "callUUID": callUUID,
		"startTime": start.Format(time.RFC3339Nano), "stopTime": stop.Format(time.RFC3339Nano),
		"parameters": map[string]any{"recordDN": dn, "agentId": agent, "id": callUUID},
	}}}
	text, _ := json.Marshal(body)
	return engage.Event{Message: model.MsgRecording, Time: at, Attributes: engage.Attributes{"CallUUID": callUUID, "Body": string(text)}}
}

var _ conversation.Directory = feedtest.Directory{}
