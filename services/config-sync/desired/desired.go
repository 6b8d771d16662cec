// Package desired derives the objects that the EX organization shall have from a snapshot of the
// Engage configuration (guide, chapter "EX Engage Connector Configuration Sync Service"). It is
// pure: the same snapshot and options always give the same organization.
package desired

import (
	"strings"

	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/folders"
)

// Options steer the derivation.
type Options struct {
	// TenantLabel is the tenant part of a queue's description; see TenantLabel.
	TenantLabel string
	// QueueSuffix is GC_QUEUE_NAME_SUFFIX.
	QueueSuffix string
	// Mapped are the ids of the persons that have a user already.
	Mapped map[string]bool
	// QueueTypes are the DN types that become queues; empty means Virtual Queue only.
	QueueTypes []configmodel.DNType
	// CustomerObjectsOnly and FolderNames are the folder filter.
	CustomerObjectsOnly bool
	FolderNames         []string
}

// Org is the wanted state. Every list is ordered by Engage id and free of duplicates in the sense
// of the organization, where names are not case-sensitive.
type Org struct {
	Users  []User  `json:"users"`
	Skills []Skill `json:"skills"`
	Queues []Queue `json:"queues"`
	Codes  []Code  `json:"wrapupCodes"`
	DNs    []DN    `json:"dns"`
	Roles  Roles   `json:"roles"`
}

// User is derived from a Person.
type User struct {
	ID          string   `json:"id"` // DBID of the person
	UserName    string   `json:"userName"`
	DisplayName string   `json:"displayName"`
	Email       string   `json:"email,omitempty"`
	ExternalID  string   `json:"externalId"`
	Active      bool     `json:"active"`
	Kind        UserKind `json:"kind"`
	// Skills are the proficiencies by the name that the skill has in the organization.
	Skills  map[string]float64 `json:"skills,omitempty"`
	Person  Person             `json:"person"`
	Aliases []Alias            `json:"aliases,omitempty"`
}

// Person is what the event side needs to know of a person and the organization does not hold.
type Person struct {
	UserName   string  `json:"userName"`
	EmployeeID string  `json:"employeeId,omitempty"`
	Agent      bool    `json:"agent"`
	Active     bool    `json:"active"`
	Logins     []Login `json:"logins,omitempty"`
}

// Login is an agent login on a switch.
type Login struct {
	Switch string `json:"switch"`
	Code   string `json:"code"`
}

// Skill is derived from a Skill.
type Skill struct {
	ID      string  `json:"id"` // DBID of the skill
	Name    string  `json:"name"`
	Aliases []Alias `json:"aliases,omitempty"`
}

// Queue is derived from a Virtual Queue DN.
type Queue struct {
	ID          string `json:"id"` // DBID of the DN
	Name        string `json:"name"`
	Description string `json:"description"`
	PeerID      string `json:"peerId"`
	DN          DN     `json:"dn"`
	// Members are the Engage ids of the users, in order.
	Members []string `json:"members,omitempty"`
	// KeepMembers forbids taking members away, because the membership of at least one linked
	// group could not be determined.
	KeepMembers bool    `json:"keepMembers,omitempty"`
	Aliases     []Alias `json:"aliases,omitempty"`
}

// Code is a wrap-up code, derived from a value of a Business Attribute.
type Code struct {
	ID      string  `json:"id"` // name of the value, case-sensitive
	Name    string  `json:"name"`
	Value   string  `json:"value"` // DBID of the value, which stays when its name changes
	Aliases []Alias `json:"aliases,omitempty"`
}

// DN is a directory number.
type DN struct {
	ID     string             `json:"id"` // DBID
	Switch string             `json:"switch"`
	Number string             `json:"number"`
	Alias  string             `json:"alias,omitempty"`
	Type   configmodel.DNType `json:"type"`
}

// Alias is an Engage object that is mapped to the EX object of another one, because the names
// differ in case only or not at all.
type Alias struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"` // the Engage name
	Person *Person `json:"person,omitempty"`
	DN     *DN     `json:"dn,omitempty"`
}

// Build derives the organization. The report names everything that was left out or joined, with
// the reason.
func Build(snap configmodel.Snapshot, opts Options) (Org, Report) {
	b := &builder{snap: snap, opts: opts, scope: scopeOf(snap, opts), persons: map[configmodel.DBID]bool{}}
	for _, p := range snap.Persons {
		b.persons[p.DBID] = true
	}
	b.noteFolders()
	b.noteReferences()
	org := Org{Roles: rolesOf(snap.Options)}
	org.Skills = b.skills()
	org.Users = b.users()
	org.Queues = b.queues()
	b.members(org.Queues)
	org.Codes = b.codes()
	org.DNs = b.dns()
	return org, b.report
}

type builder struct {
	snap   configmodel.Snapshot
	opts   Options
	scope  folders.Selection
	report Report
	// persons are all persons of the configuration.
	persons map[configmodel.DBID]bool
	// skillName is the name in the organization by the skill's DBID, for skills in scope.
	skillName map[configmodel.DBID]string
	// userOf is the id of the user that a person is mapped to, for persons in scope.
	userOf map[configmodel.DBID]string
}

func scopeOf(snap configmodel.Snapshot, opts Options) folders.Selection {
	if !opts.CustomerObjectsOnly {
		return folders.All()
	}
	return folders.Select(snap.Folders, snap.FolderObjects, opts.FolderNames)
}

// TenantLabel is the tenant part of a description: TENANT_NAME, else TENANT_ID, else
// default_tenant.
func TenantLabel(name, id string) string {
	switch {
	case name != "":
		return name
	case id != "":
		return id
	}
	return "default_tenant"
}

// fold is the form in which the organization compares names.
func fold(name string) string { return strings.ToLower(name) }
