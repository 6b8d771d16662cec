package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"engage.connector/services/config-sync/desired"
)

// Kind is a kind of mapping. Its text is the name of the ID map and part of its REST path.
type Kind string

// The kinds. DNs are directory numbers without an object in the organization; the one record of
// Source has the tenant's id, those of Presence the system presence.
const (
	Users     Kind = "users"
	Queues    Kind = "queues"
	Skills    Kind = "skills"
	Codes     Kind = "wrapupcodes"
	DNs       Kind = "extensions"
	Source    Kind = "source"
	Presences Kind = "presence"
	// Intents are creates whose outcome is not recorded yet.
	Intents Kind = "intents"
	// Refusals are what the organization does not take at present.
	Refusals Kind = "refusals"
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{Users, Queues, Skills, Codes, DNs, Source, Presences, Intents, Refusals}
}

// Record is what is known of one Engage object: its object in the organization and what was
// applied to it last. Records are values; slices and maps in them are never changed in place.
type Record struct {
	CloudID    string `json:"-"`
	EngageName string `json:"-"`
	CloudName  string `json:"-"`
	// Fields are the values of the attributes that were applied; an attribute that is not there may
	// have any value and is applied again.
	Fields map[string]string `json:"fields,omitempty"`
	// Made is when the object was made by the connector: the organization does not show a new
	// object everywhere at once.
	Made time.Time `json:"made,omitzero"`
	// Missing is when the object was first not found in the organization.
	Missing time.Time `json:"missing,omitzero"`

	// Removed means that the object has left the scope of the synchronisation. The record is kept
	// so that an object of the same name finds its old object again.
	Removed bool `json:"removed,omitempty"`
	// Gone means that the object was deleted in the organization; it is not created again.
	Gone bool `json:"gone,omitempty"`
	// AliasOf is the Engage id of the object that this one shares its object with.
	AliasOf string `json:"aliasOf,omitempty"`

	Role   desired.UserKind   `json:"role,omitempty"`   // users
	Skills map[string]float64 `json:"skills,omitempty"` // users: proficiency by name
	Person *desired.Person    `json:"person,omitempty"` // users

	Members []string    `json:"members,omitempty"` // queues: Engage ids of users, ordered
	Codes   []string    `json:"codes,omitempty"`   // queues: Engage ids of wrap-up codes, ordered
	DN      *desired.DN `json:"dn,omitempty"`      // queues and DNs

	// Unsure are relations whose change was begun and is not recorded: members of a queue, names of
	// a user's skills. They may be there or not.
	Unsure []string `json:"unsure,omitempty"`

	Value string `json:"value,omitempty"` // wrap-up codes: the DBID of the value
	// OpenRoles are roles that the user is still to get.
	OpenRoles []string `json:"openRoles,omitempty"`
	// Former are the objects that a skill had under earlier names: name -> id.
	Former map[string]string `json:"former,omitempty"`
	// Default means that the source is the organization's default for presence.
	Default bool `json:"default,omitempty"`
	// Intent marks an open create.
	Intent *Intent `json:"intent,omitempty"`
	// Refusal is what the organization did not take.
	Refusal *Refusal `json:"refusal,omitempty"`
}

// YoungFor is how long after its creation an object that is not found may be one that the
// organization does not show yet.
const YoungFor = 15 * time.Minute

// Young tells whether the object was made a short time ago.
func (r Record) Young(now time.Time) bool { return !r.Made.IsZero() && now.Sub(r.Made) < YoungFor }

// Live tells whether the record stands for an object that exists on both sides.
func (r Record) Live() bool { return !r.Removed && !r.Gone }

// Applied is everything that was applied: kind -> Engage id -> record.
type Applied map[Kind]map[string]Record

// Clone copies the maps; the records are values.
func (a Applied) Clone() Applied {
	out := make(Applied, len(a))
	for kind, records := range a {
		out[kind] = maps.Clone(records)
	}
	return out
}

// Put stores a change.
func (a Applied) Put(c Change) {
	if c.Record == nil {
		delete(a[c.Kind], c.ID)
		return
	}
	if a[c.Kind] == nil {
		a[c.Kind] = map[string]Record{}
	}
	a[c.Kind][c.ID] = *c.Record
}

// Object is an object of the organization.
type Object struct{ ID, Name string }

// Skill returns the skill that has this name in Engage, or had it before it was renamed.
func (a Applied) Skill(name string) (Object, bool) {
	var former Object
	for _, r := range a[Skills] {
		if r.EngageName == name && r.AliasOf == "" && !r.Gone && r.CloudID != "" {
			return Object{r.CloudID, r.CloudName}, true
		}
		if id, ok := r.Former[name]; ok {
			former = Object{id, name}
		}
	}
	return former, former.ID != ""
}

// Change is one record to be written; a nil Record is one to be deleted.
type Change struct {
	Kind   Kind
	ID     string
	Record *Record
}

// hashOf condenses values. They are joined by JSON, so that no two sets of values give one text.
func hashOf(fields ...any) string {
	text, err := json.Marshal(fields)
	if err != nil {
		panic("plan: fields are plain values: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// union is ordered and holds each id once.
func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.SortFunc(out, desired.CompareIDs)
	return slices.Compact(out)
}

// without is a less the ids of b; it may be a itself and is not to be changed.
func without(a, b []string) []string {
	if len(a) == 0 || len(b) == 0 {
		return a
	}
	drop := make(map[string]bool, len(b))
	for _, id := range b {
		drop[id] = true
	}
	var out []string
	for _, id := range a {
		if !drop[id] {
			out = append(out, id)
		}
	}
	return out
}
