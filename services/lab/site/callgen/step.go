package callgen

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"engage.connector/services/lab/site/feed"
)

// linkRecorder is the pseudo link of recordings.
const linkRecorder = "mcp"

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
	Actions []actionStep      `json:"actions"`
	Reasons map[string]string `json:"reasons"`
}

// actionStep is one action of a stat line: a number, or {"number": 19, "call": "consult"} for one
// that belongs to a further call of the interaction.
type actionStep struct {
	Number int
	Call   string
}

// UnmarshalJSON reads both forms.
func (a *actionStep) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &a.Number); err == nil {
		return nil
	}
	var long struct {
		Number int    `json:"number"`
		Call   string `json:"call"`
	}
	if err := strict(data, &long); err != nil {
		return fmt.Errorf("action: %w", err)
	}
	*a = actionStep(long)
	return nil
}

// MarshalJSON writes the long form.
func (a actionStep) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"number": a.Number, "call": a.Call})
}

// recordStep is what an mcp line's attributes say: the segment from one label to another.
type recordStep struct {
	Agent string `json:"agent"`
	From  string `json:"from"`
	To    string `json:"to"`
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
	case linkRecorder:
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
	if st.Link == "vq" && v.queueByNumber(value) == nil {
		return fmt.Errorf("%s: %s is no Virtual Queue of the call", st.Message, value)
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
	for _, a := range st.stat.Actions {
		if v.further[a.Call] == nil && a.Call != "" {
			return fmt.Errorf("action %d: there is no call %q before this line", a.Number, a.Call)
		}
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
