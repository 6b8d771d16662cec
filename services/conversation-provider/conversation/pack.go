package conversation

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"engage.connector/pkg/packed"
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

// Fields names what is stored of a conversation. What waits, and since when, is not part of it.
func (c *Conversation) Fields(f *packed.Form) {
	f.ID(1, &c.ID)
	f.Text(2, (*string)(&c.Stage))
	f.Text(3, (*string)(&c.Reason))
	packed.Each(f, 4, &c.Legs)
	f.Time(5, &c.Entered)
	f.Time(6, &c.Last)
	packed.One(f, 7, &c.Transfer)
	packed.One(f, 8, &c.Consult)
	f.Texts(9, &c.Taken)
	f.Text(10, &c.OnBehalf)
	f.Time(11, &c.Attempt)
	f.Text(12, &c.Releaser)
	packed.Pairs(f, 13, &c.Parties, (*PartyRole).texts)
	f.Bytes(14, &c.Trace.kept, c.Trace.more)
	f.Int(15, &c.Trace.n)
	f.Time(16, &c.Trace.last)
}

func (p *PartyRole) texts() (key, role *string) { return &p.Key, (*string)(&p.Role) }

// Fields names what is stored of a transfer.
func (t *Transfer) Fields(f *packed.Form) {
	f.ID(1, &t.Command)
	f.Text(2, &t.Party)
	f.ID(3, &t.LegID)
	f.ID(4, &t.Object)
}

// Fields names what is stored of a consultation.
func (c *Consult) Fields(f *packed.Form) {
	f.Text(1, &c.Call)
	f.Text(2, (*string)(&c.Unseen))
}

// Fields names what is stored of a leg.
func (l *Leg) Fields(f *packed.Form) {
	f.Text(1, (*string)(&l.Kind))
	f.Text(2, &l.Party)
	f.ID(3, &l.ID)
	f.Text(4, &l.DN)
	f.Text(5, &l.Login)
	f.ID(6, &l.UserID)
	f.ID(7, &l.QueueID)
	f.Time(8, &l.Began)
	f.Time(9, &l.Answered)
	f.Time(10, &l.Left)
	f.Time(11, &l.Ended)
	f.Bool(12, &l.Opened)
	f.Bool(13, &l.Alerting)
	f.Bool(14, &l.WrapsUp)
	f.Text(15, (*string)(&l.Disconnect))
	f.Text(16, &l.Visit)
	f.Texts(17, &l.Also)
	f.Bool(18, &l.Held)
	f.Int(19, &l.Holds)
	f.Bool(20, &l.Consult)
	f.Bool(21, &l.Disposed)
	f.Time(22, &l.Heard)
}
