package flowfile

import (
	"fmt"
	"strings"
	"time"
)

// Expected is what the org is to show of a flow.
type Expected struct {
	Title string
	T0    time.Time
	Calls map[string]string // CallUUID by the name that the legs use
	Convs []Conv
	// Model is the call model that the flow is played with; empty: the default.
	Model string
}

// Conv is what is to become of one call.
type Conv struct {
	Call string
	// Fate is "whole", "suspended:REASON", "ignored:REASON" or "part-of:CALL".
	Fate string
	Legs []Want
}

// Want is a leg that is to be shown. Each field is a pattern: alternatives divided by "|", "*" for
// anything, also at the end of a beginning; empty: anything.
type Want struct {
	Line     string
	Optional bool
	Kind     string
	Who      string
	Begin    string
	Answered string
	End      string
	How      string
	// Hold and Code are compared when Rest is false: without a pattern there must be none of a hold.
	Hold []string
	Code string
	Rest bool // "...": nothing is said of the rest
}

// ParseExpected reads expected.md: a title, "t0: TIME", "call NAME = CallUUID" (a call that the legs
// name without it gets a CallUUID), and a block "legs" with
// a line per conversation, "conv NAME FATE", and a line per leg, "kind who begin answered end
// disconnect [hold=from-to] [code=CODE@time]", its times in seconds after t0.
func ParseExpected(text string) (Expected, error) {
	e := Expected{Calls: map[string]string{}, T0: time.Date(2026, time.November, 23, 8, 0, 0, 0, time.UTC)}
	block := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		var err error
		switch {
		case strings.HasPrefix(line, "```"):
			block = line[3:]
		case block == "legs":
			err = e.parseLeg(line)
		case block != "":
		case e.Title == "" && strings.HasPrefix(line, "# "):
			e.Title = line[2:]
		case strings.HasPrefix(line, "t0: "):
			e.T0, err = time.Parse(time.RFC3339, line[4:])
		case strings.HasPrefix(line, "model: "):
			e.Model = line[7:]
		case strings.HasPrefix(line, "call "):
			if name, uuid, ok := strings.Cut(line[5:], " = "); ok {
				e.Calls[name] = uuid
			}
		}
		if err != nil {
			return e, fmt.Errorf("line %q: %w", line, err)
		}
	}
	if len(e.Convs) == 0 {
		return e, fmt.Errorf("no conversation")
	}
	return e, nil
}

func (e *Expected) parseLeg(line string) error {
	words := strings.Fields(line)
	if len(words) == 0 {
		return nil
	}
	if words[0] == "conv" {
		if len(words) != 3 {
			return fmt.Errorf("want: conv CALL FATE")
		}
		if e.Calls[words[1]] == "" {
			e.Calls[words[1]] = fmt.Sprintf("02K%015XENGAGE%08X", sum(e.Title), sum(words[1])&0xffffffff)
		}
		e.Convs = append(e.Convs, Conv{Call: words[1], Fate: words[2]})
		return nil
	}
	w := Want{Line: line}
	if words[0] == "?" {
		w.Optional, words = true, words[1:]
	}
	const fixed = 6
	if len(words) < fixed || len(e.Convs) == 0 {
		return fmt.Errorf("want: kind who begin answered end disconnect, after a conversation")
	}
	w.Kind, w.Who, w.Begin, w.Answered, w.End, w.How = words[0], words[1], words[2], words[3], words[4], words[5]
	for _, word := range words[fixed:] {
		switch {
		case word == "...":
			w.Rest = true
		case strings.HasPrefix(word, "hold="):
			w.Hold = append(w.Hold, strings.ReplaceAll(word, "hold=", ""))
		case strings.HasPrefix(word, "code="):
			w.Code = strings.ReplaceAll(word, "code=", "")
		default:
			return fmt.Errorf("%q is neither hold= nor code=", word)
		}
	}
	conv := &e.Convs[len(e.Convs)-1]
	conv.Legs = append(conv.Legs, w)
	return nil
}
