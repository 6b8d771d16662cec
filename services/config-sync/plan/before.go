package plan

import (
	"maps"
	"slices"
	"strings"
	"time"

	"engage.connector/services/config-sync/desired"
)

// Intent is a create that was begun and whose outcome is not recorded yet.
type Intent struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"` // Engage id of the object to be created
	// Mark is what tells the object from one that somebody else made under the same name: the
	// externalId of a user, the peer id of a queue.
	Mark string    `json:"mark"`
	At   time.Time `json:"at"`
}

// Before returns the records to be written before an operation is executed, so that whatever is
// wanted by the time of the next plan, it allows for both that the operation took effect and that
// it did not. What it may have changed is marked as unsure: no value counts as applied, and
// everything that may be there counts as to be taken away.
func (a Applied) Before(o Operation, now time.Time) []Change {
	r := a[o.Kind][o.ID]
	switch o.Action {
	case Create:
		return intended(o, now)
	case Update, Vacate, Enable, Disable:
		r.Removed, r.Fields = false, unknown(r.Fields, o.Changes) // it may be active again
	case Deactivate:
		r.Removed, r.Fields = false, unknown(r.Fields, []FieldChange{{Field: FieldActive}})
	case SetSkills:
		names := slices.Collect(maps.Keys(o.Skills))
		r.Skills, r.Unsure = dropped(r.Skills, names), union(r.Unsure, names)
	case DropSkills:
		r.Skills, r.Unsure = dropped(r.Skills, o.IDs), union(r.Unsure, o.IDs)
	case AddMembers:
		r.Unsure = union(r.Unsure, o.IDs)
	case RemoveMembers:
		r.Members, r.Unsure = without(r.Members, o.IDs), union(r.Unsure, o.IDs)
	case EnsureSource, DefaultSource, ReadPresences, AddRoles, AddCodes, LookUp, Adopt, Remember, Retire, Forget:
		return nil // may be repeated, and is never taken back
	}
	return []Change{{o.Kind, o.ID, &r}}
}

// intended notes a create of a user or a queue. Skills and codes are never taken away, so that an
// unrecorded one does no harm and is found by its name.
func intended(o Operation, now time.Time) []Change {
	if !o.intentional() {
		return nil
	}
	r := Record{EngageName: o.Name, CloudName: o.Name, Intent: &Intent{Kind: o.Kind, ID: o.ID, At: now.UTC()}}
	switch {
	case o.User != nil:
		info := o.User.Person
		r.EngageName, r.Role, r.Person, r.Intent.Mark = info.UserName, o.User.Kind, &info, o.User.ExternalID
		r.Unsure = slices.Sorted(maps.Keys(o.Skills))
	case o.Queue != nil:
		dn := o.Queue.DN
		r.EngageName, r.DN, r.Intent.Mark = dn.Number, &dn, o.Queue.PeerID
	}
	return []Change{{Intents, o.intentKey(), &r}}
}

// intentional tells whether the operation makes an object that must not be lost sight of.
func (o Operation) intentional() bool {
	return o.Action == Create && (o.Kind == Users || o.Kind == Queues)
}

func (o Operation) intentKey() string {
	return strings.Join([]string{string(o.Kind), o.ID, strings.ToLower(o.Name)}, " ")
}

// Unrelated returns the changes after an operation on relations of which nothing is open: what it
// could not settle is not there.
func (a Applied) Unrelated(o Operation) []Change {
	r := a[o.Kind][o.ID]
	r.Unsure = without(r.Unsure, o.IDs)
	return []Change{{o.Kind, o.ID, &r}}
}

// Abandoned returns the changes after a create that certainly made nothing.
func Abandoned(o Operation) []Change {
	if !o.intentional() {
		return nil
	}
	return []Change{{Kind: Intents, ID: o.intentKey()}}
}

// LookUps lists the open creates whose object is to be looked for now. One whose look-up was refused
// waits for its time.
func (a Applied) LookUps(now time.Time) []Operation {
	var due []Operation
	for _, key := range slices.Sorted(maps.Keys(a[Intents])) {
		r := a[Intents][key]
		o := Operation{Action: LookUp, Kind: Intents, ID: key, Name: r.EngageName}
		if refusal := a[Refusals][lookUpKey(key)].Refusal; refusal == nil || !refusal.Next.After(now) {
			due = append(due, o)
		}
	}
	return due
}

func lookUpKey(key string) string { return refusalKey(Intents, key, string(LookUp)) }

// Resolved returns the changes once it is known which object an open create has made; empty for
// none. An object that another record has is not ours. One whose Engage id has got another object
// since is kept under the key of the intent, so that it leaves like any object that is not wanted.
func (a Applied) Resolved(key, cloudID string) []Change {
	r := a[Intents][key]
	done := Change{Kind: Intents, ID: key}
	if r.Intent == nil || cloudID == "" || a.holds(r.Intent.Kind, cloudID) {
		return []Change{done}
	}
	kind, id := r.Intent.Kind, r.Intent.ID
	if _, taken := a[kind][id]; taken {
		id = key
	}
	r.CloudID, r.Intent = cloudID, nil
	return []Change{{kind, id, &r}, done}
}

func (a Applied) holds(kind Kind, cloudID string) bool {
	for _, r := range a[kind] {
		if r.CloudID == cloudID {
			return true
		}
	}
	return false
}

// Clear returns the changes that make the connector forget an Engage object and everything that it
// did for it: the next plan treats the object as new. known is false when there is no such record.
func (a Applied) Clear(kind Kind, id string) (changes []Change, known bool) {
	r, known := a[kind][id]
	if !known {
		return nil, false
	}
	changes = append(changes, Change{Kind: kind, ID: id})
	for other, o := range a[kind] {
		if o.AliasOf == id {
			changes = append(changes, Change{Kind: kind, ID: other})
		}
	}
	switch kind {
	case Users, Codes:
		changes = append(changes, a.clearRelation(id)...)
	case Skills:
		changes = append(changes, a.clearSkill(r.EngageName)...)
	case Queues, DNs, Source, Presences, Intents, Refusals:
	}
	return changes, true
}

func (a Applied) clearRelation(id string) []Change {
	var changes []Change
	ids := []string{id}
	for queue, q := range a[Queues] {
		if slices.Contains(q.Members, id) || slices.Contains(q.Unsure, id) || slices.Contains(q.Codes, id) {
			q.Members, q.Unsure, q.Codes = without(q.Members, ids), without(q.Unsure, ids), without(q.Codes, ids)
			changes = append(changes, Change{Queues, queue, &q})
		}
	}
	return changes
}

func (a Applied) clearSkill(name string) []Change {
	var changes []Change
	for user, u := range a[Users] {
		if _, has := u.Skills[name]; has || slices.Contains(u.Unsure, name) {
			u.Skills, u.Unsure = dropped(u.Skills, []string{name}), without(u.Unsure, []string{name})
			changes = append(changes, Change{Users, user, &u})
		}
	}
	return changes
}

// GoneIDs lists the objects of a kind that were deleted in the organization.
func (a Applied) GoneIDs(kind Kind) []string {
	var ids []string
	for id, r := range a[kind] {
		if r.Gone {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, desired.CompareIDs)
	return ids
}
