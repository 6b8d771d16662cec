package configdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxDangling is the share of rows of a link, in percent, that may refer to nothing: the rows are
// counted while the database is in use.
const maxDangling = 5

// link finds which folder an object is in: a table with a folder, and the DBID and type of an
// object. Its rows about persons must lead to persons and to folders of persons.
func (p *prober) link(ctx context.Context) error {
	const wanted = "folder of an object"
	if !p.names.has("Folder", "FolderType") {
		return nil
	}
	var good []Names
	var rows []int
	var candidates []string
	for _, t := range p.choose("FolderObject", "", isLink(p.names)) {
		names := linkNames(t, p.names)
		if !names.has("LinkFolder", "LinkObject", "LinkType") {
			candidates = append(candidates, t.name+": columns not recognised")
			continue
		}
		n, reason, err := p.checkLink(ctx, names)
		if err != nil {
			return err
		}
		candidates = append(candidates, t.name+reason)
		if reason == "" || p.source("FolderObject") == FromOperator {
			good, rows = append(good, names), append(rows, n)
		}
	}
	best := mostRows(rows)
	if best < 0 {
		p.lackingFolders(wanted, "a cfg_ table with a folder, and the DBID and type of an object",
			candidates, "folder_object", "link_folder", "link_object", "link_type")
		return nil
	}
	p.names = good[best]
	f := Finding{Wanted: wanted, Source: p.source("FolderObject"), Candidates: candidates,
		Name: fmt.Sprintf("%s(%s, %s, %s)", p.names.FolderObject, p.names.LinkFolder, p.names.LinkObject, p.names.LinkType)}
	if rows[best] == 0 {
		f.Note = "it has no rows about persons that could be checked"
	}
	p.note(f)
	return nil
}

// isLink tells whether a table could be the link: not the folders themselves, not the annex.
func isLink(known Names) func(table) bool {
	return func(t table) bool {
		name := strings.ToLower(t.name)
		if slices.Contains([]string{strings.ToLower(known.Folder), strings.ToLower(known.FlexProp), "cfg_app_option"}, name) {
			return false
		}
		names := linkNames(t, known)
		return names.has("LinkFolder", "LinkObject", "LinkType")
	}
}

// linkNames fills in the columns of a link that the operator did not name.
func linkNames(t table, names Names) Names {
	names.FolderObject = t.name
	object, kind := t.reference("obj")
	if kind == "" {
		kind = t.column("type")
	}
	folder, _ := t.pick([]string{"folder_dbid"}, contains([]string{"fold"}, "csid", "type", "class"))
	for field, found := range map[string]string{"LinkFolder": folder, "LinkObject": object, "LinkType": kind} {
		if names.get(field) == "" {
			names.set(field, found)
		}
	}
	return names
}

// checkLink counts the rows about persons and tells what is wrong with them. A table that cannot
// be read is none.
func (p *prober) checkLink(ctx context.Context, names Names) (int, string, error) {
	counts := make([]int, 3)
	for i, template := range []string{sqlLinkRows, sqlLinkPersons, sqlLinkFolders} {
		n, err := p.count(ctx, template, names)
		if err != nil {
			if unreadable := p.unreadable(err); unreadable != "" {
				return 0, unreadable, nil
			}
			return 0, "", err
		}
		counts[i] = n
	}
	rows, persons, folders := counts[0], counts[1], counts[2]
	switch {
	case persons*100 > rows*maxDangling:
		return rows, fmt.Sprintf(": %d of %d rows are about persons that do not exist", persons, rows), nil
	case folders*100 > rows*maxDangling:
		return rows, fmt.Sprintf(": %d of %d rows are not about folders of persons", folders, rows), nil
	}
	return rows, "", nil
}

// unreadable tells why a candidate cannot be read; empty for an error that concerns the connection.
func (p *prober) unreadable(err error) string {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return ""
	}
	if code, _ := p.dialect.classify(err); code == "" {
		return ""
	}
	return ": cannot be read"
}

// mostRows returns the index of the greatest number, -1 when there is none or not one alone.
func mostRows(rows []int) int {
	if len(rows) == 0 {
		return -1
	}
	best := 0
	for i, n := range rows {
		if n > rows[best] {
			best = i
		}
	}
	if slices.Index(rows, rows[best]) != best || slices.Contains(rows[best+1:], rows[best]) {
		return -1
	}
	return best
}

// groupType finds the number of agent groups in group_type: that of the groups that have agents, or an
// annex as an agent group has it. Nothing documents the number, so that one of several is not chosen by
// how often it occurs: the wrong choice would empty queues.
func (p *prober) groupType(ctx context.Context) error {
	const wanted = "kind of agent groups"
	if p.names.GroupType != "" {
		p.note(Finding{Wanted: wanted, Source: FromOperator, Name: p.names.GroupType})
		return nil
	}
	groups := map[int]int{}
	for _, template := range []string{sqlGroupTypes, sqlAnnexGroupTypes} {
		if err := p.countGroups(ctx, template, groups); err != nil {
			return fmt.Errorf("groups: %w", err)
		}
	}
	var kinds, candidates []string
	for _, kind := range slices.Sorted(maps.Keys(groups)) {
		kinds = append(kinds, strconv.Itoa(kind))
		candidates = append(candidates, fmt.Sprintf("%d: %d groups", kind, groups[kind]))
	}
	switch len(kinds) {
	case 0:
		p.names.GroupType = Absent
		p.note(Finding{Wanted: wanted, Source: NotThere, Note: "no group tells; groups of every kind are read"})
	case 1:
		p.names.GroupType = kinds[0]
		p.note(Finding{Wanted: wanted, Source: FromData, Name: kinds[0], Candidates: candidates})
	default:
		p.lacking(wanted+" (one number, or several separated by commas)", "one group_type of all groups that have agents or an annex of object_type 5",
			candidates, "group_type")
	}
	return nil
}

// countGroups adds up the evidence for each kind.
func (p *prober) countGroups(ctx context.Context, template string, groups map[int]int) error {
	rows, err := p.db.QueryContext(ctx, p.renderer().render(template))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var kind, n int
		if err := rows.Scan(number(&kind), number(&n)); err != nil {
			return err
		}
		groups[kind] += n
	}
	return rows.Err()
}
