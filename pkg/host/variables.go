package host

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
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

// VariablesText renders variables for a terminal.
func VariablesText(variables []Variable) string {
	var text strings.Builder
	_, _ = text.WriteString("Environment variables; a secret can also be given as the path of a file in NAME_FILE, and all of them\nin the file that CONFIG_FILE names (NAME=value lines; the environment wins):\n")
	for _, variable := range variables {
		standard := ""
		switch {
		case variable.Required:
			standard = " (required)"
		case variable.Default != "":
			standard = " (default " + variable.Default + ")"
		}
		_, _ = fmt.Fprintf(&text, "\n  %s%s\n      %s", variable.Name, standard, variable.Help)
	}
	return text.String()
}

// Mistyped returns a warning for each variable of the environment that the service does not know
// and whose name is almost that of one that it does.
func Mistyped(environ []string, variables []Variable) []string {
	known := map[string]bool{configFile: true}
	for _, variable := range variables {
		known[variable.Name] = true
		if variable.Secret {
			known[variable.Name+fileSuffix] = true
		}
	}
	var warnings []string
	for _, line := range environ {
		name, _, _ := strings.Cut(line, "=")
		if known[name] || len(name) < shortestName {
			continue
		}
		if near, ok := nearest(name, known); ok {
			warnings = append(warnings, fmt.Sprintf("%s is not a variable of this service; did you mean %s?", name, near))
		}
	}
	slices.Sort(warnings)
	return warnings
}

// Names shorter than this are alike by chance. A name may differ in two letters, or in letter case.
const (
	shortestName  = 6
	mistypedBound = 2
)

// nearest finds the known name that differs least, if any differs little enough.
func nearest(name string, known map[string]bool) (string, bool) {
	best, distance := "", mistypedBound+1
	for _, candidate := range slices.Sorted(maps.Keys(known)) {
		if strings.EqualFold(name, candidate) {
			return candidate, true
		}
		if d := editDistance(name, candidate); d < distance {
			best, distance = candidate, d
		}
	}
	return best, best != ""
}

// editDistance counts the letters to insert, delete, replace or swap with their neighbour to turn one
// name into the other (optimal string alignment).
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
