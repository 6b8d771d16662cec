package flowdoc

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// What a bar shows at a time.
const (
	talks   = '='
	rings   = 'r'
	held    = 'h'
	treated = 'i'
	waits   = 'q'
	listens = 'o'
	wrapsUp = 'w'
)

// legend explains the bars.
const legend = "`=` talks · `r` rings · `h` on hold · `i` on a routing point (IVR) · `q` waits in a queue · `o` only listens · `w` after-call work"

// span is what a bar shows for some time; an open span has no end.
type span struct {
	from, to time.Time
	shows    rune
}

// bar is the time line of one party, queue or leg.
type bar struct {
	name  string
	spans []span
	note  string // after the bar
}

// begin ends what the bar shows and shows something else.
func (b *bar) begin(at time.Time, shows rune) {
	b.end(at)
	b.spans = append(b.spans, span{from: at, shows: shows})
}

// end ends what the bar shows.
func (b *bar) end(at time.Time) {
	if n := len(b.spans); n > 0 && b.spans[n-1].to.IsZero() {
		b.spans[n-1].to = at
	}
}

// section is a heading and its bars.
type section struct {
	title string
	bars  []*bar
}

// scale maps time to columns.
type scale struct {
	start time.Time
	unit  time.Duration
	cells int
}

const (
	maxCells  = 76
	tickCells = 10
)

// newScale chooses the finest unit with which everything fits.
func newScale(start, end time.Time) scale {
	s := scale{start: start}
	for _, unit := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second} {
		s.unit, s.cells = unit, int(end.Sub(start)/unit)+1
		if s.cells <= maxCells {
			break
		}
	}
	return s
}

// axis names the time at every tenth column.
func (s scale) axis() string {
	var b strings.Builder
	for cell := 0; cell < s.cells; cell += tickCells {
		text := fmt.Sprintf("%gs", (time.Duration(cell) * s.unit).Seconds())
		fmt.Fprintf(&b, "%-*s", tickCells, text)
	}
	return strings.TrimRight(b.String(), " ")
}

// draw is a bar as text: a cell shows what lasted longest in it.
func (s scale) draw(b *bar) string {
	cells := make([]rune, s.cells)
	longest := make([]time.Duration, s.cells)
	for i := range cells {
		cells[i] = ' '
	}
	end := s.start.Add(time.Duration(s.cells) * s.unit)
	for _, p := range b.spans {
		to := p.to
		if to.IsZero() || to.After(end) {
			to = end
		}
		for cell := int(p.from.Sub(s.start) / s.unit); cell < s.cells; cell++ {
			left := s.start.Add(time.Duration(cell) * s.unit)
			lasts := minTime(left.Add(s.unit), to).Sub(maxTime(left, p.from))
			if lasts < 0 || lasts == 0 && p.from.Before(p.to) {
				break
			}
			if lasts >= longest[cell] {
				cells[cell], longest[cell] = p.shows, lasts
			}
		}
	}
	return strings.TrimRight(string(cells), " ")
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func maxTime(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// picture draws sections one under the other on one axis.
func (s scale) picture(sections []section) []string {
	width := 0
	for _, sec := range sections {
		for _, b := range sec.bars {
			width = max(width, utf8.RuneCountInString(b.name))
		}
	}
	lines := []string{strings.Repeat(" ", indent+width+gap) + s.axis()}
	for _, sec := range sections {
		lines = append(lines, sec.title)
		for _, b := range sec.bars {
			line := strings.Repeat(" ", indent) + pad(b.name, width+gap) + s.draw(b)
			if b.note != "" {
				line = pad(line, indent+width+gap+s.cells+gap) + b.note
			}
			lines = append(lines, line)
		}
	}
	return lines
}

const (
	indent = 2
	gap    = 2
)

// pad fills a text up to a width, counted in characters.
func pad(text string, width int) string {
	if n := width - utf8.RuneCountInString(text); n > 0 {
		return text + strings.Repeat(" ", n)
	}
	return text
}
