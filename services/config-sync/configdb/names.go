package configdb

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Names are the tables and columns of a Config DB as an operator may state them. An empty field
// takes its default or, where Genesys documents no name, is looked for in the database's catalogue
// (see Probe). "-" says that something does not exist, where the service can do without it.
//
// Not verified against a live Config DB: whatever has no default here.
type Names struct {
	Tenant     string `json:"tenant" default:"cfg_tenant"`
	Switch     string `json:"switch" default:"cfg_switch"`
	DN         string `json:"dn" default:"cfg_dn"`
	Person     string `json:"person" default:"cfg_person"`
	Skill      string `json:"skill" default:"cfg_skill"`
	SkillLevel string `json:"skill_level" default:"cfg_skill_level"`
	AgentLogin string `json:"agent_login" default:"cfg_agent_login"`
	LoginInfo  string `json:"login_info" default:"cfg_login_info"`
	Group      string `json:"group" default:"cfg_group"`
	AgentGroup string `json:"agent_group" default:"cfg_agent_group"`
	FlexProp   string `json:"flex_prop" default:"cfg_flex_prop"`
	// Locale is the dictionary of the enumerations, which the numbers are checked against where it exists.
	Locale string `json:"locale" default:"cfg_locale" optional:""`

	PersonEmail string `json:"person_email" optional:"NULL"`
	DNState     string `json:"dn_state" optional:"1"`
	FlexPart    string `json:"flex_part" optional:""`
	// GroupType is the number of agent groups in the column group_type, which tells them from the
	// other kinds of groups in the same table; several are separated by commas.
	GroupType string `json:"group_type" optional:""`

	Folder           string `json:"folder"`
	FolderType       string `json:"folder_type"`
	FolderParent     string `json:"folder_parent"`
	FolderParentType string `json:"folder_parent_type"`
	FolderOwner      string `json:"folder_owner" optional:""`
	FolderOwnerType  string `json:"folder_owner_type" optional:""`
	FolderState      string `json:"folder_state" optional:"1"`
	FolderObject     string `json:"folder_object"`
	LinkFolder       string `json:"link_folder"`
	LinkObject       string `json:"link_object"`
	LinkType         string `json:"link_type"`

	Enumerator      string `json:"enumerator" optional:""`
	EnumeratorType  string `json:"enumerator_type"`
	EnumeratorState string `json:"enumerator_state" optional:"1"`
	Value           string `json:"value" optional:""`
	ValueEnumerator string `json:"value_enumerator"`
	ValueDisplay    string `json:"value_display" optional:"NULL"`
	ValueState      string `json:"value_state" optional:"1"`

	Transaction      string `json:"transaction" optional:""`
	TransactionType  string `json:"transaction_type"`
	TransactionState string `json:"transaction_state" optional:"1"`

	History       string `json:"history" optional:""`
	HistoryObject string `json:"history_object"`
	HistoryType   string `json:"history_type"`
	HistoryTime   string `json:"history_time"`
}

// Absent says that a table or column does not exist.
const Absent = "-"

// identifierPattern is what may be put into a statement as a name.
var identifierPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$#]{0,127}$`)

// groupTypePattern is one number or more of CfgGroup's kinds.
var groupTypePattern = regexp.MustCompile(`^[0-9]{1,4}(, ?[0-9]{1,4}){0,9}$`)

// nameField is one field of Names.
type nameField struct {
	field, key string
	fallback   string // what is read where the column does not exist
	initial    string
	optional   bool
}

func nameFields() []nameField {
	t := reflect.TypeFor[Names]()
	fields := make([]nameField, 0, t.NumField())
	for f := range t.Fields() {
		fallback, optional := f.Tag.Lookup("optional")
		fields = append(fields, nameField{
			field: f.Name, key: f.Tag.Get("json"), fallback: fallback, optional: optional, initial: f.Tag.Get("default"),
		})
	}
	return fields
}

func (n *Names) get(field string) string {
	return reflect.ValueOf(n).Elem().FieldByName(field).String()
}

func (n *Names) set(field, value string) {
	reflect.ValueOf(n).Elem().FieldByName(field).SetString(value)
}

// check refuses what is no plain identifier, since names cannot be bound as parameters.
func (f nameField) check(value string) error {
	switch {
	case value == "", value == Absent && f.optional:
		return nil
	case value == Absent:
		return fmt.Errorf("%s: the service cannot do without it", f.key)
	case f.field == "GroupType" && !groupTypePattern.MatchString(value):
		return fmt.Errorf("%s: %q is no number", f.key, value)
	case f.field != "GroupType" && !identifierPattern.MatchString(value):
		return fmt.Errorf("%s: %q is no identifier", f.key, value)
	}
	return nil
}

// validate returns the first field that cannot be used.
func (n *Names) validate() error {
	for _, f := range nameFields() {
		if err := f.check(n.get(f.field)); err != nil {
			return err
		}
	}
	return nil
}

// withDefaults fills in the documented names.
func (n Names) withDefaults() Names {
	for _, f := range nameFields() {
		if f.initial != "" && n.get(f.field) == "" {
			n.set(f.field, f.initial)
		}
	}
	return n
}

// ValidSchema tells whether a schema can be put before the names of tables.
func ValidSchema(schema string) bool { return schema == "" || identifierPattern.MatchString(schema) }

// has tells whether a table or column exists.
func (n *Names) has(fields ...string) bool {
	return !slices.ContainsFunc(fields, func(field string) bool {
		return strings.Trim(n.get(field), Absent) == ""
	})
}
