package desired

import (
	"strings"

	"engage.connector/services/config-sync/configmodel"
)

// dispositionAttribute is the Business Attribute that is always selected.
const dispositionAttribute = "DispositionCode"

// codes derives the wrap-up codes from the values of all selected Business Attributes. Folder
// filtering does not apply to them.
func (b *builder) codes() []Code {
	var codes []Code
	first := map[string]int{}
	for _, a := range b.snap.Attributes {
		if !selectedAttribute(a) {
			continue
		}
		for _, v := range a.Values {
			if v.State != configmodel.StateEnabled {
				continue
			}
			if strings.TrimSpace(v.Name) == "" {
				b.note(NoName, "business attribute value", v.DBID.String(), v.Name, "has no name; not synchronised")
				continue
			}
			at, taken := first[fold(v.Name)]
			if !taken {
				first[fold(v.Name)] = len(codes)
				codes = append(codes, Code{ID: v.Name, Name: v.Name, Value: v.DBID.String()})
				continue
			}
			b.joinCode(&codes[at], v)
		}
	}
	return codes
}

// joinCode maps another value to an existing code. The same name twice is the normal case; a name
// that differs in case is a collision.
func (b *builder) joinCode(code *Code, v configmodel.AttributeValue) {
	if v.Name == code.ID {
		return
	}
	for _, a := range code.Aliases {
		if a.ID == v.Name {
			return
		}
	}
	b.collision("business attribute value", v.DBID, v.Name, v.Name, code.ID, code.Name)
	code.Aliases = append(code.Aliases, Alias{ID: v.Name, Name: v.Name})
}

func selectedAttribute(a configmodel.BusinessAttribute) bool {
	if a.Type != configmodel.AttributeInteractionOperational || a.State != configmodel.StateEnabled {
		return false
	}
	contains, _ := a.Annex.Value("htcc", "contains")
	return a.Name == dispositionAttribute || strings.TrimSpace(contains) == "dispositions"
}
