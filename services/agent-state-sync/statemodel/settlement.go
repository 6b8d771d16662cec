package statemodel

import (
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline"
	"engage.connector/services/agent-state-sync/adherence"
)

// kindSettlement is the kind of the records of the log that carry a Settlement. It is stored.
const kindSettlement = pipeline.FirstOwnKind

// MsgSettled is the message of the event that the model is given for a Settlement.
const MsgSettled = "exas.Settled"

// Settlement is what became of the events of one request: the model learns of it through the log, in its
// own order and after a restart as well.
type Settlement struct {
	packed.Kept

	Outbox string
	At     time.Time // when it was written down
	Events []Settled
}

// Settled is what became of one event.
type Settled struct {
	packed.Kept

	Agent  string    // employee id
	UserID string    // who was told
	Told   time.Time // the event's stamp
	Queued time.Time // when it was ready to be sent
	Parked bool      // given up; otherwise the org shows it
	At     time.Time // when the org answered
}

// Fields names what is stored of a settlement.
func (s *Settlement) Fields(f *packed.Form) {
	f.Text(1, &s.Outbox)
	f.Time(2, &s.At)
	packed.All(f, 3, &s.Events)
}

// Fields names what is stored of one event's fate.
func (s *Settled) Fields(f *packed.Form) {
	f.Text(1, &s.Agent)
	f.ID(2, &s.UserID)
	f.Time(3, &s.Told)
	f.Time(4, &s.Queued)
	f.Bool(5, &s.Parked)
	f.Time(6, &s.At)
}

// Record is the record of the log.
func (s *Settlement) Record() ([]byte, error) {
	payload, err := packed.Encode(s)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "statemodel.record", err)
	}
	return pipeline.EncodeRecord(kindSettlement, payload), nil
}

// Readers read the records of this service's own kinds.
func Readers() map[pipeline.Kind]pipeline.Reader {
	return map[pipeline.Kind]pipeline.Reader{kindSettlement: func(payload []byte) (engage.Event, error) {
		s := &Settlement{}
		if err := packed.Decode(payload, s); err != nil {
			return engage.Event{}, err
		}
		return engage.Event{Message: MsgSettled, Time: s.At, ReceivedAt: s.At, Attributes: engage.Attributes{"settlement": s}}, nil
	}}
}

// settled takes in what became of events.
func (m *Model) settled(e engage.Event, w *work) {
	s, ok := e.Attributes["settlement"].(*Settlement)
	if !ok {
		return
	}
	for i := range s.Events {
		m.settle(s, &s.Events[i], w)
	}
}

func (m *Model) settle(s *Settlement, one *Settled, w *work) {
	r := m.agents[one.Agent]
	if r == nil || r.UserID != one.UserID {
		return // the agent has another user by now, who is told everything
	}
	for _, lane := range r.tracks() {
		if lane.outbox != s.Outbox {
			continue
		}
		if one.Parked {
			if lane.track.Park(one.Told) {
				w.touch(one.Agent, r)
			}
			continue
		}
		before := lane.track.Stamp
		gaps := lane.track.Accept(adherence.Acceptance{Told: one.Told, Queued: one.Queued, At: one.At}, m.opts.Tolerance)
		if !lane.track.Stamp.Equal(before) {
			w.touch(one.Agent, r)
		}
		for _, g := range gaps {
			g.Agent, g.UserID, g.What = one.Agent, r.UserID, lane.what
			w.gaps = append(w.gaps, g)
		}
	}
}
