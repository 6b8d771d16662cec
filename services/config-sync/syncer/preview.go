package syncer

import (
	"context"
	"fmt"
	"io"

	"engage.connector/pkg/genesys"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

// Preview is what would be done now.
type Preview struct {
	plan.Plan
	plan.Cost
	// Refused says why the plan would not be executed without confirmation.
	Refused string `json:"refused,omitempty"`
	// OpenCreates are creates whose outcome the next synchronisation finds out first.
	OpenCreates int `json:"openCreates"`
	// The remarks about Engage objects: those left out, those that share an object of the
	// organization, groups whose members cannot be told, and the rest.
	Skipped     []desired.Note `json:"skipped"`
	Collisions  []desired.Note `json:"collisions"`
	Undecidable []desired.Note `json:"undecidableGroups"`
	Notes       []desired.Note `json:"notes"`
}

// Preview reads the Config DB and the ID map and returns the plan that a synchronisation would
// execute, with what it costs and the remarks about objects. It changes nothing.
func (s *Syncer) Preview(ctx context.Context) (Preview, error) {
	d, err := s.read(ctx)
	if err != nil {
		return Preview{}, err
	}
	if d.applied, err = s.opts.Map.Load(ctx); err != nil {
		return Preview{}, err
	}
	s.derive(&d)
	built := s.build(d)
	p := Preview{
		Plan: built, Cost: built.Cost(s.limit(d)), OpenCreates: len(d.applied[plan.Intents]),
		Skipped: []desired.Note{}, Collisions: []desired.Note{}, Undecidable: []desired.Note{}, Notes: []desired.Note{},
	}
	if len(built.Held) > 0 {
		p.Refused = built.Withheld() + "; if it is meant: config-sync approve " + built.ID
	}
	for _, note := range d.report.Notes {
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
	return p, nil
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
	return p.Plan.WriteText(w, p.Limit)
}
