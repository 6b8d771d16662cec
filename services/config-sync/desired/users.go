package desired

import (
	"cmp"
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

// weakSource is the place in the table from which an address is a mailbox that may be shared: it
// does not tell who somebody is.
const weakSource = 2

// candidate is a person with the address that it is known by.
type candidate struct {
	configmodel.Person
	name   string
	source int // place in the table
}

// users derives the users. Persons with one address by their User Name or Employee ID are one user,
// that of the first enabled one. An address that is only somebody's E-Mail joins nobody: it belongs to
// the person that is mapped already, else to the first, and the others are left out.
func (b *builder) users() []User {
	levels := b.proficiencies()
	b.userOf = map[configmodel.DBID]string{}
	sharing := map[string][]candidate{}
	for _, p := range b.snap.Persons {
		if p.State == configmodel.StateDeleted || !b.scope.Contains(configmodel.ObjectPerson, p.DBID) {
			continue
		}
		name, source, ok := userName(p)
		if !ok {
			b.note(NoEmail, "person", p.DBID.String(), p.UserName, "neither User Name nor Employee ID nor E-Mail is a valid e-mail address; not synchronised")
			continue
		}
		sharing[fold(name)] = append(sharing[fold(name)], candidate{p, name, source})
	}
	var users []User
	for _, p := range b.snap.Persons {
		name, _, ok := userName(p)
		persons := sharing[fold(name)]
		if !ok || len(persons) == 0 {
			continue
		}
		owner := b.owner(persons)
		if owner.DBID != p.DBID {
			continue
		}
		u := newUser(p, name, levels[p.DBID])
		b.userOf[p.DBID] = u.ID
		for _, other := range persons {
			b.join(&u, owner, other)
		}
		users = append(users, u)
	}
	return users
}

// owner is the person to whom an address belongs.
func (b *builder) owner(persons []candidate) candidate {
	for _, c := range persons {
		if c.source >= weakSource && b.opts.Mapped[c.DBID.String()] {
			return c
		}
	}
	best := persons[0]
	for _, c := range persons[1:] {
		strong, enabled := c.source < weakSource, c.State == configmodel.StateEnabled
		bestStrong, bestEnabled := best.source < weakSource, best.State == configmodel.StateEnabled
		if strong != bestStrong && strong || strong == bestStrong && enabled && !bestEnabled {
			best = c
		}
	}
	return best
}

// join maps another person with the address of a user to it, or leaves it out where the address does
// not tell that both are meant.
func (b *builder) join(u *User, owner, other candidate) {
	switch {
	case other.DBID == owner.DBID:
	case owner.source >= weakSource || other.source >= weakSource:
		b.report.Notes = append(b.report.Notes, Note{
			Reason: AddressTaken, Object: "person", ID: other.DBID.String(), Name: other.UserName, With: u.ID,
			Text: fmt.Sprintf("its address %q belongs to person %s, and an E-Mail does not tell that both are one; not synchronised", other.name, u.ID),
		})
	default:
		b.collision("person", other.DBID, other.UserName, other.name, u.ID, u.UserName)
		info := personInfo(other.Person)
		u.Aliases = append(u.Aliases, Alias{ID: other.DBID.String(), Name: other.UserName, Person: &info})
		b.userOf[other.DBID] = u.ID
	}
}

func newUser(p configmodel.Person, name string, skills map[string]float64) User {
	u := User{
		ID:          p.DBID.String(),
		UserName:    name,
		DisplayName: cmp.Or(displayName(p), name),
		ExternalID:  p.DBID.String() + "_" + p.UserName,
		Active:      p.State == configmodel.StateEnabled,
		Kind:        kindOf(p),
		Skills:      skills,
		Person:      personInfo(p),
	}
	if address := strings.TrimSpace(p.Email); validEmail(address) {
		u.Email = address
	}
	return u
}

// userName returns the first valid e-mail address among the person's fields, and which field it is.
func userName(p configmodel.Person) (name string, source int, ok bool) {
	for source, field := range userNameTable {
		if v := strings.TrimSpace(field.value(p)); validEmail(v) {
			return v, source, true
		}
	}
	return "", 0, false
}

func displayName(p configmodel.Person) string {
	if full := strings.TrimSpace(strings.TrimSpace(p.FirstName) + " " + strings.TrimSpace(p.LastName)); full != "" {
		return full
	}
	return strings.TrimSpace(p.UserName)
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
