package flowdoc

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"engage.connector/services/conversation-provider/feedtest"
)

// testdata is where the files of the flows stand, seen from their pages.
const testdata = "../../services/conversation-provider/model/testdata/"

// CallFlows writes the pages about the call flows, by their names in docs: the list of all flows, and
// a page for each family.
func CallFlows() (map[string]string, error) {
	pages := map[string]string{}
	var index strings.Builder
	index.WriteString(intro)
	for _, family := range feedtest.Families() {
		page := "call-flows/" + family.Name + ".md"
		var b strings.Builder
		fmt.Fprintf(&b, "# Call flows: %s\n\nGenerated; do not edit. How to read it stands on the [list of all flows](../call-flows.md).\n", strings.ToLower(family.Title[:1])+family.Title[1:])
		fmt.Fprintf(&index, "\n### %s\n\n| flow | what happens | in the EX org |\n|---|---|---|\n", family.Title)
		for _, s := range family.Flows {
			f, err := play(s)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&index, "| [%s](%s#%s) | %s | %s |\n", f.Name, page, f.Name, f.Title, f.outcome())
			b.WriteString(f.chapter())
		}
		pages[page] = b.String()
	}
	pages["call-flows.md"] = index.String()
	return pages, nil
}

const intro = `# Call flows

Generated from the scenarios that the tests play (` + "`services/conversation-provider/feedtest`" + `); do not edit.
What decides is the [transition table](call-model.md).

The pictures show, on one time axis, who is in the Engage call and which legs the EX conversation has: caller, IVR (the routing
point), queue (the virtual queue) and agent, named as the vendor's guide draws them.
` + legend + `.
What stands after a leg is its disconnect type, and what became of the disposition.

- **whole**: every party is shown from its beginning to its end.
- **suspended**: the call left the EX model on its way (the guide's Monitoring Suspension Mode). From then on only the end of
  legs is sent, each when its party leaves Engage; who would be left alone ends too.
- **ignored**: the call never fitted the EX model; nothing is sent.

Further flows, written down as scripts of messages with the legs that are expected, stand in
[model/testdata/flows](../services/conversation-provider/model/testdata/flows).

The reason stands at ` + "`GET /api/v1/interactions/{callUUID}`" + ` and in the metric ` + "`engage_connector_conversation_provider_calls_total`" + `.
The guide counts 17 types of supported call flows and does not list them; the list is in another document of the vendor,
which is not publicly documented. The flows here were reconstructed from the fields of the API.

## All flows
`

// outcome says what the org shows.
func (f *flow) outcome() string {
	var all []string
	for _, c := range f.convs {
		text := "whole"
		switch c.Stage {
		case stageIgnored:
			text = "ignored: `" + c.Reason + "`"
		case stageSuspended:
			text = "suspended: `" + c.Reason + "`"
		}
		all = append(all, text)
	}
	return strings.Join(all, "; second call ")
}

func (f *flow) chapter() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n**%s.** %s\n\nIn the EX org: %s.", f.Name, f.Title, f.Description, f.outcome())
	for _, c := range f.convs {
		if row, ok := rowOf(c.leaving()); ok {
			fmt.Fprintf(&b, " Row `%s` (%s): %s.", row.ID, row.From, row.Why)
		}
	}
	fmt.Fprintf(&b, "\nFiles: [feed](%s%s.ndjson), [events](%s%s.golden.json).\n", testdata, f.Name, testdata, f.Name)
	c := newCenter(f)
	sections := c.sections()
	orgs := make([]*org, len(f.convs))
	for i, conv := range f.convs {
		orgs[i] = newOrg(c, conv)
		title := "EX conversation"
		if len(f.convs) > 1 {
			title = fmt.Sprintf("EX conversation %d", i+1)
		}
		if len(orgs[i].order) == 0 {
			title += ": none"
		}
		sections = append(sections, orgs[i].section(title))
	}
	fmt.Fprintf(&b, "\n```text\n%s\n```\n", strings.Join(newScale(f.start, c.end).picture(sections), "\n"))
	b.WriteString("\n<details><summary>Event by event</summary>\n\n```text\n")
	b.WriteString(strings.Join(f.list(c, orgs), "\n"))
	b.WriteString("\n```\n\n</details>\n")
	return b.String()
}

// leaving is the row that suspended or ignored a conversation.
func (c exConversation) leaving() string {
	if c.Stage != stageIgnored && c.Stage != stageSuspended {
		return ""
	}
	for _, d := range c.Decisions {
		if row, ok := rowOf(d.Row); ok && row.Reason != "" {
			return d.Row
		}
	}
	return ""
}

func rowOf(id string) (tableRow, bool) {
	for _, row := range tableRows() {
		if row.ID == id {
			return row, true
		}
	}
	return tableRow{}, false
}

// line is one line of the list: what came in, what went out, the row that decided.
type line struct{ time, in, out, row string }

// list puts the feed and the events side by side.
func (f *flow) list(c *center, orgs []*org) []string {
	var lines []line
	told := map[time.Time]bool{}
	for _, e := range f.feed {
		first := line{time: seconds(e.Time.Sub(f.start)), in: c.text(e)}
		var more []line
		if !told[e.Time] {
			more = f.decided(e.Time, orgs)
		}
		told[e.Time] = true
		if len(more) > 0 {
			first.out, first.row = more[0].out, more[0].row
			more = more[1:]
		}
		lines = append(append(lines, first), more...)
	}
	for _, at := range f.later(told) {
		more := f.decided(at, orgs)
		more[0].time, more[0].in = seconds(at.Sub(f.start)), "(time passed)"
		lines = append(lines, more...)
	}
	return columns(append([]line{{"time", "Engage", "EX", "row"}}, lines...))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// later are the times of decisions that no event of the feed brought.
func (f *flow) later(told map[time.Time]bool) []time.Time {
	var times []time.Time
	for _, conv := range f.convs {
		for _, d := range conv.Decisions {
			if !told[d.At] && d.Row != "" {
				told[d.At] = true
				times = append(times, d.At)
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// decided are the decisions about the facts of a time.
func (f *flow) decided(at time.Time, orgs []*org) []line {
	var lines []line
	for i, conv := range f.convs {
		for _, d := range conv.Decisions {
			if !d.At.Equal(at) || d.Row == "" {
				continue
			}
			rest := len(lines)
			for _, e := range d.events {
				lines = append(lines, line{out: orgs[i].text(e)})
			}
			if rest == len(lines) {
				lines = append(lines, line{})
			}
			lines[rest].row = d.Row
		}
	}
	return lines
}

// columns aligns lines.
func columns(lines []line) []string {
	var in, out, when int
	for _, l := range lines {
		when = max(when, len(l.time))
		in = max(in, utf8.RuneCountInString(l.in))
		out = max(out, utf8.RuneCountInString(l.out))
	}
	texts := make([]string, len(lines))
	for i, l := range lines {
		text := strings.Repeat(" ", when-len(l.time)) + l.time + "  " + pad(l.in, in+gap) + pad(l.out, out+gap) + l.row
		texts[i] = strings.TrimRight(text, " ")
	}
	return texts
}
