package configdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"engage.connector/pkg/fault"
)

// Source tells where a name comes from.
type Source string

// The sources of a name.
const (
	FromOperator  Source = "operator"
	FromCatalogue Source = "catalogue"
	FromData      Source = "data"
	NotThere      Source = "absent"
)

// Finding says what the probe found for one thing whose name is not documented.
type Finding struct {
	Wanted     string   `json:"wanted"`
	Name       string   `json:"name,omitempty"`
	Source     Source   `json:"source"`
	Candidates []string `json:"candidates,omitempty"`
	Note       string   `json:"note,omitempty"`
}

// Probe is what was found out about a database before it was read.
type Probe struct {
	Type     string    `json:"type"`
	Schema   string    `json:"schema,omitempty"`
	Tables   int       `json:"tables"` // cfg_ tables in the schema
	OneState bool      `json:"oneState"`
	At       time.Time `json:"at"`
	Names    Names     `json:"names"`
	Findings []Finding `json:"findings"`
}

// plan is a probed database: how it is read from now on.
type plan struct {
	probe    Probe
	renderer renderer
	oneState atomic.Bool // transactions see one state
	zoned    bool        // times of the history carry their zone
}

// has tells whether a table is there to be read.
func (p *plan) has(fields ...string) bool { return p.renderer.names.has(fields...) }

// prober gathers what is needed for a plan.
type prober struct {
	db       *sql.DB
	dialect  dialect
	opts     Options
	names    Names
	schema   string
	tables   []table
	findings []Finding
	missing  []string
	zoned    bool
}

// probe finds the names that are not documented. Statements run one by one, outside of a
// transaction: one that fails must not spoil the next.
func (d *DB) probe(ctx context.Context) (*plan, error) {
	p := &prober{db: d.db, dialect: d.dialect, opts: d.opts, names: d.opts.Names.withDefaults(), schema: d.opts.Schema}
	oneState, err := p.snapshotAllowed(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.readCatalogue(ctx); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{
		p.columns, p.folder, p.link, p.attributes, p.transaction, p.history, p.locale, p.groupType, p.parts,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	if len(p.missing) > 0 {
		return nil, fault.Newf(fault.Unsupported, "configdb.probe", "%s", strings.Join(p.missing, "; ")).WithHint(otherNameHint)
	}
	result := &plan{renderer: p.renderer(), zoned: p.zoned}
	result.oneState.Store(oneState)
	result.probe = Probe{
		Type: d.opts.Type, Schema: p.schema, Tables: len(p.tables), OneState: oneState, At: d.opts.Now().UTC(),
		Names: p.names, Findings: p.findings,
	}
	if err := p.tryAll(ctx, d.opts.Folders); err != nil {
		return nil, err
	}
	return result, nil
}

func (p *prober) renderer() renderer {
	return renderer{names: p.names, schema: p.schema, placeholder: p.dialect.placeholder}
}

// snapshotAllowed asks whether a transaction can see one state.
func (p *prober) snapshotAllowed(ctx context.Context) (bool, error) {
	if p.dialect.snapshotAllowed == "" {
		return true, nil
	}
	var state int
	err := p.db.QueryRowContext(ctx, p.dialect.snapshotAllowed).Scan(number(&state))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if code, _ := p.dialect.classify(err); err != nil && code == "" {
		return false, err // there is no connection
	}
	return err == nil && state == 1, nil
}

// readCatalogue reads the tables and settles on a schema.
func (p *prober) readCatalogue(ctx context.Context) error {
	rows, err := p.db.QueryContext(ctx, p.dialect.catalogue)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	found := &catalogue{}
	for rows.Next() {
		var schema, name, column, kind string
		if err := rows.Scan(plainText(&schema), plainText(&name), plainText(&column), plainText(&kind)); err != nil {
			return err
		}
		found.add(schema, name, column, kind)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if p.schema == "" {
		schemas := found.schemasOf(p.names.Person)
		if len(schemas) > 1 {
			return fault.Newf(fault.Unsupported, "configdb.probe", "%s is in more than one schema: %s", p.names.Person, strings.Join(schemas, ", ")).
				WithHint("set CONFIG_DB_SCHEMA to the one that is the Config DB")
		}
		p.schema = strings.Join(schemas, "")
	}
	p.tables = found.within(p.schema)
	if p.opts.Type == Oracle {
		p.schema = strings.ToLower(p.schema)
		for i := range p.tables {
			p.tables[i] = p.tables[i].lower()
		}
	}
	return nil
}

// tryAll runs the statements of a reading for a tenant that does not exist, so that a wrong name
// or a missing grant is reported at the start and with what it is needed for.
func (p *prober) tryAll(ctx context.Context, folders bool) error {
	r := p.renderer()
	for _, t := range templates() {
		if strings.HasPrefix(t.Name, "probe:") || !wanted(t.Name, &p.names, folders) {
			continue
		}
		var args []any
		if strings.Contains(t.Text, "{tenant}") || strings.Contains(t.Text, "{object}") {
			args = []any{int64(-1)}
		}
		if err := p.try(ctx, r.render(t.Text), args); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

func (p *prober) try(ctx context.Context, statement string, args []any) error {
	rows, err := p.db.QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	rows.Next() // some drivers report what is wrong with the first row
	return rows.Err()
}

// wanted tells whether a statement can and shall be run.
func wanted(statement string, names *Names, folders bool) bool {
	switch statement {
	case "folders", "folder objects":
		return folders
	case "business attributes", "business attribute values":
		return names.has("Enumerator", "Value")
	case "transaction", "transaction annex":
		return names.has("Transaction")
	case "history":
		return names.has("History")
	}
	return true
}

// count runs a statement that counts.
func (p *prober) count(ctx context.Context, template string, names Names) (int, error) {
	r := p.renderer()
	r.names = names
	var n int
	err := p.db.QueryRowContext(ctx, r.render(template)).Scan(number(&n))
	return n, err
}

// note adds a finding.
func (p *prober) note(f Finding) {
	if f.Name == "" && f.Source == "" {
		f.Source = NotThere
	}
	p.findings = append(p.findings, f)
}

// lacking notes that something needed was not found: what was looked for, what came into question
// and how to say it.
func (p *prober) lacking(wanted, lookedFor string, candidates []string, keys ...string) {
	text := "nothing that fits"
	if len(candidates) > 0 {
		text = strings.Join(candidates, ", ")
	}
	where := "the database"
	if p.schema != "" {
		where = "schema " + p.schema
	}
	p.missing = append(p.missing, fmt.Sprintf("%s: looked in %s for %s; found %s; state %s in CONFIG_DB_NAMES_FILE",
		wanted, where, lookedFor, text, strings.Join(keys, ", ")))
	p.note(Finding{Wanted: wanted, Candidates: candidates})
}

// find returns the table of this name.
func (p *prober) find(name string) (table, bool) {
	i := slices.IndexFunc(p.tables, func(t table) bool { return strings.EqualFold(t.name, name) })
	if i < 0 {
		return table{name: name}, false
	}
	return p.tables[i], true
}

// LogValue implements slog.LogValuer: what was found, in short.
func (p Probe) LogValue() slog.Value {
	attributes := []slog.Attr{slog.String("schema", p.Schema), slog.Int("tables", p.Tables), slog.Bool("oneState", p.OneState)}
	for _, f := range p.Findings {
		text := f.Name
		if text == "" {
			text = string(NotThere)
		}
		if f.Note != "" {
			text += " (" + f.Note + ")"
		}
		attributes = append(attributes, slog.String(f.Wanted, text))
	}
	return slog.GroupValue(attributes...)
}
