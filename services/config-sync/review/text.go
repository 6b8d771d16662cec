package review

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"engage.connector/services/config-sync/plan"
)

// most is how many relations of one object the text shows; JSON has all.
const most = 10

// nounTable is what one object of a kind is called.
var nounTable = map[plan.Kind]string{
	plan.Users: "user", plan.Queues: "queue", plan.Skills: "skill", plan.Codes: "wrap-up code", plan.DNs: "extension",
	plan.Source: "source", plan.Presences: "presence",
}

// WriteText prints the review for the operator. What only the connector remembers is counted, not
// listed.
func (r Review) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	r.writeDrift(out)
	r.writeDeactivated(out)
	remembered := map[plan.Kind]int{}
	for _, o := range r.Objects {
		if o.Remembered {
			remembered[o.Kind]++
			continue
		}
		o.write(out)
	}
	for _, kind := range kindTable {
		if n := remembered[kind]; n > 0 {
			_, _ = fmt.Fprintf(out, "  %d %s are only remembered, without a request\n", n, kind)
		}
	}
	r.writeForetold(out)
	r.writeTotals(out)
	return out.Flush()
}

func (r Review) writeDrift(w io.Writer) {
	if len(r.Drift) == 0 {
		return
	}
	_, _ = fmt.Fprintln(w, "Changed in the organization:")
	for _, d := range r.Drift {
		_, _ = fmt.Fprintf(w, "  %s %s: ", nounTable[d.Kind], label(d.ID, d.Name))
		switch d.Attribute {
		case plan.NotFound:
			_, _ = fmt.Fprintln(w, "was not found; if the next reading does not find it either, it was deleted")
		case plan.FoundAgain:
			_, _ = fmt.Fprintln(w, "was missed and is there again")
		case plan.Deleted:
			_, _ = fmt.Fprintf(w, "was deleted and is left alone; to map it anew: config-sync clear-mapping %s %s\n", d.Kind, d.ID)
		default:
			_, _ = fmt.Fprintf(w, "%s is %s, should be %s\n", d.Attribute, quoted(d.Seen), quoted(d.Expected))
		}
	}
	_, _ = fmt.Fprintln(w)
}

// writeDeactivated names the users that become inactive before everything else: they cannot work
// from then on.
func (r Review) writeDeactivated(w io.Writer) {
	if len(r.Deactivated) == 0 {
		return
	}
	_, _ = fmt.Fprintf(w, "!!! %d become INACTIVE:\n", len(r.Deactivated))
	for _, i := range r.Deactivated {
		o := r.Objects[i]
		_, _ = fmt.Fprintf(w, "!!!   user %s: %s%s\n", label(o.ID, o.Name), o.Reason, held(o.Changes))
	}
	_, _ = fmt.Fprintln(w)
}

func held(changes []Change) string {
	for _, c := range changes {
		if c.Attribute == plan.FieldActive && c.Held {
			return " (held back until it is approved)"
		}
	}
	return ""
}

func (o Object) write(w io.Writer) {
	mark := " "
	if o.Deactivated {
		mark = "!"
	}
	_, _ = fmt.Fprintf(w, "%s %s %s %s: %s\n", mark, o.Sign, nounTable[o.Kind], label(o.ID, o.Name), o.Reason)
	shown := map[string]int{}
	for _, c := range o.Changes {
		group := string(c.Sign) + " " + c.Attribute
		if shown[group]++; shown[group] > most {
			continue
		}
		_, _ = fmt.Fprintf(w, "      %s %s: %s%s\n", c.Sign, c.Attribute, c.values(), c.remark(o.Reason))
	}
	for _, sign := range []Sign{Added, Changed, Taken} {
		for _, attribute := range []string{attributeMember, attributeSkill, attributeCode, attributeRole, attributeLogin} {
			if n := shown[string(sign)+" "+attribute] - most; n > 0 {
				_, _ = fmt.Fprintf(w, "      %s %s: and %d more\n", sign, attribute, n)
			}
		}
	}
}

func (c Change) values() string {
	before := quoted(c.Before)
	if !c.Known {
		before = "(unknown)"
		if c.Before != "" {
			before = quoted(c.Before) + " (not certain)"
		}
	}
	switch c.Sign {
	case Added:
		return quoted(c.After)
	case Taken:
		return before
	}
	if c.Before == "" && c.Known {
		return quoted(c.After)
	}
	return before + " -> " + quoted(c.After)
}

// remark is what is special about the change.
func (c Change) remark(usual string) string {
	text := ""
	if c.Reason != usual {
		text = " (" + c.Reason + ")"
	}
	if c.Held {
		text += " HELD BACK"
	}
	return text
}

func (r Review) writeForetold(w io.Writer) {
	if len(r.Foretold) == 0 {
		return
	}
	_, _ = fmt.Fprintln(w, "\nThe organization will not take:")
	for _, f := range r.Foretold {
		about := fmt.Sprintf("%s %s", nounTable[f.Kind], label(f.ID, f.Name))
		if f.Attribute == attributeRole {
			about = "role " + strconv.Quote(f.Name)
		}
		_, _ = fmt.Fprintf(w, "  %s, %s: %s; %s. %s\n", about, f.Attribute, f.Problem, f.Result, sentence(f.Hint))
	}
}

func (r Review) writeTotals(w io.Writer) {
	if len(r.Totals) == 0 {
		return
	}
	_, _ = fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "action\tkind\tobjects\toperations\tAPI calls\theld back")
	for _, t := range r.Totals {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\n", t.Action, t.Kind, t.Objects, t.Operations, t.Calls, t.Held)
	}
	_ = table.Flush()
	_, _ = fmt.Fprintf(w, "\nObjects: %d to add, %d to change, %d to take away, %d users become inactive.\n",
		r.Summary.Add, r.Summary.Change, r.Summary.Take, r.Summary.Deactivate)
}

func label(id, name string) string {
	if name == "" || name == id {
		return strconv.Quote(id)
	}
	return id + " " + strconv.Quote(shortened(name))
}

// quoted shows a value, and that there is none. A relation's value quotes its own name.
func quoted(value string) string {
	if value == "" {
		return "(none)"
	}
	if strings.HasSuffix(value, `"`) {
		return value
	}
	return strconv.Quote(shortened(value))
}

func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
