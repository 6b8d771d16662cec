package model

import (
	"slices"
	"time"

	"engage.connector/pkg/packed"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
)

// Interaction is a call, and the conversation if the call stands for one. When all calls of the
// conversation are over, they are dropped, and what an operator or a late recording may ask for
// stays.
type Interaction struct {
	packed.Kept

	UUID string          `json:"uuid"`
	Call *callmodel.Call `json:"call,omitempty"` // nil once closed
	// Conversation is nil where Root is another call.
	Conversation *conversation.Conversation `json:"conversation,omitempty"`
	// Root is the call that stands for the conversation; Members are all its calls, if several.
	Root    string   `json:"root,omitempty"`
	Members []string `json:"members,omitempty"`
	// Recordings are the ids of the segments that were reported.
	Recordings []string `json:"recordings,omitempty"`
	// Opened is when the call was first seen, by the wall clock.
	Opened time.Time `json:"opened,omitzero"`

	quiet quiet

	// Of a closed call.
	ANI       string             `json:"ani,omitempty"`
	DNIS      string             `json:"dnis,omitempty"`
	Created   time.Time          `json:"created,omitzero"`
	Ended     time.Time          `json:"ended,omitzero"`
	Closed    time.Time          `json:"closed,omitzero"` // by the wall clock
	Languages []callmodel.Value  `json:"languages,omitempty"`
	Odd       []callmodel.Oddity `json:"odd,omitempty"`
}

// summarize drops the call.
func (in *Interaction) summarize(languageKey string) {
	c := in.Call
	in.ANI, in.DNIS, in.Created, in.Ended, in.Odd = c.ANI, c.DNIS, c.Created, c.Deleted, c.Odd
	if in.Ended.IsZero() {
		in.Ended = newest(c)
	}
	in.Languages = languages(c, languageKey)
	in.Call = nil
}

func languages(c *callmodel.Call, key string) []callmodel.Value {
	var values []callmodel.Value
	for _, v := range c.Data {
		if v.Key == key {
			values = append(values, v)
		}
	}
	return values
}

// language is the user data's language at a time, whichever call of the interaction had it.
func (m *Model) language(root *Interaction, key string) func(time.Time) string {
	all := &callmodel.Call{}
	for _, uuid := range root.members() {
		in := m.interaction(uuid)
		switch {
		case in == nil:
		case in.Call == nil:
			all.Data = append(all.Data, in.Languages...)
		default:
			all.Data = append(all.Data, languages(in.Call, key)...)
		}
	}
	slices.SortStableFunc(all.Data, func(a, b callmodel.Value) int { return a.At.Compare(b.At) })
	return func(at time.Time) string { return all.ValueAt(key, at) }
}

func (in *Interaction) members() []string {
	if len(in.Members) == 0 {
		return []string{in.UUID}
	}
	return in.Members
}

// newest is the time of the newest event of a call.
func newest(c *callmodel.Call) time.Time {
	var t time.Time
	for _, seen := range c.Seen {
		if seen.After(t) {
			t = seen
		}
	}
	return t
}
