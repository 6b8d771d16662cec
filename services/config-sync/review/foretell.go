package review

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

// Foretold is something that the organization will foreseeably not take as it is wanted.
type Foretold struct {
	Kind      plan.Kind `json:"kind"`
	ID        string    `json:"id"`
	Name      string    `json:"name,omitempty"`
	Attribute string    `json:"attribute"`
	Problem   string    `json:"problem"`
	// Result is what happens, Hint what can be done about it.
	Result string `json:"result"`
	Hint   string `json:"hint"`
}

// longestName is how many characters the names of the organization's objects may have. The API
// does not document the limits of each, so that they stand in this one table.
var longestName = map[plan.Kind]map[string]int{
	plan.Users:  {plan.FieldDisplayName: 256, plan.FieldUserName: 254},
	plan.Queues: {plan.FieldName: 256},
	plan.Skills: {plan.FieldName: 256},
	plan.Codes:  {plan.FieldName: 256},
}

// Foretell lists what of a plan the organization will not take.
func Foretell(in Input) []Foretold {
	out := []Foretold{}
	roles := map[string][]string{} // those that are missing, and who is to get them
	for _, o := range slices.Concat(in.Plan.Operations, in.Plan.Held) {
		for field, value := range names(o) {
			if f, bad := tooLong(o, field, value); bad {
				out = append(out, f)
			}
		}
		if o.User != nil && o.Action == plan.Create && nameless(*o.User) {
			out = append(out, Foretold{
				Kind: o.Kind, ID: o.ID, Name: o.Name, Attribute: plan.FieldDisplayName,
				Problem: "the person has neither first nor last name nor User Name, and the organization demands a display name",
				Result:  "the address stands in for it", Hint: "enter the person's name in Engage",
			})
		}
		for _, role := range o.Roles {
			if in.Roles != nil && !in.Roles[strings.ToLower(role)] {
				roles[role] = append(roles[role], o.ID)
			}
		}
	}
	slices.SortFunc(out, func(a, b Foretold) int {
		if a.Kind != b.Kind {
			return slices.Index(kindTable, a.Kind) - slices.Index(kindTable, b.Kind)
		}
		if n := desired.CompareIDs(a.ID, b.ID); n != 0 {
			return n
		}
		return strings.Compare(a.Attribute, b.Attribute)
	})
	return append(out, missingRoles(roles)...)
}

// names are the values of an operation whose length is limited.
func names(o plan.Operation) map[string]string {
	out := map[string]string{}
	switch o.Action {
	case plan.Create:
		switch {
		case o.User != nil:
			out = plan.UserFields(*o.User)
		case o.Queue != nil:
			out = plan.QueueFields(*o.Queue)
		default:
			out[plan.FieldName] = o.Name
		}
	case plan.Update:
		for _, c := range o.Changes {
			out[c.Field] = c.After
		}
	}
	return out
}

func tooLong(o plan.Operation, field, value string) (Foretold, bool) {
	limit, limited := longestName[o.Kind][field]
	n := utf8.RuneCountInString(value)
	if !limited || n <= limit {
		return Foretold{}, false
	}
	f := Foretold{
		Kind: o.Kind, ID: o.ID, Name: shortened(o.Name), Attribute: field,
		Problem: fmt.Sprintf("%d characters, at most %d are taken", n, limit),
		Result:  "the object is not made", Hint: "shorten the name in Engage",
	}
	switch {
	case o.Action == plan.Update:
		f.Result = "the old value stays"
	case o.Kind == plan.Users:
		f.Result = "the user is made without it, with the address as display name"
	}
	return f, true
}

// nameless tells whether nothing but the address could become the display name.
func nameless(u desired.User) bool {
	return strings.TrimSpace(u.DisplayName) == "" || u.DisplayName == u.UserName && strings.TrimSpace(u.Person.UserName) == ""
}

func missingRoles(roles map[string][]string) []Foretold {
	var out []Foretold
	for role, users := range roles {
		slices.SortFunc(users, desired.CompareIDs)
		users = slices.Compact(users)
		out = append(out, Foretold{
			Kind: plan.Users, ID: users[0], Attribute: attributeRole, Name: role,
			Problem: fmt.Sprintf("the organization has no role %q, which %d users are to get", role, len(users)),
			Result:  "they get their other roles", Hint: "make the role, or correct the *_role_names options of hybrid_integration",
		})
	}
	slices.SortFunc(out, func(a, b Foretold) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// shortened is a name as a line can show it.
func shortened(name string) string {
	const most = 60
	if utf8.RuneCountInString(name) <= most {
		return name
	}
	return string([]rune(name)[:most]) + "…"
}
