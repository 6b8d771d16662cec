package plan

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

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
	// At is when the reading began.
	At time.Time
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
	// Record is what to believe from now on, so that the next plan puts the object right.
	Record *Record
}

// The fields of deviations that concern an object as a whole: it was missed for the first time, is
// there again, or is not there any more.
const (
	NotFound   = "notFound"
	FoundAgain = "foundAgain"
	Deleted    = "deleted"
)

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
		d.missing(kind, id, r)
		return
	}
	if !r.Missing.IsZero() && d.shown(kind, r.CloudID) {
		r.Missing = time.Time{}
		d.found = append(d.found, Deviation{kind, id, []string{FoundAgain}, &r})
	}
	fields := compare(&r)
	switch {
	case len(fields) == 0:
	default:
		d.found = append(d.found, Deviation{kind, id, fields, &r})
	}
}

// missing notes an object that was looked for in vain. One that is new may not be shown yet, and one
// that is missed for the first time is looked for again: only a later reading makes it deleted.
func (d *drift) missing(kind Kind, id string, r Record) {
	switch {
	case r.Young(d.seen.At):
	case r.Missing.IsZero() || !r.Missing.Before(d.seen.At):
		if r.Missing.IsZero() {
			r.Missing = d.seen.At
			d.found = append(d.found, Deviation{kind, id, []string{NotFound}, &r})
		}
	default:
		r.Gone = true
		d.found = append(d.found, Deviation{kind, id, []string{Deleted}, &r})
	}
}

// shown tells whether a reading has seen the object. Of skills and sources only those that are
// missing are known.
func (d *drift) shown(kind Kind, cloudID string) bool {
	var read bool
	switch kind {
	case Users:
		_, read = d.seen.Users[cloudID]
	case Queues:
		_, read = d.seen.Queues[cloudID]
	case Codes:
		_, read = d.seen.Codes[cloudID]
	case Skills, Source:
		read = true
	case DNs, Presences, Intents, Refusals:
	}
	return read
}

func (d *drift) user(u desired.User, r *Record) []string {
	seen, read := d.seen.Users[r.CloudID]
	if !read {
		return nil
	}
	fields := differing(r, UserFields(u),
		field{FieldUserName, seen.UserName, strings.EqualFold(seen.UserName, u.UserName)},
		field{FieldDisplayName, seen.DisplayName, strings.TrimSpace(seen.DisplayName) == strings.TrimSpace(u.DisplayName)},
		field{FieldExternalID, seen.ExternalID, seen.ExternalID == u.ExternalID},
		field{FieldActive, strconv.FormatBool(seen.Active), seen.Active == u.Active},
		field{FieldEmails, strings.Join(seen.Emails, ","), u.Email == "" ||
			slices.ContainsFunc(seen.Emails, func(e string) bool { return strings.EqualFold(e, u.Email) })},
	)
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
	fields := differing(r, QueueFields(q),
		field{FieldName, seen.Name, seen.Name == q.Name},
		field{FieldDescription, seen.Description, seen.Description == q.Description},
		field{FieldPeerID, seen.PeerID, !d.shows.peers || seen.PeerID == q.PeerID},
	)
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
	r.CloudName = name
	return []string{FieldName}
}

func (d *drift) source(r *Record) []string {
	if d.seen.DefaultSource == nil || !r.Default || *d.seen.DefaultSource == r.CloudID {
		return nil
	}
	r.Default = false
	return []string{"defaultPrimarySource"}
}

type field struct {
	name, seen string
	same       bool
}

// differing returns the attributes that were applied as they are wanted and look different now, and
// makes the record show what was seen. The others will be changed anyway.
func differing(r *Record, wanted map[string]string, fields ...field) []string {
	var names []string
	for _, f := range fields {
		if applied, known := r.Fields[f.name]; known && applied == wanted[f.name] && !f.same {
			names = append(names, f.name)
			r.Fields = changed(r.Fields, []FieldChange{{Field: f.name, After: f.seen}})
		}
	}
	return names
}
