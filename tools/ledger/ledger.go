// Command ledger compares the ledger of testable facts with the tests that name them.
//
// It prints, per system, how many rows a test names and which are open, and fails for a test that
// names a row that does not exist.
package main

import (
	"bufio"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	file := flag.String("file", "docs/ledger.tsv", "the ledger: tab-separated, first column the id, fourth the system")
	root := flag.String("root", ".", "the tree whose tests are read")
	open := flag.Bool("open", false, "list the open rows with their statements")
	flag.Parse()
	if err := run(os.Stdout, *file, *root, *open); err != nil {
		fmt.Fprintln(os.Stderr, "ledger:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, file, root string, open bool) error {
	rows, err := readRows(file)
	if err != nil {
		return err
	}
	mentions, err := readMentions(root)
	if err != nil {
		return err
	}
	report(out, rows, mentions, open)
	return unknown(rows, mentions)
}

// Row is one testable fact.
type Row struct {
	ID, System, Statement string
}

func readRows(file string) (map[string]Row, error) {
	source, err := os.Open(file) //nolint:gosec // the path is the caller's own argument
	if err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	defer func() { _ = source.Close() }()
	rows := map[string]Row{}
	lines := bufio.NewScanner(source)
	for number := 1; lines.Scan(); number++ {
		columns := strings.Split(lines.Text(), "\t")
		if len(columns) < 6 {
			return nil, fmt.Errorf("%s:%d has %d columns, want 6 separated by tabs", file, number, len(columns))
		}
		if columns[0] == "id" {
			continue
		}
		if _, twice := rows[columns[0]]; twice {
			return nil, fmt.Errorf("%s:%d repeats id %s", file, number, columns[0])
		}
		rows[columns[0]] = Row{ID: columns[0], System: columns[3], Statement: columns[5]}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return rows, nil
}

var (
	mentionPattern = regexp.MustCompile(`//\s*ledger:\s*(.*)$`)
	idPattern      = regexp.MustCompile(`[A-Z]+-[A-Z0-9]+-\d{3}`)
)

// readMentions returns for each id the places of the tests that name it.
func readMentions(root string) (map[string][]string, error) {
	mentions := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root:
			return fs.SkipDir
		case !entry.IsDir() && strings.HasSuffix(path, "_test.go"):
			return readMentionsOf(path, mentions)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the tests: %w", err)
	}
	return mentions, nil
}

func readMentionsOf(path string, mentions map[string][]string) error {
	source, err := os.ReadFile(path) //nolint:gosec // the path comes from walking our own tree
	if err != nil {
		return err
	}
	for number, line := range strings.Split(string(source), "\n") {
		match := mentionPattern.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		for _, id := range idPattern.FindAllString(match[1], -1) {
			mentions[id] = append(mentions[id], fmt.Sprintf("%s:%d", path, number+1))
		}
	}
	return nil
}

func report(out io.Writer, rows map[string]Row, mentions map[string][]string, open bool) {
	type count struct{ named, all int }
	counts := map[string]count{}
	for id, row := range rows {
		c := counts[row.System]
		c.all++
		if len(mentions[id]) > 0 {
			c.named++
		}
		counts[row.System] = c
	}
	total := count{}
	for _, system := range slices.Sorted(maps.Keys(counts)) {
		c := counts[system]
		total.named, total.all = total.named+c.named, total.all+c.all
		_, _ = fmt.Fprintf(out, "%-12s %3d of %3d rows are named by a test\n", system, c.named, c.all)
	}
	_, _ = fmt.Fprintf(out, "%-12s %3d of %3d\n", "all", total.named, total.all)
	if !open {
		return
	}
	sorted := slices.SortedFunc(maps.Values(rows), func(a, b Row) int { return cmp.Compare(a.ID, b.ID) })
	for _, row := range sorted {
		if len(mentions[row.ID]) == 0 {
			_, _ = fmt.Fprintf(out, "open  %s  %s\n", row.ID, row.Statement)
		}
	}
}

func unknown(rows map[string]Row, mentions map[string][]string) error {
	var faults []error
	for _, id := range slices.Sorted(maps.Keys(mentions)) {
		if _, ok := rows[id]; !ok {
			faults = append(faults, fmt.Errorf("%s names %s, which is no row of the ledger", strings.Join(mentions[id], ", "), id))
		}
	}
	return errors.Join(faults...)
}
