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
)

// Scenario is a kind of call, read from a file; see package scenarios for the format.
type Scenario struct {
	Name        string
	Description string
	Agents      int // who take part; they are in no other call meanwhile
	Queues      int // Virtual Queues that the call goes through
	Weight      int // share among the calls that are played; 0: only when asked for
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
	maxAgents       = 20 // of one call
	maxWeight       = 100
	maxVariants     = 4096 // combinations of choices that are tried when a file is read
)

// header is the first line of a scenario file.
type header struct {
	Name        string              `json:"name"`
	Description string              `json:"description"`
	Agents      int                 `json:"agents"`
	Queues      int                 `json:"queues"`
	Weight      int                 `json:"weight"`
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
	h := header{Agents: 1, Queues: 1, Weight: 1}
	if err := strict([]byte(text), &h); err != nil {
		return fmt.Errorf("%s: header: %w", at, err)
	}
	if h.Name == "" || h.Description == "" || h.Agents < 1 || h.Agents > maxAgents {
		return fmt.Errorf("%s: header: name, description and 1 to %d agents are required", at, maxAgents)
	}
	if h.Queues < 1 || h.Queues > h.Agents || h.Weight < 0 || h.Weight > maxWeight {
		return fmt.Errorf("%s: header: 1 queue or more, of at most one agent each, and a weight from 0 to %d are required", at, maxWeight)
	}
	for name, values := range h.Choices {
		if len(values) == 0 {
			return fmt.Errorf("%s: header: choice %q has no values", at, name)
		}
	}
	s.Name, s.Description, s.choices = h.Name, h.Description, h.Choices
	s.Agents, s.Queues, s.Weight = h.Agents, h.Queues, h.Weight
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
		if _, err := s.render(sampleVars(s.Agents, s.Queues, v)); err != nil {
			return err
		}
	}
	return nil
}

// choiceNames returns the choices in a fixed order, in which values are drawn.
func (s *Scenario) choiceNames() []string {
	return slices.Sorted(maps.Keys(s.choices))
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
