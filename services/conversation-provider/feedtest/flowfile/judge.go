package flowfile

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// precision is how exactly the files give a time: what happens at one time in them takes a few hundred
// milliseconds in the feed, such as the end of a consultation and the retrieve that follows it.
const precision = 250 * time.Millisecond

// Shown is what became of a call.
type Shown struct {
	Fate string
	Legs []*Leg
}

// Judge compares what became of the calls of a flow with what is expected. It returns one text per
// fault; none when all is right.
func (f *Flow) Judge(shown func(call string) Shown) []string {
	var faults []string
	for _, conv := range f.Convs {
		got := shown(conv.Call)
		if !fits(conv.Fate, got.Fate) {
			faults = append(faults, fmt.Sprintf("%s: is %s, want %s", conv.Call, got.Fate, conv.Fate))
		}
		if !strings.HasPrefix(conv.Fate, "part-of:") {
			faults = append(faults, f.judgeLegs(conv, got.Legs)...)
		}
	}
	return faults
}

func (f *Flow) judgeLegs(conv Conv, legs []*Leg) []string {
	var faults []string
	left := slices.Clone(legs)
	for _, want := range conv.Legs {
		at, why := f.best(want, left)
		switch {
		case at >= 0 && len(why) == 0, at >= 0 && !want.Optional:
			for _, w := range why {
				faults = append(faults, fmt.Sprintf("%s: %s\n    want %s\n    got  %s", conv.Call, w, want.Line, left[at].line(f.T0)))
			}
			left = slices.Delete(left, at, at+1)
		case !want.Optional:
			faults = append(faults, fmt.Sprintf("%s: a leg is missing\n    want %s", conv.Call, want.Line))
		}
	}
	for _, leg := range left {
		faults = append(faults, fmt.Sprintf("%s: nobody expects this leg\n    got  %s", conv.Call, leg.line(f.T0)))
	}
	return faults
}

// best is the leg that fits an expectation with the fewest faults, among those of the right kind and
// party; -1 when there is none of these.
func (f *Flow) best(want Want, legs []*Leg) (at int, why []string) {
	at = -1
	for i, leg := range legs {
		if !fits(want.Kind, leg.Kind) || !fits(want.Who, orUnknown(leg.Who)) {
			continue
		}
		if wrong := f.compare(want, leg); at < 0 || len(wrong) < len(why) {
			at, why = i, wrong
		}
	}
	return at, why
}

// orUnknown writes a number that is withheld as the files do.
func orUnknown(who string) string {
	if who == "" || strings.EqualFold(who, "anonymous") {
		return "?"
	}
	return who
}

func (f *Flow) compare(want Want, leg *Leg) []string {
	var wrong []string
	check := func(name string, right bool) {
		if !right {
			wrong = append(wrong, "wrong "+name)
		}
	}
	check("begin", f.fitsTime(want.Begin, leg.Begin))
	check("answer", f.fitsTime(want.Answered, leg.Answered))
	check("end", f.fitsTime(want.End, leg.End))
	check("disconnect type", fits(want.How, orDash(leg.How)))
	if want.Rest {
		return wrong
	}
	check("hold", f.fitsHolds(want.Hold, leg.Holds))
	check("code", f.fitsCode(want.Code, leg))
	return wrong
}

// fits tells whether a text is one of the alternatives of a pattern.
func fits(pattern, text string) bool {
	for one := range strings.SplitSeq(pattern, "|") {
		beginning, open := strings.CutSuffix(one, "*")
		if one == text || open && strings.HasPrefix(text, beginning) {
			return true
		}
	}
	return false
}

func (f *Flow) fitsTime(pattern string, at time.Time) bool {
	for one := range strings.SplitSeq(pattern, "|") {
		if one == "*" || one == "-" && at.IsZero() {
			return true
		}
		want, err := strconv.ParseFloat(one, 64)
		if err == nil && !at.IsZero() && math.Abs(at.Sub(f.T0).Seconds()-want) <= (precision+f.Skew()).Seconds() {
			return true
		}
	}
	return false
}

func (f *Flow) fitsHolds(want []string, holds []Span) bool {
	if len(want) != len(holds) {
		return false
	}
	for i, pattern := range want {
		right := false
		for one := range strings.SplitSeq(pattern, "|") {
			from, to, _ := strings.Cut(one, "-")
			if to == "" {
				to = "-"
			}
			right = right || one == "*" || f.fitsTime(from, holds[i].From) && f.fitsTime(to, holds[i].To)
		}
		if !right {
			return false
		}
	}
	return true
}

func (f *Flow) fitsCode(pattern string, leg *Leg) bool {
	if pattern == "" {
		return leg.Code == ""
	}
	for one := range strings.SplitSeq(pattern, "|") {
		code, at, timed := strings.Cut(one, "@")
		if fits(code, orDash(leg.Code)) && (!timed || f.fitsTime(at, leg.CodeAt)) {
			return true
		}
	}
	return false
}
