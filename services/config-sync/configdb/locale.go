package configdb

import (
	"context"
	"fmt"
	"strings"
	"unicode"
)

// meaningTable lists the numbers that the statements and the derivation rely on, by the words that their
// captions hold in the dictionary (lower case, letters only).
var meaningTable = []struct {
	kind    int    // lc_type of the dictionary
	number  int    // what is relied on
	name    string // for the operator
	caption []string
}{
	{0, 1, "state Enabled", []string{"enabled"}},
	{0, 2, "state Disabled", []string{"disabled"}},
	{5, 1, "DN type Extension", []string{"extension"}},
	{5, 3, "DN type ACD Queue", []string{"acdqueue"}},
	{5, 4, "DN type Routing Point", []string{"routingpoint"}},
	{5, 5, "DN type Virtual Queue", []string{"virtualqueue", "virtacdqueue", "virtualacdqueue"}},
	{5, 22, "DN type Routing Queue", []string{"routingqueue"}},
}

// locale checks the numbers of enumerations against the dictionary, where the database has one. A
// caption that is not recognised says nothing; one that belongs to another number does.
func (p *prober) locale(ctx context.Context) error {
	const wanted = "numbers of enumerations"
	t, there := p.find(p.names.Locale)
	if p.names.Locale == Absent || !there {
		p.note(Finding{Wanted: wanted, Note: "there is no dictionary to check them against"})
		return nil
	}
	captions, err := p.captions(ctx)
	if err != nil {
		if reason := p.unreadable(err); reason != "" {
			p.note(Finding{Wanted: wanted, Candidates: []string{t.name + reason}, Note: "not checked"})
			return nil
		}
		return fmt.Errorf("%s: %w", t.name, err)
	}
	confirmed := 0
	for _, row := range meaningTable {
		numbers := map[int]bool{}
		var list []string
		for _, caption := range row.caption {
			for _, n := range captions[row.kind][caption] {
				numbers[n] = true
				list = append(list, fmt.Sprintf("%d", n))
			}
		}
		switch {
		case len(numbers) == 0:
		case numbers[row.number]:
			confirmed++
		default:
			p.missing = append(p.missing, fmt.Sprintf("%s is number %s in %s and not %d, so that this database would be read wrongly; "+
				"if the dictionary is wrong, state locale as - in CONFIG_DB_NAMES_FILE", row.name, strings.Join(list, ", "), t.name, row.number))
		}
	}
	p.note(Finding{Wanted: wanted, Source: FromData, Name: t.name, Note: fmt.Sprintf("%d of %d confirmed", confirmed, len(meaningTable))})
	return nil
}

// captions reads the dictionary: kind of enumeration -> caption -> numbers.
func (p *prober) captions(ctx context.Context) (map[int]map[string][]int, error) {
	rows, err := p.db.QueryContext(ctx, p.renderer().render(sqlLocale))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[int]map[string][]int{}
	for rows.Next() {
		var kind, n int
		var caption string
		if err := rows.Scan(number(&kind), number(&n), plainText(&caption)); err != nil {
			return nil, err
		}
		if out[kind] == nil {
			out[kind] = map[string][]int{}
		}
		word := letters(caption)
		out[kind][word] = append(out[kind][word], n)
	}
	return out, rows.Err()
}

// letters is a caption without what differs between spellings.
func letters(caption string) string {
	return strings.TrimPrefix(strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, caption), "cfg")
}
