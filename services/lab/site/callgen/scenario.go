package callgen

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"text/template"
	"time"

	"engage.connector/services/lab/site/feed"
)

// Scenario is a kind of call, read from a file; see package scenarios for the format.
type Scenario struct {
	Name        string
	Description string
	Agents      int
	choices     map[string][]string
	lines       []scenarioLine
}

// scenarioLine is one line's template and where it stands.
type scenarioLine struct {
	at       string // file:line
	template *template.Template
}

// Bounds of a scenario file.
const (
	maxScenarioLine = 1 << 20
	maxAgents       = 20   // of one call
	maxVariants     = 4096 // combinations of choices that are tried when a file is read
)

// header is the first line of a scenario file.
type header struct {
	Name        string              `json:"name"`
	Description string              `json:"description"`
	Agents      int                 `json:"agents"`
	Choices     map[string][]string `json:"choices"`
}

// LoadScenarios reads every *.ndjson file of a folder in the order of their names.
func LoadScenarios(files fs.FS) ([]Scenario, error) {
	names, err := fs.Glob(files, "*.ndjson")
	if err != nil {
		return nil, fmt.Errorf("callgen: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("callgen: no scenario files")
	}
	out := []Scenario{}
	for _, name := range names {
		f, err := files.Open(name)
		if err != nil {
			return nil, fmt.Errorf("callgen: %w", err)
		}
		s, err := ReadScenario(path.Base(name), f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// ReadScenario reads a scenario strictly. Every combination of the choices is rendered once, so
// an unknown placeholder, bad JSON or a wrong label is reported here, with file and line, and
// not in the middle of a demonstration.
func ReadScenario(name string, r io.Reader) (Scenario, error) {
	s, number := Scenario{}, 0
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, maxScenarioLine)
	for scan.Scan() {
		number++
		text := strings.TrimSpace(scan.Text())
		at := fmt.Sprintf("%s:%d", name, number)
		switch {
		case text == "":
		case s.Name == "":
			if err := s.readHeader(at, text); err != nil {
				return Scenario{}, err
			}
		default:
			t, err := template.New(at).Option("missingkey=error").Parse(text)
			if err != nil {
				return Scenario{}, fmt.Errorf("%s: %w", at, err)
			}
			s.lines = append(s.lines, scenarioLine{at, t})
		}
	}
	if err := scan.Err(); err != nil {
		return Scenario{}, fmt.Errorf("%s:%d: %w", name, number+1, err)
	}
	if len(s.lines) == 0 {
		return Scenario{}, fmt.Errorf("%s: no header and lines", name)
	}
	return s, s.try(name)
}

func (s *Scenario) readHeader(at, text string) error {
	h := header{Agents: 1}
	if err := strict([]byte(text), &h); err != nil {
		return fmt.Errorf("%s: header: %w", at, err)
	}
	if h.Name == "" || h.Description == "" || h.Agents < 1 || h.Agents > maxAgents {
		return fmt.Errorf("%s: header: name, description and 1 to %d agents are required", at, maxAgents)
	}
	for name, values := range h.Choices {
		if len(values) == 0 {
			return fmt.Errorf("%s: header: choice %q has no values", at, name)
		}
	}
	s.Name, s.Description, s.Agents, s.choices = h.Name, h.Description, h.Agents, h.Choices
	return nil
}

// try renders the scenario with sample values for every combination of the choices.
func (s *Scenario) try(name string) error {
	variants := []map[string]string{{}}
	for _, choice := range s.choiceNames() {
		next := []map[string]string{}
		for _, v := range variants {
			for _, value := range s.choices[choice] {
				with := maps.Clone(v)
				with[choice] = value
				next = append(next, with)
			}
		}
		if variants = next; len(variants) > maxVariants {
			return fmt.Errorf("%s: more than %d combinations of choices", name, maxVariants)
		}
	}
	for _, v := range variants {
		if _, err := s.render(sampleVars(s.Agents, v)); err != nil {
			return err
		}
	}
	return nil
}

// choiceNames returns the choices in a fixed order, in which values are drawn.
func (s *Scenario) choiceNames() []string {
	return slices.Sorted(maps.Keys(s.choices))
}

// step is a rendered line.
type step struct {
	where      string
	At         string         `json:"at"`
	Label      string         `json:"label"`
	Link       string         `json:"link"`
	Message    string         `json:"message"`
	Attributes map[string]any `json:"attributes"`
	Expect     *expect        `json:"expect"`

	offset offset
	stat   statStep
	record recordStep
}

// statStep is what a stat line's attributes say.
type statStep struct {
	Agent   string            `json:"agent"`
	Status  int               `json:"status"`
	Actions []int             `json:"actions"`
	Reasons map[string]string `json:"reasons"`
}

// recordStep is what an mcp line's attributes say: the segment from one label to another.
type recordStep struct {
	Agent string `json:"agent"`
	From  string `json:"from"`
	To    string `json:"to"`
}

// rendered is a scenario with all placeholders filled.
type rendered struct {
	steps  []step
	expect expect
}

// render fills the placeholders and checks the outcome.
func (s *Scenario) render(v *vars) (rendered, error) {
	out, labels, done := rendered{}, map[string]string{}, false
	for _, line := range s.lines {
		var text bytes.Buffer
		if err := line.template.Execute(&text, v); err != nil {
			return rendered{}, fmt.Errorf("%s: %w", line.at, err)
		}
		if len(bytes.TrimSpace(text.Bytes())) == 0 {
			continue
		}
		st := step{where: line.at}
		if err := strict(text.Bytes(), &st); err != nil {
			return rendered{}, fmt.Errorf("%s: %w", line.at, err)
		}
		if done {
			return rendered{}, fmt.Errorf("%s: a line behind expect", line.at)
		}
		if st.Expect != nil {
			done, out.expect = true, *st.Expect
			if err := out.expect.check(labels, v); err != nil {
				return rendered{}, fmt.Errorf("%s: expect: %w", line.at, err)
			}
			continue
		}
		if err := st.check(labels, v); err != nil {
			return rendered{}, fmt.Errorf("%s: %w", line.at, err)
		}
		out.steps = append(out.steps, st)
	}
	if !done || len(out.steps) == 0 {
		return rendered{}, fmt.Errorf("%s: no lines or no expect", s.lines[len(s.lines)-1].at)
	}
	return out, nil
}

// check validates a step and notes its label; labels maps each to the link of its line.
func (st *step) check(labels map[string]string, v *vars) (err error) {
	if st.offset, err = parseOffset(st.At); err != nil {
		return err
	}
	switch st.Link {
	case "call", "vq", "agent":
		err = st.checkEvent(v)
	case "stat":
		err = st.checkStat(v)
	case "mcp":
		err = st.checkRecord(labels, v)
	default:
		err = fmt.Errorf("link %q, want call, vq, agent, stat or mcp", st.Link)
	}
	if err != nil || st.Label == "" {
		return err
	}
	if _, taken := labels[st.Label]; taken {
		return fmt.Errorf("label %q is taken", st.Label)
	}
	labels[st.Label] = st.Link
	return nil
}

// checkEvent tells whether the message can come over the link and says whom it is about.
func (st *step) checkEvent(v *vars) error {
	if !feed.Known(st.Message) || st.Message == "EventInfo" {
		return fmt.Errorf("message %q is not known", st.Message)
	}
	isCall := strings.HasPrefix(st.Message, "EventCall")
	if isCall != (st.Link == "call") {
		return fmt.Errorf("message %s does not come over link %s", st.Message, st.Link)
	}
	need := "ThisDN"
	if isCall {
		need = "CallUUID"
	}
	value, _ := st.Attributes[need].(string)
	if value == "" {
		return fmt.Errorf("%s without %s", st.Message, need)
	}
	if st.Link == "vq" && value != v.Queue.Number {
		return fmt.Errorf("%s: %s is not the call's Virtual Queue", st.Message, value)
	}
	if st.Link == "agent" && v.agentByDN(value) == nil {
		return fmt.Errorf("%s: %s is no Extension of the call's agents", st.Message, value)
	}
	return nil
}

func (st *step) checkStat(v *vars) error {
	if st.Message != "EventInfo" {
		return fmt.Errorf("message %q does not come over link stat", st.Message)
	}
	if err := reread(st.Attributes, &st.stat); err != nil {
		return err
	}
	if v.agentByEmployee(st.stat.Agent) == nil {
		return fmt.Errorf("agent %q is none of the call's", st.stat.Agent)
	}
	if st.stat.Status < statusFirst || st.stat.Status > statusLoggedOut {
		return fmt.Errorf("status %d is no agent status", st.stat.Status)
	}
	return nil
}

func (st *step) checkRecord(labels map[string]string, v *vars) error {
	if st.Message != "Recording" {
		return fmt.Errorf("message %q does not come over link mcp", st.Message)
	}
	if err := reread(st.Attributes, &st.record); err != nil {
		return err
	}
	if v.agentByEmployee(st.record.Agent) == nil {
		return fmt.Errorf("agent %q is none of the call's", st.record.Agent)
	}
	for _, label := range []string{st.record.From, st.record.To} {
		if labels[label] == "" {
			return fmt.Errorf("label %q is not known before this line", label)
		}
	}
	return nil
}

// strict decodes one JSON object without unknown members and without anything behind it.
func strict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("something stands behind the JSON object")
	}
	return nil
}

// reread decodes attributes into a struct.
func reread(attributes map[string]any, into any) error {
	data, err := json.Marshal(attributes)
	if err != nil {
		return err
	}
	return strict(data, into)
}

// offset says when a step comes: after the one before it, or after the start of the call.
type offset struct {
	relative bool
	min, max time.Duration
}

// parseOffset reads "+1s..3s", "+50ms", "2s" or "2s..4s".
func parseOffset(s string) (offset, error) {
	text, relative := strings.CutPrefix(s, "+")
	from, to, ranged := strings.Cut(text, "..")
	lower, err := time.ParseDuration(from)
	upper := lower
	if err == nil && ranged {
		upper, err = time.ParseDuration(to)
	}
	if err != nil || lower < 0 || upper < lower {
		return offset{}, fmt.Errorf("at: %q, want a duration or a range of durations such as +1s..3s", s)
	}
	return offset{relative, lower, upper}, nil
}
