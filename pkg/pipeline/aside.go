package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
)

// What cannot be read or applied is set aside whole, in the state, where it costs nobody anything: values
// of the state that this version cannot read, and records of the log. Each new term of a Writer tries them
// again, so an upgraded version, or the newer one after a rollback, takes up what its predecessor left.
const (
	keyAside       = "!aside/"
	keyAsideValue  = keyAside + "state/" // and the name of the value
	keyAsideRecord = keyAside + "log/"   // and the id of the record
	// maxAsideRecords bounds the records that are kept whole; of more than that only the beginning is kept.
	maxAsideRecords = 10_000
	// Sources under which an operator finds the reasons.
	sourceLog   = "log"
	sourceState = "state"
)

// RestoreEach gives each value to a model and returns the errors by the values' names. A panic is an error
// of the value that causes it.
func RestoreEach(state map[string][]byte, restore func(name string, value []byte) error) map[string]error {
	var unreadable map[string]error
	for _, name := range slices.Sorted(maps.Keys(state)) {
		_, err := guard(func() (Effects, error) { return Effects{}, restore(name, state[name]) })
		if err == nil {
			continue
		}
		if unreadable == nil {
			unreadable = map[string]error{}
		}
		unreadable[name] = err
	}
	return unreadable
}

// restore makes the model what the store holds, and sets aside what it cannot read. It returns the
// records of the log that were set aside, by their names in the state.
func (w *Writer) restore(ctx context.Context) (records map[string][]byte, err error) {
	state, err := w.opts.Pipeline.LoadState(ctx)
	if err != nil {
		return nil, err
	}
	w.clocks = state[keyClocks]
	delete(state, keyClocks)
	values, records := takeAside(state)
	var beside []string
	for name := range values {
		if _, taken := state[name]; taken { // it has a successor by now
			beside = append(beside, name)
			delete(values, name)
			continue
		}
		state[name] = values[name]
	}
	var unreadable map[string]error
	_, err = guard(func() (Effects, error) {
		unreadable = w.opts.Model.Restore(state)
		return Effects{}, nil
	})
	if err != nil {
		return nil, fault.Newf(fault.CodeOf(err), "pipeline.restore", "the model refuses the stored state: %w", err)
	}
	w.metrics.asideValues.Set(float64(len(unreadable) + len(beside)))
	w.metrics.asideRecords.Set(float64(len(records)))
	w.aside = len(records)
	effects, notes := w.settle(state, values, unreadable)
	return records, w.commit(ctx, effects, nil, notes...)
}

// takeAside takes what is set aside out of the state.
func takeAside(state map[string][]byte) (values, records map[string][]byte) {
	values, records = map[string][]byte{}, map[string][]byte{}
	for name, value := range state {
		if !strings.HasPrefix(name, keyAside) {
			continue
		}
		if original, ok := strings.CutPrefix(name, keyAsideValue); ok {
			values[original] = value
		} else if strings.HasPrefix(name, keyAsideRecord) {
			records[name] = value
		}
		delete(state, name)
	}
	return values, records
}

// settle moves what turned out to be unreadable, or readable again.
func (w *Writer) settle(state, retried map[string][]byte, unreadable map[string]error) (Effects, []store.Aside) {
	effects := Effects{State: map[string][]byte{}}
	var notes []store.Aside
	for _, name := range slices.Sorted(maps.Keys(unreadable)) {
		if _, known := retried[name]; known {
			continue // it stays where it is
		}
		reason := unreadable[name]
		w.metrics.setAside.WithLabelValues(sourceState).Inc()
		w.log.Error("a stored value cannot be read and is set aside; everything else continues", "name", name, "error", reason,
			"hint", "a version that can read it takes it up when it starts; what it stood for is missing until then")
		effects.State[name], effects.State[keyAsideValue+name] = nil, append([]byte{}, state[name]...)
		notes = append(notes, store.Aside{Source: sourceState, Reason: name + ": " + reason.Error(), Item: state[name]})
	}
	for name, value := range retried {
		if unreadable[name] == nil {
			w.log.Info("a stored value that was set aside can be read again", "name", name)
			effects.State[name], effects.State[keyAsideValue+name] = value, nil
		}
	}
	return effects, notes
}

// retryAside applies the records that were set aside and that can be read by now.
func (w *Writer) retryAside(ctx context.Context, records map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(records)) {
		e, err := w.decodeRecord(records[name])
		if err != nil {
			continue
		}
		w.log.Info("a record that was set aside is applied again", "id", strings.TrimPrefix(name, keyAsideRecord))
		if err := w.apply(ctx, []Held{{ID: name, Event: e, Payload: records[name]}}); err != nil {
			return err
		}
	}
	return nil
}

// setAside keeps a record that cannot be applied, and consumes it, in one step.
func (w *Writer) setAside(ctx context.Context, id string, record []byte, reason error) error {
	if original, again := strings.CutPrefix(id, keyAsideRecord); again {
		w.log.Warn("a record that was set aside still cannot be applied", "id", original, "error", reason)
		return nil
	}
	w.metrics.setAside.WithLabelValues(sourceLog).Inc()
	hint := "its reason stands in /api/v1/set-aside"
	if errors.Is(reason, errUnknownKind) {
		hint = "a newer version wrote it, and takes it up when it starts"
	}
	effects := Effects{}
	if w.aside < maxAsideRecords {
		effects.State = map[string][]byte{keyAsideRecord + id: append([]byte{}, record...)} // nil would delete it
	} else {
		reason = fmt.Errorf("%w (kept in part: %d records are set aside already)", reason, w.aside)
	}
	w.log.Error("a record of the log cannot be applied and is set aside", "id", id, "error", reason, "hint", hint)
	err := w.commit(ctx, effects, []string{id}, store.Aside{Source: sourceLog, Reason: reason.Error(), Item: record})
	if err == nil && len(effects.State) > 0 {
		w.aside++
		w.metrics.asideRecords.Set(float64(w.aside))
	}
	return err
}

// consume divides ids into records of the log and those that were set aside, which effects forget.
func (w *Writer) consume(effects *Effects, ids []string) (ofLog []string) {
	for _, id := range ids {
		if !strings.HasPrefix(id, keyAsideRecord) {
			ofLog = append(ofLog, id)
			continue
		}
		if effects.State == nil {
			effects.State = map[string][]byte{}
		}
		effects.State[id] = nil
		w.aside--
		w.metrics.asideRecords.Set(float64(w.aside))
	}
	return ofLog
}
