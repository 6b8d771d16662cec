package drive

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/model"
)

// writer is the pipeline's writer without a store: it keeps what the model wants committed.
type writer struct {
	opts     model.Options
	model    *model.Model
	state    map[string][]byte
	sent     []exevents.ConversationEvent
	lines    []string // the same as text
	keys     []string // and their keys
	calls    []string // and the calls they are of
	soon     int      // what was sent before anything was given up
	now      time.Time
	progress pipeline.Progress
}

func newWriter(m *Mapping, of conversation.CallModel) *writer {
	w := &writer{
		opts: model.Options{
			Tenant: "101", Directory: m, Recordings: noRecordings{},
			Machine: conversation.Options{WrapUpTimeout: time.Minute, CallModel: of},
		},
		state: map[string][]byte{},
	}
	w.model = model.New(w.opts)
	return w
}

func (w *writer) commit(e pipeline.Effects, err error) error {
	if err != nil {
		return fmt.Errorf("the model failed: %w", err)
	}
	for k, v := range e.State {
		if v == nil {
			delete(w.state, k)
			continue
		}
		w.state[k] = v
	}
	for _, entry := range e.Outbox[model.OutboxConversation] {
		if err := w.note(entry); err != nil {
			return fmt.Errorf("outbox payload: %w", err)
		}
	}
	return nil
}

// apply applies a batch; live lets the wall clock pass as well.
func (w *writer) apply(b batch, live bool) error {
	w.now = b.at
	if len(b.events) == 0 {
		w.progress = b.progress
		return w.tick(b.at)
	}
	if err := w.commit(w.model.Apply(b.events)); err != nil || !live {
		return err
	}
	return w.tick(b.at)
}

// tick lets the wall clock come to a time.
func (w *writer) tick(now time.Time) error {
	w.now = now
	return w.commit(w.model.Tick(now, w.progress))
}

// restart replaces the model by a new one that has what was committed.
func (w *writer) restart() error {
	w.model = model.New(w.opts)
	for name, err := range w.model.Restore(maps.Clone(w.state)) {
		return fmt.Errorf("stored %s: %w", name, err)
	}
	return nil
}

// settle lets everything that waits come to its end: links that lag, after-call work, calls whose
// end was lost.
func (w *writer) settle() error {
	steps := []time.Duration{0}
	const patience, links = 10, 30 * time.Second
	for range patience {
		steps = append(steps, links)
	}
	for i, d := range append(steps, 13*time.Hour, time.Minute) {
		if i == len(steps) {
			w.soon = len(w.lines)
		}
		w.progress.UpTo = w.progress.UpTo.Add(d)
		if err := w.tick(w.now.Add(d)); err != nil {
			return err
		}
	}
	return nil
}

// leftOver names what is still kept when everything is over and forgotten; only the DNs may be.
func (w *writer) leftOver() ([]string, error) {
	var left []string
	if n := w.model.Counts().OpenCalls; n > 0 {
		left = append(left, fmt.Sprintf("%d open calls", n))
	}
	for _, d := range []time.Duration{25 * time.Hour, 10 * time.Minute, 10 * time.Minute} {
		if err := w.tick(w.now.Add(d)); err != nil {
			return nil, err
		}
	}
	if c := w.model.Counts(); c.OpenCalls+c.ClosedCalls+c.Waiting+c.Orphans > 0 {
		left = append(left, fmt.Sprintf("%+v", c))
	}
	for key := range w.state {
		if !strings.HasPrefix(key, "d/") && !strings.HasPrefix(key, "l/") {
			left = append(left, key)
		}
	}
	return left, nil
}

// note keeps what is to be sent.
func (w *writer) note(entry store.OutboxEntry) error {
	var in model.Injection
	if err := packed.Decode(entry.Payload, &in); err != nil {
		return err
	}
	event, err := in.Event.Open()
	if err != nil {
		return err
	}
	if event.ConversationID != entry.Key {
		return fmt.Errorf("key %s of conversation %s", entry.Key, event.ConversationID)
	}
	line, err := json.Marshal(event)
	if err != nil {
		return err
	}
	w.sent, w.lines, w.keys, w.calls = append(w.sent, event), append(w.lines, string(line)), append(w.keys, entry.Key), append(w.calls, in.CallUUID)
	return nil
}

// byCall are the events of each call's conversations, joined.
func (w *writer) byCall() map[string]string {
	m := map[string]string{}
	for i, line := range w.lines {
		m[w.calls[i]] += line + "\n"
	}
	return m
}

// eventTime is what differs when clocks do.
var eventTime = regexp.MustCompile(`"eventDateTime":"[^"]*"|"eventId":"[^"]*"`)

// shapes are events without their times.
func shapes(payloads map[string]string) map[string]string {
	for key, text := range payloads {
		payloads[key] = eventTime.ReplaceAllString(text, "")
	}
	return payloads
}

// byConversation are the events of each conversation, joined.
func (w *writer) byConversation() map[string]string {
	m := map[string]string{}
	for i, line := range w.lines {
		m[w.keys[i]] += line + "\n"
	}
	return m
}
