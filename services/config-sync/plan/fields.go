package plan

import (
	"maps"
	"slices"
	"strconv"

	"engage.connector/services/config-sync/desired"
)

// The attributes of objects that Engage controls, as operators and refusals name them.
const (
	FieldActive      = "active"
	FieldUserName    = "userName"
	FieldDisplayName = "displayName"
	FieldEmails      = "emails"
	FieldExternalID  = "externalId"
	FieldName        = "name"
	FieldDescription = "description"
	FieldPeerID      = "peerId"
)

// fieldTable orders the attributes. Whether a user is active comes first, because it protects
// people; the rest is in the order of its weight.
var fieldTable = []string{
	FieldActive, FieldUserName, FieldName, FieldDisplayName, FieldEmails, FieldExternalID, FieldDescription, FieldPeerID,
}

// FieldNames returns the attributes in the order of the table.
func FieldNames() []string { return slices.Clone(fieldTable) }

// FieldChange is one attribute of an object that gets another value.
type FieldChange struct {
	Field string `json:"field"`
	// Before is what was applied last; Known says whether that is still certain.
	Before string `json:"before"`
	After  string `json:"after"`
	Known  bool   `json:"known"`
}

// UserFields are the attributes of a user and their wanted values.
func UserFields(u desired.User) map[string]string {
	return map[string]string{
		FieldActive: strconv.FormatBool(u.Active), FieldUserName: u.UserName, FieldDisplayName: u.DisplayName,
		FieldEmails: u.Email, FieldExternalID: u.ExternalID,
	}
}

// QueueFields are the attributes of a queue and their wanted values.
func QueueFields(q desired.Queue) map[string]string {
	return map[string]string{FieldName: q.Name, FieldDescription: q.Description, FieldPeerID: q.PeerID}
}

// changesOf lists, in the order of the table, the attributes whose applied value is not the wanted
// one or is not known.
func changesOf(applied, wanted map[string]string) []FieldChange {
	var changes []FieldChange
	for _, field := range fieldTable {
		after, has := wanted[field]
		before, known := applied[field]
		if has && (!known || before != after) {
			changes = append(changes, FieldChange{Field: field, Before: before, After: after, Known: known})
		}
	}
	return changes
}

// every lists all wanted values as changes.
func every(applied, wanted map[string]string) []FieldChange {
	var changes []FieldChange
	for _, field := range fieldTable {
		if after, has := wanted[field]; has {
			before, known := applied[field]
			changes = append(changes, FieldChange{Field: field, Before: before, After: after, Known: known})
		}
	}
	return changes
}

// unknown returns the fields without those that are about to change.
func unknown(fields map[string]string, changes []FieldChange) map[string]string {
	out := maps.Clone(fields)
	for _, c := range changes {
		delete(out, c.Field)
	}
	return out
}

// changed returns the fields after the changes.
func changed(fields map[string]string, changes []FieldChange) map[string]string {
	out := maps.Clone(fields)
	if out == nil {
		out = map[string]string{}
	}
	for _, c := range changes {
		out[c.Field] = c.After
	}
	return out
}

// split separates the change of whether a user is active from all others.
func split(changes []FieldChange) (active, others []FieldChange) {
	for _, c := range changes {
		if c.Field == FieldActive {
			active = append(active, c)
		} else {
			others = append(others, c)
		}
	}
	return active, others
}
