package presence

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Rules are what a center may choose about the table: the names of its reasons, and presences beyond the
// guide. The zero value is the guide as it stands.
type Rules struct {
	Reasons Reasons
	// Custom gives the ids of the org's secondary presences by reason. It goes beyond the guide, after
	// which every other reason gives Busy, and is empty by default.
	Custom map[string]string
}

// customPrefix marks a presence that is a definition of the org's own.
const customPrefix = "definition:"

// UserState looks a situation up. reason is as the center spells it.
func (r Rules) UserState(now Situation, reason string, before SystemPresence) UserState {
	reasons := r.Reasons
	if reasons == nil {
		reasons = StandardReasons()
	}
	now.Reason = string(reasons[reason])
	user := now.UserState(before)
	if id, own := r.Custom[reason]; own && now.State == NotReady && now.Call == NoCall && now.Reason == "" {
		user.Presence = SystemPresence(customPrefix + id)
	}
	return user
}

// Definition is the id of a definition of the org's own; false for a system presence.
func (p SystemPresence) Definition() (string, bool) {
	return strings.CutPrefix(string(p), customPrefix)
}

// definitionID is the id of a presence definition.
var definitionID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// ParseCustom reads secondary presences, "Coaching=UUID,Projekt|Sonderaufgabe=UUID". The names are
// written as with ParseReasons. The error lists every fault.
func ParseCustom(text string) (map[string]string, error) {
	custom := map[string]string{}
	var faults []error
	for _, group := range split(text, ',') {
		if strings.TrimSpace(group) == "" {
			continue
		}
		sides := split(group, '=')
		const two = 2
		if len(sides) != two {
			faults = append(faults, fmt.Errorf("%q is not of the form reason|reason=id", group))
			continue
		}
		id := strings.ToLower(strings.TrimSpace(sides[1]))
		if !definitionID.MatchString(id) {
			faults = append(faults, fmt.Errorf("%q is not the id of a presence definition", sides[1]))
			continue
		}
		for _, name := range split(sides[0], '|') {
			name = unescape(strings.TrimSpace(name))
			_, twice := custom[name]
			switch {
			case name == "":
				faults = append(faults, fmt.Errorf("a reason of %s has no name", id))
			case twice:
				faults = append(faults, fmt.Errorf("the reason %q is there twice", name))
			case slices.Contains(standardReasons(), SystemPresence(name)):
				faults = append(faults, fmt.Errorf("the reason %q is one of the guide's own", name))
			}
			custom[name] = id
		}
	}
	return custom, errors.Join(faults...)
}
