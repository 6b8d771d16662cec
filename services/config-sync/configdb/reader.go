package configdb

import (
	"database/sql"
	"fmt"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/configmodel"
)

// reader reads within one transaction.
type reader struct {
	query func(statement string, args ...any) (*sql.Rows, error)
	plan  *plan
	// damaged counts texts that were not readable as they are.
	damaged int
}

// each runs a statement and calls scan for every row.
func (r *reader) each(statement string, scan func(*sql.Rows) error, args ...any) error {
	rows, err := r.query(statement, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// list runs a statement bound to the tenant and returns one item per row; columns returns the
// destinations within the item.
func list[T any](r *reader, statement string, columns func(*T) []any, args ...any) ([]T, error) {
	var out []T
	err := r.each(statement, func(rows *sql.Rows) error {
		var item T
		if err := rows.Scan(columns(&item)...); err != nil {
			return fmt.Errorf("row %d: %w", len(out)+1, err)
		}
		out = append(out, item)
		return nil
	}, args...)
	return out, err
}

func (r *reader) snapshot(tenant configmodel.DBID, withFolders bool) (configmodel.Snapshot, error) {
	snap := configmodel.Snapshot{Tenant: configmodel.Tenant{DBID: tenant}}
	steps := []struct {
		what string
		read func() error
	}{
		{"tenant", func() error { return r.tenant(&snap.Tenant) }},
		{"switches", func() (err error) { snap.Switches, err = r.switches(tenant); return err }},
		{"persons", func() (err error) { snap.Persons, err = r.persons(tenant); return err }},
		{"skills", func() (err error) { snap.Skills, err = r.skills(tenant); return err }},
		{"skill levels", func() (err error) { snap.SkillLevels, err = r.levels(tenant); return err }},
		{"dns", func() (err error) { snap.DNs, err = r.dns(tenant); return err }},
		{"groups", func() (err error) { snap.Groups, err = r.groups(tenant); return err }},
		{"business attributes", func() (err error) { snap.Attributes, err = r.attributes(tenant); return err }},
		{"annex", func() error { return r.annexes(&snap) }},
		{"transaction", func() (err error) { snap.Options, err = r.options(tenant); return err }},
		{"folders", func() error { return r.folders(&snap, withFolders) }},
		{"history", func() error { return r.history(snap.DNs) }},
	}
	for _, step := range steps {
		if err := step.read(); err != nil {
			return snap, fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return snap, nil
}

func (r *reader) tenant(t *configmodel.Tenant) error {
	found := false
	err := r.each(sqlTenant, func(rows *sql.Rows) error {
		found = true
		return rows.Scan(r.text(&t.Name))
	}, int64(t.DBID))
	if err == nil && !found {
		return fault.Newf(fault.NotFound, "configdb.tenant", "tenant %s does not exist", t.DBID).
			WithHint("set TENANT_ID to the DBID of the tenant in the Config DB")
	}
	return err
}

func (r *reader) switches(tenant configmodel.DBID) ([]configmodel.Switch, error) {
	return list(r, sqlSwitches, func(s *configmodel.Switch) []any { return []any{number(&s.DBID), r.text(&s.Name)} }, int64(tenant))
}

// flagTrue is CfgFlag True; 1 is False.
const flagTrue = 2

func (r *reader) persons(tenant configmodel.DBID) ([]configmodel.Person, error) {
	type row struct {
		configmodel.Person
		agent int
	}
	rows, err := list(r, sqlPersons, func(p *row) []any {
		return []any{
			number(&p.DBID), r.text(&p.UserName), r.text(&p.EmployeeID), r.text(&p.Email),
			r.text(&p.FirstName), r.text(&p.LastName), number(&p.agent), number(&p.State),
		}
	}, int64(tenant))
	if err != nil {
		return nil, err
	}
	logins, err := r.logins(tenant)
	persons := make([]configmodel.Person, 0, len(rows))
	for _, p := range rows {
		p.Agent = p.agent == flagTrue
		p.Logins = logins[p.DBID]
		persons = append(persons, p.Person)
	}
	return persons, err
}

func (r *reader) logins(tenant configmodel.DBID) (map[configmodel.DBID][]configmodel.Login, error) {
	type row struct {
		person configmodel.DBID
		configmodel.Login
	}
	rows, err := list(r, sqlLogins, func(l *row) []any {
		return []any{number(&l.person), number(&l.SwitchDBID), r.text(&l.SwitchName), r.text(&l.Code)}
	}, int64(tenant))
	out := map[configmodel.DBID][]configmodel.Login{}
	for _, l := range rows {
		out[l.person] = append(out[l.person], l.Login)
	}
	return out, err
}

func (r *reader) skills(tenant configmodel.DBID) ([]configmodel.Skill, error) {
	return list(r, sqlSkills, func(s *configmodel.Skill) []any {
		return []any{number(&s.DBID), r.text(&s.Name), number(&s.State)}
	}, int64(tenant))
}

func (r *reader) levels(tenant configmodel.DBID) ([]configmodel.SkillLevel, error) {
	return list(r, sqlLevels, func(l *configmodel.SkillLevel) []any {
		return []any{number(&l.PersonDBID), number(&l.SkillDBID), number(&l.Level)}
	}, int64(tenant))
}

func (r *reader) dns(tenant configmodel.DBID) ([]configmodel.DN, error) {
	return list(r, sqlDNs, func(d *configmodel.DN) []any {
		return []any{
			number(&d.DBID), r.text(&d.Number), r.text(&d.Name), number(&d.Type), number(&d.State),
			number(&d.SwitchDBID), r.text(&d.SwitchName),
		}
	}, int64(tenant))
}

func (r *reader) groups(tenant configmodel.DBID) ([]configmodel.Group, error) {
	groups, err := list(r, sqlGroups, func(g *configmodel.Group) []any {
		return []any{number(&g.DBID), r.text(&g.Name), number(&g.State)}
	}, int64(tenant))
	if err != nil {
		return nil, err
	}
	type member struct{ group, agent configmodel.DBID }
	members, err := list(r, sqlMembers, func(m *member) []any { return []any{number(&m.group), number(&m.agent)} }, int64(tenant))
	byGroup := map[configmodel.DBID][]configmodel.DBID{}
	for _, m := range members {
		byGroup[m.group] = append(byGroup[m.group], m.agent)
	}
	for i := range groups {
		groups[i].Members = byGroup[groups[i].DBID]
	}
	return groups, err
}

func (r *reader) attributes(tenant configmodel.DBID) ([]configmodel.BusinessAttribute, error) {
	if !r.plan.has("Enumerator", "Value") {
		return nil, nil
	}
	attributes, err := list(r, sqlAttributes, func(a *configmodel.BusinessAttribute) []any {
		return []any{number(&a.DBID), r.text(&a.Name), number(&a.Type), number(&a.State)}
	}, int64(tenant))
	if err != nil {
		return nil, err
	}
	type value struct {
		attribute configmodel.DBID
		configmodel.AttributeValue
	}
	values, err := list(r, sqlValues, func(v *value) []any {
		return []any{number(&v.attribute), number(&v.DBID), r.text(&v.Name), r.text(&v.DisplayName), number(&v.State)}
	}, int64(tenant))
	byAttribute := map[configmodel.DBID][]configmodel.AttributeValue{}
	for _, v := range values {
		byAttribute[v.attribute] = append(byAttribute[v.attribute], v.AttributeValue)
	}
	for i := range attributes {
		attributes[i].Values = byAttribute[attributes[i].DBID]
	}
	return attributes, err
}

func (r *reader) folders(snap *configmodel.Snapshot, wanted bool) (err error) {
	if !wanted {
		return nil
	}
	snap.Folders, err = list(r, sqlFolders, func(f *configmodel.Folder) []any {
		return []any{number(&f.DBID), r.text(&f.Name), number(&f.Type), number(&f.ParentDBID), number(&f.ParentType), number(&f.State)}
	})
	if err != nil {
		return err
	}
	snap.FolderObjects, err = list(r, sqlFolderObjects, func(o *configmodel.FolderObject) []any {
		return []any{number(&o.FolderDBID), number(&o.ObjectDBID), number(&o.ObjectType)}
	})
	return err
}

// history adds the time of the last change to the DNs.
func (r *reader) history(dns []configmodel.DN) error {
	if !r.plan.has("History") {
		return nil
	}
	type row struct {
		dn configmodel.DBID
		at time.Time
	}
	rows, err := list(r, sqlHistory, func(h *row) []any { return []any{number(&h.dn), &timeScanner{&h.at, r.plan.zoned}} })
	times := make(map[configmodel.DBID]time.Time, len(rows))
	for _, h := range rows {
		times[h.dn] = h.at
	}
	for i := range dns {
		dns[i].LastModified = times[dns[i].DBID]
	}
	return err
}
