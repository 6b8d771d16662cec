// Package orgtest is an EX organization in memory for the tests: it refuses what the API refuses
// (names in use, members that do not exist), counts the writes and can be cut off at any of them.
package orgtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"engage.connector/pkg/genesys/routing"
	"engage.connector/pkg/genesys/users"
)

// Org is an organization. Its methods may be called from any goroutine.
type Org struct {
	// Cut is asked before and after every write, counted from 1; an error cuts the caller off at
	// this point, before with no effect, after with the effect but without an answer.
	Cut func(write int, after bool) error

	refusedField string // of users
	refusedAs    int
	refuseCreate func(users.User) bool
	searchAs     int              // status of searches for deleted users; 0 for an answer
	deleted      map[string]*User // they keep their addresses
	lookUpsAs    int              // status of look-ups by mark; 0 for an answer
	lookUps      int

	mu     sync.Mutex
	next   int
	writes int
	reads  int
	paths  map[string]int // requests by method and path
	log    []string
	users  map[string]*User
	queues map[string]*Queue
	skills map[string]string
	codes  map[string]string
	// elsewhere are the divisions of codes that are not in the home division; perDivision lets their names
	// be used again there.
	elsewhere   map[string]string
	perDivision bool
	sources     map[string]string
	roles       []string
	primary     string
}

// User is a user as the organization has it.
type User struct {
	users.User
	Roles    []string
	Skills   map[string]float64 // by skill id
	Division string
	// Languages are set by administrators only.
	Languages []string
}

// Queue is a queue as the organization has it.
type Queue struct {
	ID, Name, Description, PeerID string
	Members                       map[string]bool
	Codes                         map[string]bool
}

// New returns an organization with the roles Employee, User and Supervisor and no objects.
func New() *Org {
	return &Org{
		users: map[string]*User{}, queues: map[string]*Queue{}, skills: map[string]string{}, codes: map[string]string{},
		elsewhere: map[string]string{}, deleted: map[string]*User{}, sources: map[string]string{}, paths: map[string]int{}, roles: []string{"employee", "User", "Supervisor"},
	}
}

// RefuseField makes the organization refuse an attribute of users with a status.
func (o *Org) RefuseField(path string, status int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refusedField, o.refusedAs = path, status
}

// RefuseLookUps makes the organization refuse to look for users by external id and for queues by peer
// id; 0 lets it answer again.
func (o *Org) RefuseLookUps(status int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lookUpsAs = status
}

// LookUps is the number of such requests so far.
func (o *Org) LookUps() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lookUps
}

// refusesLookUp counts a look-up by mark and answers it where it is refused.
func (o *Org) refusesLookUp(w http.ResponseWriter) bool {
	o.lookUps++
	if o.lookUpsAs != 0 {
		fail(w, refuse(o.lookUpsAs, "refused.lookup"))
	}
	return o.lookUpsAs != 0
}

// problem is a refusal in the API's terms.
type problem struct {
	status int
	code   string
}

// Error implements error.
func (p *problem) Error() string { return fmt.Sprintf("%d %s", p.status, p.code) }

func refuse(status int, code string) error { return &problem{status, code} }

// write runs a change of the organization, with the cuts around it.
func (o *Org) write(what string, change func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writes++
	n := o.writes
	if o.Cut != nil {
		if err := o.Cut(n, false); err != nil {
			return err
		}
	}
	o.log = append(o.log, what)
	if err := change(); err != nil {
		return err
	}
	if o.Cut != nil {
		return o.Cut(n, true)
	}
	return nil
}

func (o *Org) id(kind string) string {
	o.next++
	return fmt.Sprintf("%s-%d", kind, o.next)
}

// Writes is the number of writing requests so far.
func (o *Org) Writes() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writes
}

// Requests is the number of all requests so far but log-ins.
func (o *Org) Requests() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writes + o.reads
}

// Paths lists the requests so far, as methods and paths.
func (o *Org) Paths() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(maps.Keys(o.paths))
}

// Log lists the writing requests so far.
func (o *Org) Log() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.log)
}

// AddUser puts a user there that the connector did not make.
func (o *Org) AddUser(userName string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	id, active := o.id("user"), true
	o.users[id] = &User{User: users.User{ID: id, UserName: userName, Active: &active}, Roles: []string{"Guest"}, Skills: map[string]float64{}}
	return id
}

// Delete takes an object away, as an administrator can.
func (o *Org) Delete(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.users, id)
	delete(o.queues, id)
	delete(o.skills, id)
	delete(o.codes, id)
	for _, u := range o.users {
		delete(u.Skills, id)
	}
	for _, q := range o.queues {
		delete(q.Members, id)
		delete(q.Codes, id)
	}
}

func (o *Org) taken(names map[string]string, name string) bool {
	for id, n := range names {
		if strings.EqualFold(n, name) && (o.elsewhere[id] == "" || !o.perDivision) {
			return true
		}
	}
	return false
}

func (o *Org) createNamed(kind string, names map[string]string, name string) (string, error) {
	var id string
	err := o.write("create "+kind+" "+name, func() error {
		if o.taken(names, name) {
			return refuse(http.StatusBadRequest, "duplicate.name")
		}
		id = o.id(kind)
		names[id] = name
		return nil
	})
	return id, err
}

func (o *Org) createUser(in users.User) (User, error) {
	var made User
	err := o.write("create user "+in.UserName, func() error {
		if o.userByName(in.UserName) != nil || o.deletedByName(in.UserName) != nil {
			return refuse(http.StatusConflict, "uniqueness")
		}
		if o.refuseCreate != nil && o.refuseCreate(in) {
			return refuse(http.StatusBadRequest, "invalidValue")
		}
		u := &User{User: in, Skills: map[string]float64{}}
		u.ID = o.id("user")
		if in.Enterprise != nil {
			u.Division = in.Enterprise.Division
		}
		for _, r := range in.Roles {
			if !slices.Contains(o.roles, r.Value) {
				return refuse(http.StatusBadRequest, "invalidValue")
			}
			u.Roles = append(u.Roles, r.Value)
		}
		if in.Extension != nil {
			for _, s := range in.Extension.RoutingSkills {
				id := o.skillByName(s.Name)
				if id == "" || len(in.Extension.RoutingSkills) > 50 {
					return refuse(http.StatusBadRequest, "invalidValue")
				}
				u.Skills[id] = s.Proficiency
			}
		}
		o.users[u.ID], made = u, *u
		return nil
	})
	return made, err
}

func (o *Org) userByName(name string) *User {
	for _, u := range o.users {
		if strings.EqualFold(u.UserName, name) {
			return u
		}
	}
	return nil
}

// skillByName is case-sensitive, as SCIM is.
func (o *Org) skillByName(name string) string {
	for id, n := range o.skills {
		if n == name {
			return id
		}
	}
	return ""
}

func (o *Org) patchUser(id string, ops []users.PatchOperation) error {
	return o.write("patch user "+id, func() error {
		u := o.users[id]
		if u == nil {
			return refuse(http.StatusNotFound, "not.found")
		}
		next := *u
		for _, op := range ops {
			switch {
			case op.Path == o.refusedField:
				return refuse(o.refusedAs, "refused.attribute")
			case op.Op != "replace":
				return refuse(http.StatusBadRequest, "invalidSyntax")
			case op.Path == "userName":
				next.UserName = op.Value.(string)
			case op.Path == "displayName":
				next.DisplayName = op.Value.(string)
			case op.Path == "externalId":
				next.ExternalID = op.Value.(string)
			case op.Path == "active":
				active := op.Value.(bool)
				next.Active = &active
			case strings.HasSuffix(op.Path, ":division"):
				next.Division = op.Value.(string)
			case op.Path == "emails":
				next.Emails = emailsOf(op.Value)
			default:
				return refuse(http.StatusBadRequest, "invalidPath")
			}
		}
		if other := o.userByName(next.UserName); other != nil && other.ID != id {
			return refuse(http.StatusConflict, "uniqueness")
		}
		*u = next
		return nil
	})
}

func (o *Org) setSkills(user string, ratings []users.SkillRating) error {
	return o.write("set skills "+user, func() error {
		u := o.users[user]
		if u == nil {
			return refuse(http.StatusNotFound, "not.found")
		}
		for _, r := range ratings {
			if _, ok := o.skills[r.ID]; !ok || len(ratings) > 50 {
				return refuse(http.StatusBadRequest, "invalid.value")
			}
			u.Skills[r.ID] = r.Proficiency
		}
		return nil
	})
}

func (o *Org) removeSkill(user, skill string) error {
	return o.write("remove skill "+user+" "+skill, func() error {
		u := o.users[user]
		if u == nil || o.skills[skill] == "" {
			return refuse(http.StatusNotFound, "not.found")
		}
		delete(u.Skills, skill)
		return nil
	})
}

func (o *Org) grant(user string, grants []users.RoleGrant) error {
	return o.write("grant "+user, func() error {
		u := o.users[user]
		if u == nil {
			return refuse(http.StatusNotFound, "not.found")
		}
		for _, g := range grants {
			role := strings.TrimPrefix(g.RoleID, "role-")
			if g.DivisionID != homeID || !slices.Contains(o.roles, role) {
				return refuse(http.StatusBadRequest, "bad.request")
			}
			if !slices.Contains(u.Roles, role) {
				u.Roles = append(u.Roles, role)
			}
		}
		return nil
	})
}

func (o *Org) createQueue(in routing.Queue) (Queue, error) {
	var made Queue
	err := o.write("create queue "+in.Name, func() error {
		if o.queueNamed(in.Name, "") {
			return refuse(http.StatusBadRequest, "duplicate.name")
		}
		q := &Queue{ID: o.id("queue"), Name: in.Name, Description: in.Description, PeerID: in.PeerID, Members: map[string]bool{}, Codes: map[string]bool{}}
		o.queues[q.ID], made = q, *q
		return nil
	})
	return made, err
}

func (o *Org) queueNamed(name, except string) bool {
	for _, q := range o.queues {
		if q.ID != except && strings.EqualFold(q.Name, name) {
			return true
		}
	}
	return false
}

func (o *Org) putQueue(in routing.Queue) error {
	return o.write("put queue "+in.ID, func() error {
		q := o.queues[in.ID]
		switch {
		case q == nil:
			return refuse(http.StatusNotFound, "not.found")
		case o.queueNamed(in.Name, in.ID):
			return refuse(http.StatusBadRequest, "duplicate.name")
		}
		q.Name, q.Description, q.PeerID = in.Name, in.Description, in.PeerID
		return nil
	})
}

// relate changes members or codes of a queue, all or nothing.
func (o *Org) relate(what, queue string, ids []string, remove bool) error {
	return o.write(fmt.Sprintf("%s %s %d remove=%t", what, queue, len(ids), remove), func() error {
		q := o.queues[queue]
		if q == nil || len(ids) > 100 {
			return refuse(http.StatusNotFound, "not.found")
		}
		set := q.Members
		exists := func(id string) bool { return o.users[id] != nil }
		if what == "codes" {
			set = q.Codes
			exists = func(id string) bool { return o.codes[id] != "" }
		}
		for _, id := range ids {
			if !remove && !exists(id) {
				return refuse(http.StatusNotFound, "not.found")
			}
		}
		for _, id := range ids {
			if remove {
				delete(set, id)
				continue
			}
			set[id] = true
		}
		return nil
	})
}
