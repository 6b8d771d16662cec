// Package configmodel holds one consistent reading of the part of an Engage Config DB that
// config-sync needs. It knows no database and no EX organization: names and numbers are those of
// the Configuration Layer (CfgPerson, CfgDN, ...).
package configmodel

import (
	"strconv"
	"strings"
	"time"
)

// DBID identifies an object within its object type; Engage never uses one twice.
type DBID int64

// String returns the decimal form, which is the key of the ID map.
func (d DBID) String() string { return strconv.FormatInt(int64(d), 10) }

// ObjectType is CfgObjectType.
type ObjectType int

// The object types that a snapshot refers to.
const (
	ObjectSwitch      ObjectType = 1
	ObjectDN          ObjectType = 2
	ObjectPerson      ObjectType = 3
	ObjectAgentGroup  ObjectType = 5
	ObjectTenant      ObjectType = 7
	ObjectSkill       ObjectType = 13
	ObjectTransaction ObjectType = 16
	ObjectFolder      ObjectType = 22
	ObjectEnumerator  ObjectType = 35
)

// String returns the type's name for messages.
func (t ObjectType) String() string {
	switch t {
	case ObjectSwitch:
		return "switch"
	case ObjectDN:
		return "dn"
	case ObjectPerson:
		return "person"
	case ObjectAgentGroup:
		return "agent group"
	case ObjectTenant:
		return "tenant"
	case ObjectSkill:
		return "skill"
	case ObjectTransaction:
		return "transaction"
	case ObjectFolder:
		return "folder"
	case ObjectEnumerator:
		return "business attribute"
	}
	return "object type " + strconv.Itoa(int(t))
}

// DNType is CfgDNType, as far as call events refer to it.
type DNType int

// The DN types that config-sync reads.
const (
	DNExtension    DNType = 1
	DNACDQueue     DNType = 3
	DNRoutingPoint DNType = 4
	DNVirtualQueue DNType = 5
	DNRoutingQueue DNType = 22
)

// State is CfgObjectState.
type State int

// The states of an object. A deleted object normally has no row any more.
const (
	StateEnabled  State = 1
	StateDisabled State = 2
	StateDeleted  State = 3
)

// AttributeType is CfgEnumeratorType.
type AttributeType int

// AttributeInteractionOperational is the type "Interaction Operational Attributes".
const AttributeInteractionOperational AttributeType = 1

// Snapshot is one consistent reading of one tenant. Every list is ordered by DBID.
type Snapshot struct {
	Tenant        Tenant
	Switches      []Switch
	Persons       []Person
	Skills        []Skill
	SkillLevels   []SkillLevel
	DNs           []DN
	Groups        []Group
	Folders       []Folder
	FolderObjects []FolderObject
	Attributes    []BusinessAttribute
	Options       Options
}

// Empty tells whether the reading holds nothing that could be synchronised, which is far more
// often a wrong tenant or a broken account than an empty contact center.
func (s Snapshot) Empty() bool {
	return len(s.Persons) == 0 && len(s.DNs) == 0 && len(s.Skills) == 0
}

// Tenant is a CfgTenant.
type Tenant struct {
	DBID DBID
	Name string
}

// Switch is a CfgSwitch.
type Switch struct {
	DBID DBID
	Name string
}

// Person is a CfgPerson with its agent logins and its annex.
type Person struct {
	DBID       DBID
	UserName   string
	EmployeeID string
	Email      string
	FirstName  string
	LastName   string
	Agent      bool
	State      State
	Logins     []Login
	Annex      Annex
}

// Login is an agent login of a person on one switch.
type Login struct {
	SwitchDBID DBID
	SwitchName string
	Code       string
}

// Skill is a CfgSkill.
type Skill struct {
	DBID  DBID
	Name  string
	State State
}

// SkillLevel says how well a person masters a skill; Engage does not limit the number.
type SkillLevel struct {
	PersonDBID DBID
	SkillDBID  DBID
	Level      int
}

// DN is a CfgDN of one of the types above.
type DN struct {
	DBID       DBID
	Number     string
	Name       string // the alias
	Type       DNType
	State      State
	SwitchDBID DBID
	SwitchName string
	// LastModified is the newest entry of the history log for this DN in UTC; zero when the log
	// has none.
	LastModified time.Time
}

// Group is a CfgGroup with its static members. A group with a script is a virtual agent group.
type Group struct {
	DBID    DBID
	Name    string
	State   State
	Members []DBID
	Annex   Annex
}

// Folder is a CfgFolder. Type is the kind of objects that it may hold.
type Folder struct {
	DBID       DBID
	Name       string
	Type       ObjectType
	ParentDBID DBID
	ParentType ObjectType
	State      State
}

// FolderObject says which folder an object is in.
type FolderObject struct {
	FolderDBID DBID
	ObjectDBID DBID
	ObjectType ObjectType
}

// BusinessAttribute is a CfgEnumerator with its values.
type BusinessAttribute struct {
	DBID   DBID
	Name   string
	Type   AttributeType
	State  State
	Values []AttributeValue
	Annex  Annex
}

// AttributeValue is a CfgEnumeratorValue.
type AttributeValue struct {
	DBID        DBID
	Name        string
	DisplayName string
	State       State
}

// Annex is the user properties of an object: sections at the first level, options below them,
// and lists of any depth below those.
type Annex []Property

// Property is one node of an annex.
type Property struct {
	Name     string
	Value    string
	Children []Property
}

// Value returns the option of a section. Names are compared case-sensitively, as Engage does.
func (a Annex) Value(section, option string) (string, bool) {
	for _, s := range a {
		if s.Name != section {
			continue
		}
		for _, o := range s.Children {
			if o.Name == option {
				return o.Value, true
			}
		}
	}
	return "", false
}

// Options are the sections of the transaction hybrid_integration: section -> option -> value.
type Options map[string]map[string]string

// OptionsOf flattens a transaction's annex into its sections. Blanks around values, which are easily pasted
// along, are dropped: no URL, id or list has any, and a secret neither.
func OptionsOf(annex Annex) Options {
	out := make(Options, len(annex))
	for _, section := range annex {
		if out[section.Name] == nil {
			out[section.Name] = make(map[string]string, len(section.Children))
		}
		for _, o := range section.Children {
			out[section.Name][o.Name] = strings.TrimSpace(o.Value)
		}
	}
	return out
}

// Get returns the option of a section, empty when it is not set.
func (o Options) Get(section, option string) string { return o[section][option] }

// The transaction that holds the connector's configuration, and its sections (guide, "Transaction
// Annex Folders").
const (
	TransactionName   = "hybrid_integration"
	SectionGeneral    = "general"
	SectionConfigSync = "config_sync"
)
