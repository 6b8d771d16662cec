package callmodel

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel/packed"
)

// Pack writes a call. Its facts lose since when they wait.
func (c *Call) Pack(w *packed.Writer) {
	w.Text(c.UUID)
	w.Text(c.Root)
	w.Texts(c.ConnIDs)
	w.Int(int(c.Type))
	w.Text(c.ANI)
	w.Text(c.DNIS)
	PackValues(w, c.Changes)
	w.Texts(c.Links)
	w.Text(c.Origin)
	w.Text(c.MergedInto)
	w.Time(c.Created)
	w.Time(c.Deleted)
	w.Len(len(c.Parties))
	for _, p := range c.Parties {
		p.pack(w)
	}
	w.Len(len(c.Visits))
	for _, v := range c.Visits {
		v.pack(w)
	}
	PackValues(w, c.Data)
	for _, at := range c.Seen {
		w.Time(at)
	}
	packFacts(w, c.Facts)
	packFacts(w, c.Past)
	for _, n := range c.Next {
		w.Int(n)
	}
	w.Bools(c.Apart, c.NotVoice)
	PackOdd(w, c.Odd)
}

// UnpackCall reads a call.
func UnpackCall(r *packed.Reader) *Call {
	c := &Call{
		UUID: r.Text(), Root: r.Text(), ConnIDs: r.Texts(), Type: engage.CallType(r.Int()), ANI: r.Text(), DNIS: r.Text(),
		Changes: UnpackValues(r), Links: r.Texts(), Origin: r.Text(), MergedInto: r.Text(), Created: r.Time(), Deleted: r.Time(),
	}
	if n := r.Len(); n > 0 {
		parties := make([]Party, n)
		c.Parties = make(Parties, n)
		for i := range parties {
			parties[i].unpack(r)
			c.Parties[i] = &parties[i]
		}
	}
	if n := r.Len(); n > 0 {
		visits := make([]Visit, n)
		c.Visits = make([]*Visit, n)
		for i := range visits {
			visits[i].unpack(r)
			c.Visits[i] = &visits[i]
		}
	}
	c.Data = UnpackValues(r)
	for i := range c.Seen {
		c.Seen[i] = r.Time()
	}
	c.Facts, c.Past = unpackFacts(r), unpackFacts(r)
	for i := range c.Next {
		c.Next[i] = r.Int()
	}
	r.Bools(&c.Apart, &c.NotVoice)
	c.Odd = UnpackOdd(r)
	return c
}

func (p *Party) pack(w *packed.Writer) {
	w.Text(p.UUID)
	w.Text(p.DN)
	w.Int(int(p.State))
	w.Time(p.Joined)
	w.Time(p.Changed)
	w.Time(p.Left)
	w.Bools(p.Remote)
}

func (p *Party) unpack(r *packed.Reader) {
	p.UUID, p.DN, p.State = r.Text(), r.Text(), engage.PartyState(r.Int())
	p.Joined, p.Changed, p.Left = r.Time(), r.Time(), r.Time()
	r.Bools(&p.Remote)
}

func (v *Visit) pack(w *packed.Writer) {
	w.Text(v.Key)
	w.Text(v.DN)
	w.Time(v.Queued)
	w.Time(v.Left)
	w.Text(v.ToDN)
	w.Time(v.Changed)
	w.Bools(v.Redirected)
}

func (v *Visit) unpack(r *packed.Reader) {
	v.Key, v.DN, v.Queued, v.Left, v.ToDN, v.Changed = r.Text(), r.Text(), r.Time(), r.Time(), r.Text(), r.Time()
	r.Bools(&v.Redirected)
}

// PackValues writes values of user data.
func PackValues(w *packed.Writer, all []Value) {
	w.Len(len(all))
	for _, v := range all {
		w.Text(v.Key)
		w.Time(v.At)
		w.Text(v.Value)
		w.Text(v.DN)
	}
}

// UnpackValues reads values of user data.
func UnpackValues(r *packed.Reader) []Value {
	n := r.Len()
	if n == 0 {
		return nil
	}
	all := make([]Value, n)
	for i := range all {
		all[i] = Value{Key: r.Text(), At: r.Time(), Value: r.Text(), DN: r.Text()}
	}
	return all
}

func packFacts(w *packed.Writer, all []Fact) {
	w.Len(len(all))
	for i := range all {
		f := &all[i]
		w.Text(string(f.Kind))
		w.Time(f.At)
		w.Int(int(f.Stream))
		w.Int(f.Seq)
		w.Text(f.Subject)
		w.Int(int(f.State))
		w.Int(int(f.Cause))
		w.Text(f.Ctrl)
		w.Text(f.Moved)
		w.Text(f.Note)
		w.Bools(f.Awaited)
	}
}

func unpackFacts(r *packed.Reader) []Fact {
	n := r.Len()
	if n == 0 {
		return nil
	}
	all := make([]Fact, n)
	for i := range all {
		all[i] = Fact{
			Kind: FactKind(r.Text()), At: r.Time(), Stream: Stream(r.Int()), Seq: r.Int(), Subject: r.Text(),
			State: engage.PartyState(r.Int()), Cause: engage.Cause(r.Int()), Ctrl: r.Text(), Moved: r.Text(), Note: r.Text(),
		}
		r.Bools(&all[i].Awaited)
	}
	return all
}

// PackOdd writes oddities.
func PackOdd(w *packed.Writer, all []Oddity) {
	w.Len(len(all))
	for _, o := range all {
		w.Time(o.At)
		w.Text(string(o.Kind))
		w.Text(o.Message)
		w.Text(o.Subject)
	}
}

// UnpackOdd reads oddities.
func UnpackOdd(r *packed.Reader) []Oddity {
	n := r.Len()
	if n == 0 {
		return nil
	}
	all := make([]Oddity, n)
	for i := range all {
		all[i] = Oddity{At: r.Time(), Kind: OddKind(r.Text()), Message: r.Text(), Subject: r.Text()}
	}
	return all
}

// Pack writes a DN.
func (d *DN) Pack(w *packed.Writer) {
	w.Text(d.Number)
	w.Len(len(d.Logins))
	for _, l := range d.Logins {
		w.Time(l.At)
		w.Text(l.Agent)
		w.Bools(l.Standing)
	}
	w.Len(len(d.States))
	for _, s := range d.States {
		w.Time(s.At)
		w.Text(string(s.Kind))
	}
	w.Len(len(d.Talks))
	for _, t := range d.Talks {
		w.Text(t.Call)
		w.Time(t.From)
		w.Time(t.To)
	}
	w.Text(d.Server)
	w.Time(d.Heard)
}

// UnpackDN reads a DN.
func UnpackDN(r *packed.Reader) *DN {
	d := &DN{Number: r.Text()}
	if n := r.Len(); n > 0 {
		d.Logins = make([]Login, n)
	}
	for i := range d.Logins {
		l := &d.Logins[i]
		l.At, l.Agent = r.Time(), r.Text()
		r.Bools(&l.Standing)
	}
	if n := r.Len(); n > 0 {
		d.States = make([]AgentState, n)
	}
	for i := range d.States {
		d.States[i] = AgentState{At: r.Time(), Kind: AgentStateKind(r.Text())}
	}
	if n := r.Len(); n > 0 {
		d.Talks = make([]Talk, n)
	}
	for i := range d.Talks {
		d.Talks[i] = Talk{Call: r.Text(), From: r.Time(), To: r.Time()}
	}
	d.Server, d.Heard = r.Text(), r.Time()
	return d
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
