package desired

import (
	"fmt"
	"strings"

	"engage.connector/services/config-sync/configmodel"
)

// userNameTable are the fields searched for a valid e-mail address, in the guide's order.
var userNameTable = []struct {
	name  string
	value func(configmodel.Person) string
}{
	{"User Name", func(p configmodel.Person) string { return p.UserName }},
	{"Employee ID", func(p configmodel.Person) string { return p.EmployeeID }},
	{"E-Mail", func(p configmodel.Person) string { return p.Email }},
}

func (b *builder) users() []User {
	var users []User
	levels := b.proficiencies()
	first := map[string]int{}
	b.userOf = map[configmodel.DBID]string{}
	for _, p := range b.snap.Persons {
		if p.State == configmodel.StateDeleted || !b.scope.Contains(configmodel.ObjectPerson, p.DBID) {
			continue
		}
		name, ok := userName(p)
		if !ok {
			b.note(NoEmail, "person", p.DBID.String(), p.UserName, "neither User Name nor Employee ID nor E-Mail is a valid e-mail address; not synchronised")
			continue
		}
		if at, taken := first[fold(name)]; taken {
			b.collision("person", p.DBID, p.UserName, name, users[at].ID, users[at].UserName)
			info := personInfo(p)
			users[at].Aliases = append(users[at].Aliases, Alias{ID: p.DBID.String(), Name: p.UserName, Person: &info})
			b.userOf[p.DBID] = users[at].ID
			continue
		}
		first[fold(name)] = len(users)
		b.userOf[p.DBID] = p.DBID.String()
		users = append(users, newUser(p, name, levels[p.DBID]))
	}
	return users
}

func newUser(p configmodel.Person, name string, skills map[string]float64) User {
	u := User{
		ID:          p.DBID.String(),
		UserName:    name,
		DisplayName: displayName(p),
		ExternalID:  p.DBID.String() + "_" + p.UserName,
		Active:      p.State == configmodel.StateEnabled,
		Kind:        kindOf(p),
		Skills:      skills,
		Person:      personInfo(p),
	}
	if validEmail(p.Email) {
		u.Email = p.Email
	}
	return u
}

// userName returns the first valid e-mail address among the person's fields.
func userName(p configmodel.Person) (string, bool) {
	for _, field := range userNameTable {
		if v := strings.TrimSpace(field.value(p)); validEmail(v) {
			return v, true
		}
	}
	return "", false
}

func displayName(p configmodel.Person) string {
	if full := strings.TrimSpace(strings.TrimSpace(p.FirstName) + " " + strings.TrimSpace(p.LastName)); full != "" {
		return full
	}
	return p.UserName
}

func personInfo(p configmodel.Person) Person {
	info := Person{UserName: p.UserName, EmployeeID: p.EmployeeID, Agent: p.Agent, Active: p.State == configmodel.StateEnabled}
	for _, l := range p.Logins {
		info.Logins = append(info.Logins, Login{Switch: l.SwitchName, Code: l.Code})
	}
	return info
}

// collision reports two objects whose names the organization does not tell apart, with both.
func (b *builder) collision(object string, id configmodel.DBID, engageName, name, primary, primaryName string) {
	b.report.Notes = append(b.report.Notes, Note{
		Reason: NameCollision, Object: object, ID: id.String(), Name: engageName, With: primary,
		Text: fmt.Sprintf("the organization does not tell %q from %q of %s %s; both are mapped to one object", name, primaryName, object, primary),
	})
}

// validEmail accepts what the organization takes as a user name: one address of the common form
// (RFC 5321 dot-string and domain of at least two labels), without display name or quotes.
func validEmail(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	return found && len(s) <= 254 && len(local) <= 64 && validDots(local, isAtext) && strings.Contains(domain, ".") &&
		validDots(domain, isLabelChar) && validLabels(domain)
}

// validDots tells whether s consists of non-empty parts of allowed characters joined by dots.
func validDots(s string, allowed func(rune) bool) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || strings.IndexFunc(part, func(r rune) bool { return !allowed(r) }) >= 0 {
			return false
		}
	}
	return true
}

func validLabels(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		if len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

func isLabelChar(r rune) bool {
	return r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func isAtext(r rune) bool { return isLabelChar(r) || strings.ContainsRune("!#$%&'*+/=?^_`{|}~", r) }
