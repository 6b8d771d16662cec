package configdb

import (
	"fmt"
	"reflect"
	"regexp"
)

// Names are the tables and columns whose physical names Genesys does not document, or which sites
// are known to change. The zero value of a field means its default; PersonEmail and FlexPart may
// be "-" where the column does not exist.
//
// Not verified against a live Config DB: the folder, folder-object, enumerator, value and
// transaction tables, and the columns PersonEmail and FlexPart, are inferred from the object model.
type Names struct {
	Schema           string // prefix of every table, such as the owner of the tables in Oracle
	Tenant           string `default:"cfg_tenant"`
	Switch           string `default:"cfg_switch"`
	DN               string `default:"cfg_dn"`
	Person           string `default:"cfg_person"`
	PersonEmail      string `default:"email_address"`
	Skill            string `default:"cfg_skill"`
	SkillLevel       string `default:"cfg_skill_level"`
	AgentLogin       string `default:"cfg_agent_login"`
	LoginInfo        string `default:"cfg_login_info"`
	Group            string `default:"cfg_group"`
	AgentGroup       string `default:"cfg_agent_group"`
	FlexProp         string `default:"cfg_flex_prop"`
	FlexPart         string `default:"part"`
	Folder           string `default:"cfg_folder"`
	FolderParent     string `default:"parent_dbid"`
	FolderParentType string `default:"parent_type"`
	FolderObject     string `default:"cfg_folder_object"`
	LinkFolder       string `default:"folder_dbid"`
	LinkObject       string `default:"object_dbid"`
	LinkType         string `default:"object_type"`
	Enumerator       string `default:"cfg_enumerator"`
	EnumeratorType   string `default:"type"`
	Value            string `default:"cfg_enumerator_value"`
	ValueEnumerator  string `default:"enumerator_dbid"`
	Transaction      string `default:"cfg_transaction"`
}

// absent says that a column does not exist.
const absent = "-"

// identifierPattern is what may be put into a statement as a name.
var identifierPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$#]{0,127}$`)

// resolved fills in the defaults and refuses what is no plain identifier, since names cannot be
// bound as parameters.
func (n Names) resolved() (Names, error) {
	v := reflect.ValueOf(&n).Elem()
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		if value.String() == "" {
			value.SetString(field.Tag.Get("default"))
		}
		optional := field.Name == "PersonEmail" || field.Name == "FlexPart"
		switch text := value.String(); {
		case text == "" && field.Name == "Schema", text == absent && optional:
		case !identifierPattern.MatchString(text):
			return n, fmt.Errorf("name %s: %q is no identifier", field.Name, text)
		}
	}
	if n.Schema != "" {
		n.Schema += "."
	}
	return n, nil
}

// fields returns the values by their field names, for the statements' placeholders.
func (n Names) fields() map[string]string {
	v := reflect.ValueOf(n)
	out := make(map[string]string, v.NumField())
	for i := range v.NumField() {
		out[v.Type().Field(i).Name] = v.Field(i).String()
	}
	return out
}
