package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"engage.connector/services/config-sync/desired"
)

// Action is what an operation does.
type Action string

// The actions. The last four make no API call: they change what the connector remembers. LookUp is
// not planned: it asks what has become of an open create, before the plan is made.
const (
	EnsureSource  Action = "ensure-source"
	DefaultSource Action = "set-default-source"
	ReadPresences Action = "read-presences"
	Create        Action = "create"
	Enable        Action = "enable"  // makes a user active
	Disable       Action = "disable" // makes a user inactive that stays in the synchronisation
	Vacate        Action = "vacate"  // gives an object a temporary name, so that another one can have its own
	Update        Action = "update"
	Deactivate    Action = "deactivate"
	AddRoles      Action = "add-roles"
	SetSkills     Action = "set-skills"
	DropSkills    Action = "drop-skills"
	AddMembers    Action = "add-members"
	RemoveMembers Action = "remove-members"
	AddCodes      Action = "add-codes"
	LookUp        Action = "look-up"
	Adopt         Action = "adopt"
	Remember      Action = "remember"
	Retire        Action = "retire"
	Forget        Action = "forget"
)

var actionTable = []Action{
	EnsureSource, DefaultSource, ReadPresences, Create, Enable, Disable, Vacate, Update, Deactivate, AddRoles, SetSkills,
	DropSkills, AddMembers, RemoveMembers, AddCodes, LookUp, Adopt, Remember, Retire, Forget,
}

// Actions returns all actions.
func Actions() []Action { return slices.Clone(actionTable) }

// Stage orders operations: those of one stage need nothing of each other, except operations on the
// same object, which keep their order.
type Stage int

// The stages.
const (
	StageAdopt   Stage = iota
	StageProtect       // whether users are active, before anything that could be refused
	StageOrganization
	StageNames   // skills and wrap-up codes, which users and queues refer to
	StageUpdates // before the creates, which may need the name that an update gives free
	StageObjects
	StageRelations // members and codes of queues
	StageRetire
	StageMemory
)

// The sizes that one API call may have.
const (
	maxMembersPerCall = 100
	maxCodesPerCall   = 100
	maxSkillsPerCall  = 50
)

// Operation is one step of a plan. It carries everything that executing it takes except the ids
// of objects in the organization, which may come to be only while the plan is executed.
type Operation struct {
	Stage  Stage  `json:"-"`
	Action Action `json:"action"`
	Kind   Kind   `json:"kind"`
	ID     string `json:"id"`             // Engage id
	Name   string `json:"name,omitempty"` // name in the organization
	Calls  int    `json:"calls"`          // API calls that change something

	From   string             `json:"from,omitempty"`   // adopt: the id that had the record; remember: the alias' primary
	IDs    []string           `json:"ids,omitempty"`    // members, codes: Engage ids; skills to drop: names
	Skills map[string]float64 `json:"skills,omitempty"` // create user, set-skills
	Roles  []string           `json:"roles,omitempty"`  // create user, add-roles
	// Changes are the attributes that an update sets.
	Changes []FieldChange `json:"changes,omitempty"`
	// Group joins operations on several objects that have to follow each other: those that pass
	// names on.
	Group string `json:"-"`
	// Loss is what the operation takes away; Incidental losses are counted with their cause.
	Loss       Loss `json:"loss,omitempty"`
	Incidental bool `json:"-"`

	// Value is the DBID of a wrap-up code's value.
	Value string `json:"value,omitempty"`
	// Open are all roles that the user is still to get; Roles are those that are asked for now.
	Open []string `json:"-"`
	// Bare says that a create has made the user without its roles.
	Bare bool `json:"-"`

	User   *desired.User  `json:"user,omitempty"`
	Queue  *desired.Queue `json:"queue,omitempty"`
	Record *Record        `json:"record,omitempty"` // remember: what to know from now on
}

// String returns the operation as a line for the operator.
func (o Operation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-18s %-11s %s", o.Action, o.Kind, o.ID)
	if o.Name != "" && o.Name != o.ID {
		fmt.Fprintf(&b, " %q", o.Name)
	}
	if o.From != "" {
		fmt.Fprintf(&b, " from %s", o.From)
	}
	switch {
	case len(o.IDs) > 0:
		fmt.Fprintf(&b, " %s", abridged(o.IDs))
	case len(o.Roles) > 0:
		fmt.Fprintf(&b, " roles %s", strings.Join(o.Roles, ", "))
	}
	if len(o.Skills) > 0 {
		fmt.Fprintf(&b, " skills %s", skillList(o.Skills))
	}
	return b.String()
}

// abridged prints up to ten ids and the number of the rest.
func abridged(ids []string) string {
	const most = 10
	if len(ids) <= most {
		return strings.Join(ids, ",")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:most], ","), len(ids)-most)
}

func skillList(skills map[string]float64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(skills)) {
		parts = append(parts, fmt.Sprintf("%s=%.1f", name, skills[name]))
	}
	return strings.Join(parts, ", ")
}

// After returns the records that change once the operation has been executed. cloudID and
// cloudName are those of the object for actions that make or find one, else empty.
//
// It is the only place that says what an executed operation means, for the planner, for the one
// who executes and for the tests.
func (a Applied) After(o Operation, cloudID, cloudName string) []Change {
	return append(a.after(o, cloudID, cloudName), a.cured(o)...)
}

func (a Applied) after(o Operation, cloudID, cloudName string) []Change {
	r := a[o.Kind][o.ID]
	switch o.Action {
	case LookUp:
		return nil
	case Adopt:
		return a.adopted(o)
	case Forget:
		return []Change{{Kind: o.Kind, ID: o.ID}}
	case EnsureSource:
		r = Record{CloudID: cloudID, EngageName: o.ID, CloudName: cloudName}
	case DefaultSource:
		r.Default = true
	case ReadPresences:
		r = Record{CloudID: cloudID, EngageName: o.ID, CloudName: cloudName}
	case Create:
		r = created(r, o, cloudID, cloudName)
		return append([]Change{{o.Kind, o.ID, &r}}, Abandoned(o)...)
	case Update, Vacate, Enable, Disable:
		r = updated(r, o)
	case Deactivate:
		r.Removed, r.Fields = true, changed(r.Fields, []FieldChange{{Field: FieldActive, After: "false"}})
	case Retire:
		r.Removed = true
	case AddRoles:
		r.Role, r.OpenRoles = o.User.Kind, without(union(r.OpenRoles, o.Open), o.Roles)
	case SetSkills:
		r.Skills, r.Unsure = merged(r.Skills, o.Skills), without(r.Unsure, slices.Collect(maps.Keys(o.Skills)))
	case DropSkills:
		r.Skills, r.Unsure = dropped(r.Skills, o.IDs), without(r.Unsure, o.IDs)
	case AddMembers:
		r.Members, r.Unsure = union(r.Members, o.IDs), without(r.Unsure, o.IDs)
	case RemoveMembers:
		r.Members, r.Unsure = without(r.Members, o.IDs), without(r.Unsure, o.IDs)
	case AddCodes:
		r.Codes = union(r.Codes, o.IDs)
	case Remember:
		r = a.remembered(r, o)
	}
	return []Change{{o.Kind, o.ID, &r}}
}

// adopted moves a record to another Engage id, and with it the memberships of a user.
func (a Applied) adopted(o Operation) []Change {
	r := a[o.Kind][o.From]
	changes := []Change{{o.Kind, o.ID, &r}, {Kind: o.Kind, ID: o.From}}
	switch o.Kind {
	case Users:
		changes = append(changes, a.rejoined(o.From, o.ID)...)
	case Codes:
		for id, q := range a[Queues] {
			if slices.Contains(q.Codes, o.From) {
				q.Codes = renamed(q.Codes, o.From, o.ID)
				changes = append(changes, Change{Queues, id, &q})
			}
		}
	}
	return changes
}

// rejoined moves the memberships of a user to another Engage id.
func (a Applied) rejoined(from, to string) []Change {
	var changes []Change
	for id, q := range a[Queues] {
		if slices.Contains(q.Members, from) || slices.Contains(q.Unsure, from) {
			q.Members, q.Unsure = renamed(q.Members, from, to), renamed(q.Unsure, from, to)
			changes = append(changes, Change{Queues, id, &q})
		}
	}
	return changes
}

// Succeeded returns the changes after the object of an Engage object that has left was found and
// taken over by another: what the first one was given must be known, to be taken away.
func (a Applied) Succeeded(kind Kind, from, to string) []Change {
	r, old := a[kind][to], a[kind][from]
	left := union(old.Unsure, slices.Collect(maps.Keys(old.Skills)))
	r.Unsure = union(r.Unsure, without(left, slices.Collect(maps.Keys(r.Skills))))
	r.Members, r.Codes = union(r.Members, old.Members), union(r.Codes, old.Codes)
	changes := []Change{{kind, to, &r}, {Kind: kind, ID: from}}
	if kind == Users {
		changes = append(changes, a.rejoined(from, to)...)
	}
	return changes
}

func renamed(ids []string, from, to string) []string {
	if !slices.Contains(ids, from) {
		return ids
	}
	return union(without(ids, []string{from}), []string{to})
}

func created(before Record, o Operation, cloudID, cloudName string) Record {
	r := Record{CloudID: cloudID, EngageName: o.Name, CloudName: cloudName, Value: o.Value}
	switch {
	case o.User != nil:
		info := o.User.Person
		r.EngageName, r.Fields, r.Role = info.UserName, UserFields(*o.User), o.User.Kind
		r.Skills, r.Person = o.Skills, &info
		if o.Bare {
			r.OpenRoles = o.Roles
		}
	case o.Queue != nil:
		dn := o.Queue.DN
		r.EngageName, r.Fields, r.DN = dn.Number, QueueFields(*o.Queue), &dn
	case before.CloudID != "" && before.CloudID != cloudID && before.AliasOf == "":
		r.Former = maps.Clone(before.Former)
		if r.Former == nil {
			r.Former = map[string]string{}
		}
		r.Former[before.EngageName] = before.CloudID
	}
	return r
}

func updated(r Record, o Operation) Record {
	r.Removed, r.Fields = false, changed(r.Fields, o.Changes)
	for _, c := range o.Changes {
		if c.Field == FieldUserName || c.Field == FieldName {
			r.CloudName = c.After
		}
	}
	if o.Queue != nil {
		dn := o.Queue.DN
		r.EngageName, r.DN = dn.Number, &dn
	}
	return r
}

// remembered takes over what the event side must know. An alias gets the object of its primary.
func (a Applied) remembered(r Record, o Operation) Record {
	next := *o.Record
	if o.From != "" {
		primary := a[o.Kind][o.From]
		next.AliasOf, next.CloudID, next.CloudName = o.From, primary.CloudID, primary.CloudName
		return next
	}
	r.EngageName, r.Role, r.Person, r.DN, r.Value = next.EngageName, next.Role, next.Person, next.DN, next.Value
	r.Removed, r.Gone, r.AliasOf, r.Intent = false, false, "", nil
	return r
}

func merged(a, b map[string]float64) map[string]float64 {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]float64{}
	}
	maps.Copy(out, b)
	return out
}

func dropped(a map[string]float64, names []string) map[string]float64 {
	if len(a) == 0 {
		return a
	}
	out := maps.Clone(a)
	for _, name := range names {
		delete(out, name)
	}
	return out
}
