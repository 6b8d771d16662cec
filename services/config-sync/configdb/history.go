package configdb

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// history finds the log of changes: a table that names an object by DBID and type, and a time.
// Without one, the times of the last changes are not known, which is no fault.
func (p *prober) history(ctx context.Context) error {
	const wanted = "history"
	if p.names.History == Absent {
		p.note(Finding{Wanted: wanted, Source: FromOperator, Note: "not read"})
		return nil
	}
	var good []Names
	var rows []int
	var candidates []string
	for _, t := range p.choose("History", "", func(t table) bool { return isHistory(t, p.names) }) {
		names := historyNames(t, p.names)
		n := -1
		if names.has("HistoryObject", "HistoryType", "HistoryTime") {
			var err error
			if n, err = p.count(ctx, sqlHistoryRows, names); err != nil && p.unreadable(err) == "" {
				return err
			}
			if err == nil {
				good, rows = append(good, names), append(rows, n)
			}
		}
		candidates = append(candidates, fmt.Sprintf("%s: %d rows about DNs", t.name, max(n, 0)))
	}
	best := mostRows(rows)
	if best < 0 {
		p.names.History = Absent
		p.note(Finding{Wanted: wanted, Candidates: candidates, Note: "the time of the last change is not shown"})
		return nil
	}
	p.names = good[best]
	t, _ := p.find(p.names.History)
	p.zoned = hasZone(t.kind(p.names.HistoryTime))
	p.note(Finding{Wanted: wanted, Source: p.source("History"), Candidates: candidates,
		Name: fmt.Sprintf("%s(%s, %s, %s)", p.names.History, p.names.HistoryObject, p.names.HistoryType, p.names.HistoryTime)})
	return nil
}

// isHistory tells whether a table could be a history by its name and its columns.
func isHistory(t table, known Names) bool {
	name := strings.ToLower(t.name)
	if !strings.HasPrefix(name, "cfg_h") && !contains([]string{"hist", "audit", "log"})(name) {
		return false
	}
	names := historyNames(t, known)
	return name != strings.ToLower(known.FolderObject) && names.has("HistoryObject", "HistoryType", "HistoryTime")
}

// historyNames fills in the columns of a history that the operator did not name.
func historyNames(t table, names Names) Names {
	names.History = t.name
	object, kind := t.reference("obj")
	at := timeColumn(t)
	for field, found := range map[string]string{"HistoryObject": object, "HistoryType": kind, "HistoryTime": at} {
		if names.get(field) == "" {
			names.set(field, found)
		}
	}
	return names
}

// timeColumn is the column that says when a change was made: by its name, else by its type.
func timeColumn(t table) string {
	if at, _ := t.pick([]string{"change_ts", "changed_at", "change_time", "ts", "timestamp"}, nil); at != "" {
		return at
	}
	for _, c := range t.columns {
		if slices.ContainsFunc([]string{"date", "time"}, func(word string) bool { return strings.Contains(c.kind, word) }) {
			return c.name
		}
	}
	at, _ := t.pick(nil, contains([]string{"time", "date", "stamp", "changed", "_ts"}, "zone", "update_"))
	return at
}

// hasZone tells whether a time of this type is a moment, not just what a clock showed.
func hasZone(kind string) bool {
	return strings.Contains(kind, "with time zone") || strings.Contains(kind, "with local time zone") ||
		strings.Contains(kind, "timestamptz") || strings.Contains(kind, "offset")
}

// parts notes that long annex values could come in rows of no known order.
func (p *prober) parts(context.Context) error {
	if !p.names.has("FlexPart") {
		p.note(Finding{Wanted: "order of the parts of an annex value", Note: "values in several rows are joined as the database returns them"})
	}
	return nil
}
