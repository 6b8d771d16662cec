package host

import (
	"fmt"
	"reflect"
	"strings"
)

// Variable is one environment variable of a service.
type Variable struct {
	Name     string
	Required bool
	Default  string
	Secret   bool // a NAME_FILE variant reads it from a file
	Help     string
}

// Variables lists what a service's configuration type reads, in the order of its fields, with the
// defaults that the type sets itself (Defaults).
func Variables[T any]() []Variable {
	var config T
	defaults := map[string]string{}
	if own, ok := any(&config).(interface{ Defaults() map[string]string }); ok {
		defaults = own.Defaults()
	}
	found := variablesOf(reflect.TypeFor[T](), "")
	for i := range found {
		if own, ok := defaults[found[i].Name]; ok {
			found[i].Default = own
		}
	}
	return found
}

func variablesOf(structure reflect.Type, prefix string) []Variable {
	var found []Variable
	for field := range structure.Fields() {
		if key := ownKey(field); key != "" {
			found = append(found, Variable{
				Name: prefix + key, Required: mandatory(field), Default: field.Tag.Get("envDefault"),
				Secret: field.Type == reflect.TypeFor[Secret](), Help: helpOf(field, ""),
			})
			continue
		}
		if field.Type.Kind() == reflect.Struct && field.IsExported() {
			found = append(found, variablesOf(field.Type, prefix+field.Tag.Get("envPrefix"))...)
		}
	}
	return found
}

// VariablesTable renders variables as a Markdown page.
func VariablesTable(service string, variables []Variable) string {
	var page strings.Builder
	_, _ = fmt.Fprintf(&page, "# Variables of %s\n\nGenerated from the code; a secret can also be given as the path of a file in NAME_FILE.\n\n", service)
	_, _ = page.WriteString("| variable | default | meaning |\n|---|---|---|\n")
	for _, variable := range variables {
		standard := "`" + variable.Default + "`"
		switch {
		case variable.Required:
			standard = "required"
		case variable.Default == "":
			standard = "–"
		}
		help := variable.Help
		if variable.Secret {
			help += " (secret)"
		}
		_, _ = fmt.Fprintf(&page, "| `%s` | %s | %s |\n", variable.Name, standard, strings.ReplaceAll(help, "|", `\|`))
	}
	return page.String()
}
