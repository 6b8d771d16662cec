// Package flowfile reads call flows that were written down as files: what the links of a site report
// (feed.ndjson), and what the org is to show of it (expected.md, see ParseExpected). The files know
// nothing of the rules that are tested with them.
package flowfile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/feedtest"
)

// Names of the files of a flow's folder, and of the site that all folders share.
const (
	feedFile     = "feed.ndjson"
	expectedFile = "expected.md"
	siteFile     = "site.json"
	scriptSuffix = ".md" // of a flow in one file
)

// Flow is one folder, or one file with a script.
type Flow struct {
	Name string
	Expected
	// Lines are those of the feed, in the order of receipt, with the link that each came over.
	Lines []feedtest.Event
}

// Load reads a folder of flows and their site.
func Load(dir string) (*Site, []Flow, error) {
	site, err := readSite(filepath.Join(dir, siteFile))
	if err != nil {
		return nil, nil, err
	}
	folders, err := filepath.Glob(filepath.Join(dir, "*", feedFile))
	if err != nil {
		return nil, nil, fmt.Errorf("looking for flows: %w", err)
	}
	scripts, err := filepath.Glob(filepath.Join(dir, "*"+scriptSuffix))
	if err != nil {
		return nil, nil, fmt.Errorf("looking for flows: %w", err)
	}
	var flows []Flow
	for _, path := range append(folders, scripts...) {
		reader := readScript
		if filepath.Base(path) == feedFile {
			path, reader = filepath.Dir(path), read
		}
		flow, err := reader(path)
		if err != nil {
			return nil, nil, fmt.Errorf("flow %s: %w", path, err)
		}
		flows = append(flows, flow)
	}
	return site, flows, nil
}

// readScript reads a flow that is written down as one file: its blocks "script" and "legs".
func readScript(path string) (Flow, error) {
	f := Flow{Name: strings.TrimSuffix(filepath.Base(path), scriptSuffix)}
	text, err := os.ReadFile(path) //nolint:gosec // a test's own files
	if err != nil {
		return f, fmt.Errorf("reading the flow: %w", err)
	}
	if f.Expected, err = ParseExpected(string(text)); err != nil {
		return f, err
	}
	_, rest, found := strings.Cut(string(text), "```script\n")
	lines, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		return f, fmt.Errorf("no block ```script")
	}
	return f, parseScript(&f, lines)
}

func read(dir string) (Flow, error) {
	f := Flow{Name: filepath.Base(dir)}
	text, err := os.ReadFile(filepath.Join(dir, expectedFile)) //nolint:gosec // a test's own files
	if err != nil {
		return f, fmt.Errorf("reading the expectation: %w", err)
	}
	if f.Expected, err = ParseExpected(string(text)); err != nil {
		return f, err
	}
	feed, err := os.Open(filepath.Join(dir, feedFile)) //nolint:gosec // a test's own files
	if err != nil {
		return f, fmt.Errorf("reading the feed: %w", err)
	}
	defer func() { _ = feed.Close() }()
	var lines []engage.Event
	err = engage.Replay(feed, func(e engage.Event) error {
		lines = append(lines, e)
		return nil
	}, func(bad engage.BadLine) error { return fmt.Errorf("bad line: %s", bad.Reason) })
	if err != nil {
		return f, fmt.Errorf("reading the feed: %w", err)
	}
	f.Lines = withLinks(lines)
	return f, nil
}

// withLinks finds out which link each line came over: by its server and what it is about. The edge's
// own lines are about nothing; their cursor continues that of their link.
func withLinks(lines []engage.Event) []feedtest.Event {
	out := make([]feedtest.Event, len(lines))
	last := map[string]string{} // cursor by link
	for i, e := range lines {
		link := e.Server.Name + "/" + string(purpose(e.Message))
		if e.IsFeed() {
			link = continued(last, e)
		}
		last[link] = e.Cursor
		out[i] = feedtest.Event{Link: link, Event: e}
	}
	return out
}

// purpose names the kind of link that reports a message, as the service names its links.
func purpose(message string) string {
	switch message {
	case engage.MsgEventQueued, engage.MsgEventDiverted, engage.MsgEventAbandoned:
		return feedtest.LinkQueue
	case engage.MsgEventCallCreated, engage.MsgEventCallDataChanged, engage.MsgEventCallDeleted, engage.MsgEventCallPartyAdded,
		engage.MsgEventCallPartyState, engage.MsgEventCallPartyMoved, engage.MsgEventCallPartyDeleted:
		return feedtest.LinkCall
	case engage.MsgEventInfo:
		return "stat"
	default:
		return feedtest.LinkAgent
	}
}

// continued is the link of the server whose last cursor comes right before that of a line.
func continued(last map[string]string, e engage.Event) string {
	best := e.Server.Name + "/" + feedtest.LinkCall
	for link, cursor := range last {
		if link[:len(link)-len(filepath.Base(link))-1] == e.Server.Name && cursor < e.Cursor && cursor > last[best] {
			best = link
		}
	}
	return best
}

// Links lists the links that the flow's lines came over, sorted.
func (f *Flow) Links() []string {
	var links []string
	for _, line := range f.Lines {
		if !slices.Contains(links, line.Link) {
			links = append(links, line.Link)
		}
	}
	slices.Sort(links)
	return links
}

// Skew is how far the clocks of the flow's servers are apart: the difference of the smallest delays of
// their lines.
func (f *Flow) Skew() time.Duration {
	offsets := f.offsets()
	least, most := time.Duration(0), time.Duration(0)
	first := true
	for _, d := range offsets {
		if first || d < least {
			least = d
		}
		if first || d > most {
			most = d
		}
		first = false
	}
	return most - least
}

// offsets is, by server, the smallest difference between receipt and the server's time.
func (f *Flow) offsets() map[string]time.Duration {
	offsets := map[string]time.Duration{}
	for _, line := range f.Lines {
		d := line.ReceivedAt.Sub(line.Time)
		if least, ok := offsets[line.Server.Name]; !ok || d < least {
			offsets[line.Server.Name] = d
		}
	}
	return offsets
}
