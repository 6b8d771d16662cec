package callmodel

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
)

// Fields names what is stored of a call. Its facts lose since when they wait.
func (c *Call) Fields(f *packed.Form) {
	f.Text(1, &c.UUID)
	f.Texts(2, &c.ConnIDs)
	f.Int(3, (*int)(&c.Type))
	f.Text(4, &c.ANI)
	f.Text(5, &c.DNIS)
	f.Time(6, &c.Created)
	packed.Each(f, 7, &c.Parties)
	packed.Each(f, 8, &c.Visits)
	packed.All(f, 9, &c.Data)
	f.Time(10, &c.Seen[StreamCall])
	f.Time(11, &c.Seen[StreamQueue])
	f.Time(12, &c.Seen[StreamAgent])
	f.Int(13, &c.Next[StreamCall])
	f.Int(14, &c.Next[StreamQueue])
	f.Int(15, &c.Next[StreamAgent])
	f.Text(16, &c.Root)
	packed.All(f, 17, &c.Facts)
	packed.All(f, 18, &c.Past)
	f.Time(19, &c.Deleted)
	packed.All(f, 20, &c.Changes)
	f.Texts(21, &c.Links)
	f.Text(22, &c.Origin)
	f.Text(23, &c.MergedInto)
	f.Bool(24, &c.Apart)
	f.Bool(25, &c.NotVoice)
	packed.All(f, 26, &c.Odd)
	f.Text(27, &c.Link)
	f.Int64(28, (*int64)(&c.Shift))
	f.Time(29, &c.Reported)
}

// Fields names what is stored of a party.
func (p *Party) Fields(f *packed.Form) {
	f.Text(1, &p.UUID)
	f.Text(2, &p.DN)
	f.Int(3, (*int)(&p.State))
	f.Time(4, &p.Joined)
	f.Time(5, &p.Changed)
	f.Time(6, &p.Left)
	f.Bool(7, &p.Remote)
	f.Text(8, &p.Later)
}

// Fields names what is stored of a stay in a queue.
func (v *Visit) Fields(f *packed.Form) {
	f.Text(1, &v.Key)
	f.Text(2, &v.DN)
	f.Time(3, &v.Queued)
	f.Time(4, &v.Left)
	f.Text(5, &v.ToDN)
	f.Time(6, &v.Changed)
	f.Bool(7, &v.Redirected)
}

// Fields names what is stored of a value of user data.
func (v *Value) Fields(f *packed.Form) {
	f.Text(1, &v.Key)
	f.Time(2, &v.At)
	f.Text(3, &v.Value)
	f.Text(4, &v.DN)
}

// Fields names what is stored of a fact.
func (v *Fact) Fields(f *packed.Form) {
	f.Text(1, (*string)(&v.Kind))
	f.Time(2, &v.At)
	f.Int(3, (*int)(&v.Stream))
	f.Int(4, &v.Seq)
	f.Text(5, &v.Subject)
	f.Int(6, (*int)(&v.State))
	f.Int(7, (*int)(&v.Cause))
	f.Text(8, &v.Ctrl)
	f.Text(9, &v.Moved)
	f.Text(10, &v.Note)
	f.Bool(11, &v.Awaited)
	if f.Reading() && !v.Stream.Known() { // it has a place in arrays
		f.Fail(fmt.Errorf("%w: a fact has the unknown stream %d", packed.ErrBroken, v.Stream))
	}
}

// Fields names what is stored of an oddity.
func (o *Oddity) Fields(f *packed.Form) {
	f.Time(1, &o.At)
	f.Text(2, (*string)(&o.Kind))
	f.Text(3, &o.Message)
	f.Text(4, &o.Subject)
}

// Fields names what is stored of a DN.
func (d *DN) Fields(f *packed.Form) {
	f.Text(1, &d.Number)
	packed.All(f, 2, &d.Logins)
	packed.All(f, 3, &d.States)
	packed.All(f, 4, &d.Talks)
	f.Text(5, &d.Server)
	f.Time(6, &d.Heard)
	f.Text(7, &d.Link)
}

// Fields names what is stored of a log-in.
func (l *Login) Fields(f *packed.Form) {
	f.Time(1, &l.At)
	f.Text(2, &l.Agent)
	f.Bool(3, &l.Standing)
}

// Fields names what is stored of an agent's state.
func (s *AgentState) Fields(f *packed.Form) {
	f.Time(1, &s.At)
	f.Text(2, (*string)(&s.Kind))
}

// Fields names what is stored of a finished call at a DN.
func (t *Talk) Fields(f *packed.Form) {
	f.Text(1, &t.Call)
	f.Time(2, &t.From)
	f.Time(3, &t.To)
}

// Fields names what is stored of events that wait for their call. The events are stored as in the log.
func (o *Orphans) Fields(f *packed.Form) {
	f.Text(1, &o.ConnID)
	lines := make([]string, len(o.Events))
	for i, e := range o.Events {
		line, err := engage.Encode(e)
		if err != nil {
			f.Fail(fmt.Errorf("an event that waits for its call: %w", err))
		}
		lines[i] = string(line)
	}
	f.Texts(2, &lines)
	if !f.Reading() {
		return
	}
	for _, line := range lines {
		e, err := engage.Unmarshal([]byte(line))
		if err != nil {
			f.Fail(fmt.Errorf("%w: an event that waits for its call: %w", packed.ErrBroken, err))
		}
		o.Events = append(o.Events, e)
	}
}

// Parties are the parties of a call, as they came. Their JSON is an object by PartyUUID.
type Parties []*Party

// MarshalJSON writes an object by PartyUUID.
func (p Parties) MarshalJSON() ([]byte, error) {
	all := make(map[string]*Party, len(p))
	for _, party := range p {
		all[party.UUID] = party
	}
	data, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("parties: %w", err)
	}
	return data, nil
}

// UnmarshalJSON reads what MarshalJSON wrote, by PartyUUID.
func (p *Parties) UnmarshalJSON(data []byte) error {
	all := map[string]*Party{}
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("parties: %w", err)
	}
	*p = nil
	for _, key := range slices.Sorted(maps.Keys(all)) {
		*p = append(*p, all[key])
	}
	return nil
}

// Fields names what is stored of a link.
func (l *Link) Fields(f *packed.Form) {
	f.Text(1, &l.Name)
	f.Time(2, &l.Since)
	f.Time(3, &l.Settled)
	f.Time(4, &l.Heard)
	f.Time(5, &l.Lost)
	f.Time(6, &l.Alive)
	f.Time(7, &l.Began)
	f.Text(8, &l.Server)
	f.Int64(9, &l.Started)
	f.Time(10, &l.Restarted)
	f.Bool(11, &l.Other)
	f.Bool(12, &l.Down)
}
