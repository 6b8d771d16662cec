package desired

import (
	"cmp"
	"fmt"
	"slices"
)

// Reason says why an Engage object was left out or treated specially; it is a metric label too.
type Reason string

// The reasons.
const (
	NoEmail         Reason = "no_valid_email"
	NameCollision   Reason = "name_collision"
	AddressTaken    Reason = "address_taken"
	NoName          Reason = "no_name"
	ScriptInvalid   Reason = "script_invalid"
	ScriptUndecided Reason = "script_undecidable"
	ScriptMixed     Reason = "script_ambiguous"
	ScriptSkill     Reason = "script_unknown_skill"
	QueueUnknown    Reason = "queue_unknown"
	QueueAmbiguous  Reason = "queue_ambiguous"
	FolderUnknown   Reason = "folder_unknown"
	LimitsInvalid   Reason = "skill_limits_invalid"
	Dangling        Reason = "reference_dangling"
	FolderCycle     Reason = "folder_cycle"
	FolderPartial   Reason = "folder_partial"
)

// reasonTable lists all reasons, for metrics that are to exist before they count.
var reasonTable = []Reason{
	NoEmail, NameCollision, AddressTaken, NoName, ScriptInvalid, ScriptUndecided, ScriptMixed, ScriptSkill,
	QueueUnknown, QueueAmbiguous, FolderUnknown, LimitsInvalid, Dangling, FolderCycle, FolderPartial,
}

// Reasons returns all reasons.
func Reasons() []Reason { return slices.Clone(reasonTable) }

// Skipped tells whether the reason means that the object is absent from the organization.
func (r Reason) Skipped() bool { return r == NoEmail || r == NoName || r == AddressTaken }

// Undecidable tells whether the reason means that the members of a group cannot be told.
func (r Reason) Undecidable() bool { return r == ScriptInvalid || r == ScriptUndecided }

// Note is one remark about one Engage object.
type Note struct {
	Reason Reason `json:"reason"`
	Object string `json:"object"` // person, dn, skill, ...
	ID     string `json:"id,omitempty"`
	Name   string `json:"name,omitempty"`
	// With is the id of the other object that the remark is about.
	With string `json:"with,omitempty"`
	Text string `json:"text"`
}

// String returns the note as a line for the operator.
func (n Note) String() string {
	return fmt.Sprintf("%s %s %q: %s", n.Object, cmp.Or(n.ID, "-"), n.Name, n.Text)
}

// Report lists the notes of one derivation in the order of their discovery.
type Report struct {
	Notes []Note `json:"notes"`
}

// Count returns the number of notes with the reason.
func (r Report) Count(reason Reason) int {
	n := 0
	for _, note := range r.Notes {
		if note.Reason == reason {
			n++
		}
	}
	return n
}

func (b *builder) note(reason Reason, object, id, name, text string) {
	b.report.Notes = append(b.report.Notes, Note{Reason: reason, Object: object, ID: id, Name: name, Text: text})
}
