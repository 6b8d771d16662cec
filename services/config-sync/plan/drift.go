package plan

import (
	"maps"
	"math"
	"slices"
	"strings"

	"engage.connector/services/config-sync/desired"
)

// Observation is what a reading of the organization found. Keys are ids of the organization;
// objects that were not read are absent.
type Observation struct {
	Users  map[string]SeenUser
	Queues map[string]SeenQueue
	Codes  map[string]string // names
	// Gone are mapped objects that were looked for and are not there.
	Gone map[Kind]map[string]bool
	// DefaultSource is the organization's primary source of presence; nil when it was not read.
	DefaultSource *string
}

// SeenUser holds the attributes of a user that Engage controls. Skills are nil when they were not
// read.
type SeenUser struct {
	UserName, DisplayName, ExternalID string
	Emails                            []string
	Active                            bool
	Skills                            map[string]float64 // by the skill's name in the organization
}

// SeenQueue holds the attributes of a queue that Engage controls. Members and codes are ids of the
// organization; nil when they were not read.
type SeenQueue struct {
	Name, Description, PeerID string
	Members, Codes            []string
}

// Deviation is an object that somebody changed in the organization.
type Deviation struct {
	Kind   Kind
	ID     string   // Engage id
	Fields []string // what differs: names of attributes, or "deleted"
	// Record is what to believe from now on, so that the next plan puts the object right; nil when
	// it cannot be put right by the API.
	Record *Record
}

// Deleted is the field of a deviation whose object is not there any more.
const Deleted = "deleted"

// Drift compares the mapped objects with what was seen of them, by the attributes that Engage
// controls and no others (guide, "Object synchronization rules"). Objects for which settled says no
// are left out: they were changed by the connector itself around the time of the reading.
func Drift(org desired.Org, applied Applied, seen Observation, settled func(kind Kind, id string) bool) []Deviation {
	d := &drift{applied: applied, seen: seen, settled: settled}
	d.prepare()
	for _, u := range org.Users {
		d.object(Users, u.ID, func(r *Record) []string { return d.user(u, r) })
	}
	for _, q := range org.Queues {
		d.object(Queues, q.ID, func(r *Record) []string { return d.queue(q, r) })
	}
	for _, s := range org.Skills {
		d.object(Skills, s.ID, func(*Record) []string { return nil })
	}
	for _, c := range org.Codes {
		d.object(Codes, c.ID, d.code)
	}
	for id := range applied[Source] {
		d.object(Source, id, d.source)
	}
	return d.found
}

type drift struct {
	applied Applied
	seen    Observation
	settled func(Kind, string) bool
	found   []Deviation

	skillName map[string]string // Engage name by the name in the organization, in lower case
	userID    map[string]string // Engage id by the id in the organization
	shows     struct{ peers, skills bool }
}

// prepare makes the indexes. A listing that shows an attribute of no object at all does not show
// it: what it seems to say must not be believed.
func (d *drift) prepare() {
	d.skillName, d.userID = map[string]string{}, map[string]string{}
	for _, r := range d.applied[Skills] {
		if r.Live() && r.AliasOf == "" {
			d.skillName[strings.ToLower(r.CloudName)] = r.EngageName
		}
	}
	for id, r := range d.applied[Users] {
		if r.AliasOf == "" && r.CloudID != "" {
			d.userID[r.CloudID] = id
		}
	}
	for _, q := range d.seen.Queues {
		d.shows.peers = d.shows.peers || q.PeerID != ""
	}
	for _, u := range d.seen.Users {
		d.shows.skills = d.shows.skills || len(u.Skills) > 0
	}
}

// object compares one object. compare changes its copy of the record to what was seen and returns
// the attributes that differ.
func (d *drift) object(kind Kind, id string, compare func(*Record) []string) {
	r, known := d.applied[kind][id]
	if !known || !r.Live() || r.AliasOf != "" || r.CloudID == "" || !d.settled(kind, id) {
		return
	}
	if d.seen.Gone[kind][r.CloudID] {
		r.Gone = true
		d.found = append(d.found, Deviation{kind, id, []string{Deleted}, &r})
		return
	}
	fields := compare(&r)
	switch {
	case len(fields) == 0:
	case kind == Codes: // the API has no way to rename a code
		d.found = append(d.found, Deviation{kind, id, fields, nil})
	default:
		d.found = append(d.found, Deviation{kind, id, fields, &r})
	}
}

func (d *drift) user(u desired.User, r *Record) []string {
	seen, read := d.seen.Users[r.CloudID]
	if !read {
		return nil
	}
	var fields []string
	if r.Hash == UserHash(u) { // else it will be updated anyway
		fields = differing(
			field{"userName", strings.EqualFold(seen.UserName, u.UserName)},
			field{"displayName", strings.TrimSpace(seen.DisplayName) == strings.TrimSpace(u.DisplayName)},
			field{"externalId", seen.ExternalID == u.ExternalID},
			field{"active", seen.Active == u.Active},
			field{"emails", u.Email == "" || slices.ContainsFunc(seen.Emails, func(e string) bool { return strings.EqualFold(e, u.Email) })},
		)
		if len(fields) > 0 {
			r.Hash = ""
		}
	}
	if d.shows.skills {
		if skills := d.skills(*r, seen.Skills); !maps.Equal(skills, r.Skills) {
			r.Skills = skills
			fields = append(fields, "skills")
		}
	}
	return fields
}

// skills returns the record's skills as they were seen. Skills that Engage does not map are not
// looked at.
func (d *drift) skills(r Record, seen map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for cloudName, level := range seen {
		name, mapped := d.skillName[strings.ToLower(cloudName)]
		if !mapped || slices.Contains(r.Unsure, name) {
			continue
		}
		if had, has := r.Skills[name]; has && math.Abs(had-level) < 0.05 {
			level = had // the organization rounds
		}
		out[name] = level
	}
	return out
}

func (d *drift) queue(q desired.Queue, r *Record) []string {
	seen, read := d.seen.Queues[r.CloudID]
	if !read {
		return nil
	}
	var fields []string
	if r.Hash == QueueHash(q) {
		fields = differing(
			field{"name", seen.Name == q.Name},
			field{"description", seen.Description == q.Description},
			field{"peerId", !d.shows.peers || seen.PeerID == q.PeerID},
		)
		if len(fields) > 0 {
			r.Hash = ""
		}
	}
	if seen.Members != nil {
		if members := d.members(*r, seen.Members); !slices.Equal(members, r.Members) {
			r.Members = members
			fields = append(fields, "members")
		}
	}
	if seen.Codes != nil {
		if codes := d.codes(*r, seen.Codes); len(codes) < len(r.Codes) {
			r.Codes = codes
			fields = append(fields, "wrapupCodes")
		}
	}
	return fields
}

// members are the mapped users that were seen in the queue; others are none of Engage's business.
func (d *drift) members(r Record, seen []string) []string {
	var ids []string
	for _, cloudID := range seen {
		if id, mapped := d.userID[cloudID]; mapped && !slices.Contains(r.Unsure, id) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, desired.CompareIDs)
	return ids
}

// codes are those of the queue's codes that are still there.
func (d *drift) codes(r Record, seen []string) []string {
	there := map[string]bool{}
	for _, cloudID := range seen {
		there[cloudID] = true
	}
	var ids []string
	for _, id := range r.Codes {
		if code := d.applied[Codes][id]; there[code.CloudID] || code.Gone {
			ids = append(ids, id)
		}
	}
	return ids
}

func (d *drift) code(r *Record) []string {
	name, read := d.seen.Codes[r.CloudID]
	if !read || strings.EqualFold(name, r.CloudName) {
		return nil
	}
	return []string{"name"}
}

func (d *drift) source(r *Record) []string {
	if d.seen.DefaultSource == nil || !r.Default || *d.seen.DefaultSource == r.CloudID {
		return nil
	}
	r.Default = false
	return []string{"defaultPrimarySource"}
}

type field struct {
	name string
	same bool
}

func differing(fields ...field) []string {
	var names []string
	for _, f := range fields {
		if !f.same {
			names = append(names, f.name)
		}
	}
	return names
}
