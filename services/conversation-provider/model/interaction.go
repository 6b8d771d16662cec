package model

import (
	"time"

	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
)

// Interaction is a call and its conversation. When both are over, the call is dropped and what an
// operator or a late recording may ask for stays.
type Interaction struct {
	UUID         string                     `json:"uuid"`
	Call         *callmodel.Call            `json:"call,omitempty"` // nil once closed
	Conversation *conversation.Conversation `json:"conversation"`
	// Recordings are the ids of the segments that were reported.
	Recordings []string `json:"recordings,omitempty"`

	// Of a closed call.
	Root      string            `json:"root,omitempty"`
	ANI       string            `json:"ani,omitempty"`
	DNIS      string            `json:"dnis,omitempty"`
	Created   time.Time         `json:"created,omitzero"`
	Ended     time.Time         `json:"ended,omitzero"`
	Closed    time.Time         `json:"closed,omitzero"` // by the wall clock
	Languages []callmodel.Value `json:"languages,omitempty"`
}

// summarize drops the call.
func (in *Interaction) summarize(languageKey string) {
	c := in.Call
	in.Root, in.ANI, in.DNIS, in.Created, in.Ended = c.Root, c.ANI, c.DNIS, c.Created, c.Deleted
	if in.Ended.IsZero() {
		in.Ended = newest(c)
	}
	for _, v := range c.Data {
		if v.Key == languageKey {
			in.Languages = append(in.Languages, v)
		}
	}
	in.Call = nil
}

// language is the user data's language at a time.
func (in *Interaction) language(key string) func(time.Time) string {
	data := &callmodel.Call{Data: in.Languages}
	if in.Call != nil {
		data = in.Call
	}
	return func(at time.Time) string { return data.ValueAt(key, at) }
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
