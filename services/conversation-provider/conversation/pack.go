package conversation

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/callmodel/packed"
)

// Roles are the roles of parties, by their keys. Their JSON is an object.
type Roles []PartyRole

// PartyRole is the role of one party.
type PartyRole struct {
	Key  string
	Role Role
}

func (r Roles) of(key string) Role {
	for _, p := range r {
		if p.Key == key {
			return p.Role
		}
	}
	return ""
}

func (r *Roles) set(key string, role Role) {
	for i, p := range *r {
		if p.Key == key {
			(*r)[i].Role = role
			return
		}
	}
	*r = append(*r, PartyRole{key, role})
}

// MarshalJSON writes an object by key.
func (r Roles) MarshalJSON() ([]byte, error) {
	all := make(map[string]Role, len(r))
	for _, p := range r {
		all[p.Key] = p.Role
	}
	data, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("roles: %w", err)
	}
	return data, nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Roles) UnmarshalJSON(data []byte) error {
	all := map[string]Role{}
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("roles: %w", err)
	}
	*r = nil
	for _, key := range slices.Sorted(maps.Keys(all)) {
		*r = append(*r, PartyRole{key, all[key]})
	}
	return nil
}

// Pack writes a conversation. What waits, and since when, is not part of it.
func (c *Conversation) Pack(w *packed.Writer) {
	w.ID(c.ID)
	w.Text(string(c.Stage))
	w.Text(string(c.Reason))
	w.Len(len(c.Legs))
	for _, l := range c.Legs {
		l.pack(w)
	}
	w.Time(c.Entered)
	w.Time(c.Last)
	w.Bools(c.Transfer != nil, c.Consult != nil)
	if t := c.Transfer; t != nil {
		w.ID(t.Command)
		w.Text(t.Party)
		w.ID(t.LegID)
		w.ID(t.Object)
	}
	if k := c.Consult; k != nil {
		w.Text(k.Call)
		w.Text(string(k.Unseen))
	}
	w.Texts(c.Taken)
	w.Text(c.OnBehalf)
	w.Time(c.Attempt)
	w.Text(c.Releaser)
	w.Len(len(c.Parties))
	for _, p := range c.Parties {
		w.Text(p.Key)
		w.Text(string(p.Role))
	}
	w.Int(c.Trace.n)
	w.Int(int(c.Trace.last))
	w.Raw(c.Trace.kept, c.Trace.more)
}

// UnpackConversation reads a conversation.
func UnpackConversation(r *packed.Reader) *Conversation {
	c := &Conversation{ID: r.ID(), Stage: Stage(r.Text()), Reason: Reason(r.Text())}
	if n := r.Len(); n > 0 {
		legs := make([]Leg, n)
		c.Legs = make([]*Leg, n)
		for i := range legs {
			legs[i].unpack(r)
			c.Legs[i] = &legs[i]
		}
	}
	c.Entered, c.Last = r.Time(), r.Time()
	var transfer, consult bool
	r.Bools(&transfer, &consult)
	if transfer {
		c.Transfer = &Transfer{Command: r.ID(), Party: r.Text(), LegID: r.ID(), Object: r.ID()}
	}
	if consult {
		c.Consult = &Consult{Call: r.Text(), Unseen: Reason(r.Text())}
	}
	c.Taken, c.OnBehalf, c.Attempt, c.Releaser = r.Texts(), r.Text(), r.Time(), r.Text()
	if n := r.Len(); n > 0 {
		c.Parties = make(Roles, n)
	}
	for i := range c.Parties {
		c.Parties[i] = PartyRole{r.Text(), Role(r.Text())}
	}
	c.Trace = Trace{n: r.Int(), last: int64(r.Int()), kept: r.Raw()}
	return c
}

func (l *Leg) pack(w *packed.Writer) {
	w.Text(string(l.Kind))
	w.Text(l.Party)
	w.Texts(l.Also)
	w.Text(l.Visit)
	w.ID(l.ID)
	w.Text(l.DN)
	w.Text(l.Login)
	w.ID(l.UserID)
	w.ID(l.QueueID)
	w.Time(l.Began)
	w.Time(l.Answered)
	w.Time(l.Left)
	w.Time(l.Ended)
	w.Bools(l.Opened, l.Alerting, l.Consult, l.WrapsUp, l.Held, l.Disposed)
	w.Int(l.Holds)
	w.Text(string(l.Disconnect))
}

func (l *Leg) unpack(r *packed.Reader) {
	l.Kind, l.Party, l.Also, l.Visit = LegKind(r.Text()), r.Text(), r.Texts(), r.Text()
	l.ID, l.DN, l.Login, l.UserID, l.QueueID = r.ID(), r.Text(), r.Text(), r.ID(), r.ID()
	l.Began, l.Answered, l.Left, l.Ended = r.Time(), r.Time(), r.Time(), r.Time()
	r.Bools(&l.Opened, &l.Alerting, &l.Consult, &l.WrapsUp, &l.Held, &l.Disposed)
	l.Holds, l.Disconnect = r.Int(), exevents.DisconnectType(r.Text())
}
