package syncer

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/drift"
	"engage.connector/services/config-sync/plan"
	"engage.connector/services/config-sync/review"
)

// Preview is what would be done now.
type Preview struct {
	plan.Plan
	plan.Cost
	review.Review

	// Refused says why operations would not be executed without an approval.
	Refused string `json:"refused,omitempty"`
	// OpenCreates are creates whose outcome the next synchronisation finds out first.
	OpenCreates int `json:"openCreates"`
	// Organization says what is known of the organization.
	Organization Knowledge `json:"organization"`
	// The remarks about Engage objects: those left out, those that share an object of the
	// organization, groups whose members cannot be told, and the rest.
	Skipped     []desired.Note `json:"skipped"`
	Collisions  []desired.Note `json:"collisions"`
	Undecidable []desired.Note `json:"undecidableGroups"`
	Notes       []desired.Note `json:"notes"`
}

// Knowledge is how old what is known of the organization is.
type Knowledge struct {
	// Read says that the organization was read for this preview; else the last reading of the service
	// counts, the zero time for none.
	Read       bool      `json:"read"`
	ReadAt     time.Time `json:"readAt,omitzero"`
	AgeSeconds int       `json:"ageSeconds"`
	// Problem is why the organization could not be read.
	Problem string `json:"problem,omitempty"`
	// NotRestored says that changes in the organization are not put back, because DRIFT_INTERVAL is 0.
	NotRestored bool `json:"notRestored,omitempty"`
}

// consider makes the draft of a synchronisation from the Config DB and the ID map. It changes
// nothing.
func (s *Syncer) consider(ctx context.Context) (draft, error) {
	d, err := s.read(ctx)
	if err != nil {
		return d, err
	}
	if d.applied, err = s.opts.Map.Load(ctx); err != nil {
		return d, err
	}
	s.derive(&d)
	return d, nil
}

// Preview reads the Config DB and the ID map and returns the plan that a synchronisation would
// execute, with what it costs and the remarks about objects. look makes it read the organization
// too, so that what somebody changed there is seen; when that fails, the preview shows what is known and
// says why. It changes nothing.
func (s *Syncer) Preview(ctx context.Context, look bool) (Preview, error) {
	know, view := s.knowledge(ctx), sight{}
	if look {
		var err error
		if view, err = s.sight(ctx); err != nil {
			if ctx.Err() != nil {
				return Preview{}, err
			}
			know.Problem = fault.Message(err)
		}
	}
	d, err := s.consider(ctx)
	if err != nil {
		return Preview{}, err
	}
	in := review.Input{Org: d.org, Recorded: d.applied, Roles: view.roles, UserNames: view.userNames}
	if view.read {
		know = Knowledge{Read: true, ReadAt: view.at.UTC(), NotRestored: s.opts.DriftInterval == 0}
		in.Drift = s.takeIn(&d, view, !know.NotRestored)
	}
	in.Plan, in.Applied = s.build(d), d.applied
	if !know.ReadAt.IsZero() {
		know.AgeSeconds = int(s.opts.Now().Sub(know.ReadAt).Seconds())
	}
	p := Preview{
		Plan: in.Plan, Cost: in.Plan.Cost(s.limit(d)), Review: review.Of(in), Organization: know, OpenCreates: len(d.applied[plan.Intents]),
		Skipped: []desired.Note{}, Collisions: []desired.Note{}, Undecidable: []desired.Note{}, Notes: []desired.Note{},
	}
	if len(p.Held) > 0 {
		p.Refused = p.Withheld() + "; if it is meant: config-sync approve " + p.ID
	}
	p.sort(d.report.Notes)
	return p, nil
}

// sort puts the remarks into their lists.
func (p *Preview) sort(notes []desired.Note) {
	for _, note := range notes {
		switch {
		case note.Reason.Skipped():
			p.Skipped = append(p.Skipped, note)
		case note.Reason == desired.NameCollision:
			p.Collisions = append(p.Collisions, note)
		case note.Reason.Undecidable():
			p.Undecidable = append(p.Undecidable, note)
		default:
			p.Notes = append(p.Notes, note)
		}
	}
}

// knowledge is when the service last read the organization.
func (s *Syncer) knowledge(ctx context.Context) Knowledge {
	known := Status{}
	if stored, found, err := s.status.stored(ctx); err == nil && found {
		known = stored
	}
	return Knowledge{ReadAt: known.OrganizationRead}
}

// sight is a reading of the organization for a preview.
type sight struct {
	read      bool
	at        time.Time
	seen      plan.Observation
	before    plan.Applied // what was known to be applied when the reading began
	roles     map[string]bool
	userNames map[string]bool
}

// sight reads the organization.
func (s *Syncer) sight(ctx context.Context) (sight, error) {
	v := sight{at: s.opts.Now(), roles: map[string]bool{}, userNames: map[string]bool{}}
	options, err := s.opts.Source.Options(ctx)
	if err != nil {
		return sight{}, err
	}
	s.remember(options)
	cloud, err := s.opts.Cloud(options)
	if err != nil {
		return sight{}, err
	}
	if v.before, err = s.opts.Map.Load(ctx); err != nil {
		return sight{}, err
	}
	if v.seen, err = drift.Read(ctx, drift.Options{Cloud: cloud, Logger: s.log, Turn: s.brisk()}, v.before); err != nil {
		return sight{}, err
	}
	for role, err := range cloud.Roles(ctx, "") {
		if err != nil {
			return sight{}, err
		}
		v.roles[strings.ToLower(role.Name)] = true
	}
	v.seen.At, v.read = v.at, true
	for _, u := range v.seen.Users {
		v.userNames[strings.ToLower(u.UserName)] = true
	}
	return v, nil
}

// previewShare is the part of the request allowance that a preview uses: it is waited for, and the
// service may run beside it.
const previewShare = 0.5

// brisk lets a quarter of a minute's allowance go at once, and then holds the pace.
func (s *Syncer) brisk() func(context.Context) error {
	began, made := s.opts.Now(), 0.0
	perMinute := float64(max(s.opts.RequestsPerMinute, 1)) * previewShare
	return func(ctx context.Context) error {
		if ahead := made - perMinute/2 - s.opts.Now().Sub(began).Minutes()*perMinute; ahead > 0 {
			sleep(ctx, time.Duration(ahead/perMinute*float64(time.Minute)))
		}
		made++
		return ctx.Err()
	}
}

// takeIn finds what somebody changed in the organization, and makes the draft allow for it. Objects
// that were written while the organization was read are not compared.
func (s *Syncer) takeIn(d *draft, v sight, restore bool) []plan.Deviation {
	settled := s.records.settled(v.at)
	found := plan.Drift(d.org, d.applied, v.seen, func(kind plan.Kind, id string) bool {
		return settled(kind, id) && reflect.DeepEqual(v.before[kind][id], d.applied[kind][id])
	})
	if restore {
		d.applied = d.applied.Clone()
		for _, f := range found {
			d.applied.Put(plan.Change{Kind: f.Kind, ID: f.ID, Record: f.Record})
		}
	}
	return found
}

// limit is how many requests per minute go at present: what the organization was last seen to
// grant, else what is configured.
func (s *Syncer) limit(d draft) int {
	cloud, err := s.opts.Cloud(d.options)
	if err != nil {
		return s.opts.RequestsPerMinute
	}
	if budget, ok := cloud.(interface{ Budget() genesys.BudgetSnapshot }); ok {
		return budget.Budget().Limit
	}
	return s.opts.RequestsPerMinute
}

// WriteText prints the preview for the operator.
func (p Preview) WriteText(w io.Writer) error {
	if err := p.writeHead(w); err != nil {
		return err
	}
	if err := p.Review.WriteText(w); err != nil {
		return err
	}
	return p.writeFoot(w)
}

// writeHead prints what the preview is based on, and the remarks.
func (p Preview) writeHead(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%s\n", p.Organization); err != nil {
		return err
	}
	for _, part := range []struct {
		title string
		notes []desired.Note
	}{{"skipped", p.Skipped}, {"collision", p.Collisions}, {"undecidable", p.Undecidable}, {"note", p.Notes}} {
		for _, note := range part.notes {
			if _, err := fmt.Fprintf(w, "%s: %s\n", part.title, note); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

// writeFoot prints what waits, what it costs and what the operator can do.
func (p Preview) writeFoot(w io.Writer) error {
	for _, r := range p.Waiting {
		kind, id := r.Object()
		if _, err := fmt.Fprintf(w, "refused before: %s %s, %s: %s; asked for again at %s\n", kind, id, r.Attribute, r.Reason, r.Next.UTC().Format(time.RFC3339)); err != nil {
			return err
		}
	}
	if p.OpenCreates > 0 {
		if _, err := fmt.Fprintf(w, "%d creates had no answer; the next synchronisation looks for what was made first\n", p.OpenCreates); err != nil {
			return err
		}
	}
	if p.Empty() && len(p.Held) == 0 {
		_, err := fmt.Fprintln(w, "nothing to do: the organization is up to date")
		return err
	}
	if _, err := fmt.Fprintf(w, "Plan %s: %d operations, %d API calls and about %d look-ups: about %s at %d requests per minute\n",
		p.ID, len(p.Operations), p.Cost.Calls, p.Lookups, p.Expected(), p.Limit); err != nil {
		return err
	}
	if len(p.Held) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "%d operations are HELD BACK: %s\n", len(p.Held), p.Refused)
	return err
}

// String says how old the knowledge is.
func (k Knowledge) String() string {
	text := "The organization was never read; shown is what the service has done itself."
	switch {
	case k.Read && k.NotRestored:
		return "The organization was read for this plan. DRIFT_INTERVAL is 0: what was changed there is shown, but not put back."
	case k.Read:
		return "The organization was read for this plan."
	case !k.ReadAt.IsZero():
		text = fmt.Sprintf("The service last read the organization at %s, %s ago.", k.ReadAt.Format(time.RFC3339), time.Duration(k.AgeSeconds)*time.Second)
	}
	if k.Problem != "" {
		return "The organization could not be read: " + k.Problem + ". " + text
	}
	return text
}
