package presence

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Reasons translates the names of Not Ready reasons, as a center spells them, to the four that the
// guide's table knows. Names are compared exactly (E-EXAS-023); a name that is missing gives Busy.
type Reasons map[string]SystemPresence

// standardReasons lists the presences that a reason can give; each is also the name of the reason
// that gives it (guide, EXAS, Mapping Agent States).
func standardReasons() []SystemPresence { return []SystemPresence{Break, Meal, Meeting, Training} }

// StandardReasons are the reasons of the guide.
func StandardReasons() Reasons {
	reasons := Reasons{}
	for _, presence := range standardReasons() {
		reasons[string(presence)] = presence
	}
	return reasons
}

// ParseReasons reads a center's own names, "Break=Pause|Kaffee,Meal=Mittag", and returns them beside
// the guide's. A backslash keeps a comma, a bar, an equals sign or a backslash in a name. The error
// lists every fault.
func ParseReasons(text string) (Reasons, error) {
	reasons := StandardReasons()
	var faults []error
	for _, group := range split(text, ',') {
		if strings.TrimSpace(group) == "" {
			continue
		}
		sides := split(group, '=')
		if len(sides) != 2 {
			faults = append(faults, fmt.Errorf("%q is not of the form Presence=reason|reason", group))
			continue
		}
		presence := SystemPresence(strings.TrimSpace(sides[0]))
		if !slices.Contains(standardReasons(), presence) {
			faults = append(faults, fmt.Errorf("%q is not one of Break, Meal, Meeting and Training", presence))
			continue
		}
		for _, name := range split(sides[1], '|') {
			faults = append(faults, reasons.add(unescape(strings.TrimSpace(name)), presence))
		}
	}
	return reasons, errors.Join(faults...)
}

func (r Reasons) add(name string, presence SystemPresence) error {
	if name == "" {
		return fmt.Errorf("a reason of %s has no name", presence)
	}
	if given, known := r[name]; known && given != presence {
		return fmt.Errorf("the reason %q would give both %s and %s", name, given, presence)
	}
	r[name] = presence
	return nil
}

// split cuts at a separator that no backslash precedes. The parts keep their backslashes.
func split(text string, separator byte) []string {
	var parts []string
	begin := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case separator:
			parts = append(parts, text[begin:i])
			begin = i + 1
		}
	}
	return append(parts, text[begin:])
}

func unescape(name string) string {
	var plain strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' && i+1 < len(name) {
			i++
		}
		plain.WriteByte(name[i])
	}
	return plain.String()
}
