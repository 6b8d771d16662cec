package configdb

import (
	"fmt"
	"regexp"
)

// Names holds the physical names that Genesys does not document. A reader of a Config DB has to
// find them out, so the lab can be run with other names to prove that it does.
type Names struct {
	Folder          string
	FolderObject    string
	Enumerator      string
	EnumeratorValue string
	Transaction     string
	EmailColumn     string // in cfg_person
	PartColumn      string // in cfg_flex_prop
}

// DefaultNames are the names of the project's reference schema.
func DefaultNames() Names {
	return Names{
		Folder:          "cfg_folder",
		FolderObject:    "cfg_folder_object",
		Enumerator:      "cfg_enumerator",
		EnumeratorValue: "cfg_enumerator_value",
		Transaction:     "cfg_transaction",
		EmailColumn:     "email_address",
		PartColumn:      "part",
	}
}

// withDefaults fills the names that were left empty.
func (n Names) withDefaults() Names {
	d := DefaultNames()
	for _, f := range []struct{ name, def *string }{
		{&n.Folder, &d.Folder},
		{&n.FolderObject, &d.FolderObject},
		{&n.Enumerator, &d.Enumerator},
		{&n.EnumeratorValue, &d.EnumeratorValue},
		{&n.Transaction, &d.Transaction},
		{&n.EmailColumn, &d.EmailColumn},
		{&n.PartColumn, &d.PartColumn},
	} {
		if *f.name == "" {
			*f.name = *f.def
		}
	}
	return n
}

// identifierPattern is a name that needs no quotes in any of the databases.
var identifierPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,29}$`)

// validate refuses names that are no plain identifiers: they are written into SQL text.
func (n Names) validate() error {
	for what, name := range map[string]string{
		"Folder": n.Folder, "FolderObject": n.FolderObject, "Enumerator": n.Enumerator,
		"EnumeratorValue": n.EnumeratorValue, "Transaction": n.Transaction,
		"EmailColumn": n.EmailColumn, "PartColumn": n.PartColumn,
	} {
		if !identifierPattern.MatchString(name) {
			return fmt.Errorf("names: %s %q is no lower-case identifier", what, name)
		}
	}
	return nil
}
