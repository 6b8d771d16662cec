package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Kinds of links.
const (
	kindTServer    = "tserver"
	kindStatServer = "statserver"
)

// Subjects of a statistic that the lab's Stat Server can serve.
const (
	subjectDNAction    = "DNAction"
	subjectDNStatus    = "DNStatus"
	subjectAgentStatus = "AgentStatus"
)

// Spec is the body of PUT /v1/links/{link}: the whole wanted state of the link.
type Spec struct {
	Kind           string         `json:"kind"`
	Endpoints      []string       `json:"endpoints"`
	Register       []Registration `json:"register,omitempty"`
	CallMonitoring bool           `json:"callMonitoring,omitempty"`
	Statistics     []Statistic    `json:"statistics,omitempty"`
}

// Registration asks for the events of one DN.
type Registration struct {
	DN   string `json:"dn"`
	Type string `json:"type"`
}

// Statistic asks for one agent's status.
type Statistic struct {
	ID         string `json:"id"`
	Object     string `json:"object"`
	ObjectType string `json:"objectType"`
	Tenant     string `json:"tenant"`
	Category   string `json:"category"`
	Subject    string `json:"subject"`
}

// Bounds of one declaration.
const (
	maxSpecBytes     = 16 << 20
	maxRegistrations = 100_000
	maxStatistics    = 100_000
	maxProblems      = 20
)

// dnTypes are the DN types that can be registered, by their names in the Configuration Layer
// without the CFG prefix; "VirtualQueue" and "RoutingPoint" are spelt as the feed spells them.
func dnTypes() []string {
	return []string{
		"Extension", "ACDPosition", "ACDQueue", "RoutingPoint", "VirtualQueue", "VirtualRoutingPoint",
		"RoutingQueue", "ExternalRoutingPoint", "Trunk", "TrunkGroup", "CommunicationDN", "VoiceMail",
	}
}

// decodeSpec reads a declaration strictly: one JSON object, no unknown members.
func decodeSpec(r io.Reader) (Spec, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return Spec{}, fmt.Errorf("read the body: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var s Spec
	if err := d.Decode(&s); err != nil {
		return Spec{}, fmt.Errorf("the body is no link declaration: %w", err)
	}
	if d.More() {
		return Spec{}, errors.New("the body has something after the link declaration")
	}
	if problems := s.problems(); len(problems) > 0 {
		if len(problems) > maxProblems {
			problems = append(problems[:maxProblems], fmt.Sprintf("and %d more", len(problems)-maxProblems))
		}
		return Spec{}, errors.New(strings.Join(problems, "; "))
	}
	return s, nil
}

// adds tells whether the declaration asks for something that the one before did not ask for.
func (s Spec) adds(before Spec) bool {
	dns, statistics := map[string]bool{}, map[Statistic]bool{}
	for _, r := range before.Register {
		dns[r.DN] = true
	}
	for _, stat := range before.Statistics {
		statistics[stat] = true
	}
	return s.CallMonitoring && !before.CallMonitoring ||
		slices.ContainsFunc(s.Register, func(r Registration) bool { return !dns[r.DN] }) ||
		slices.ContainsFunc(s.Statistics, func(stat Statistic) bool { return !statistics[stat] })
}

// problems lists everything that is wrong with the declaration.
func (s Spec) problems() []string {
	out := s.endpointProblems()
	switch s.Kind {
	case kindTServer:
		if len(s.Statistics) > 0 {
			out = append(out, "statistics: only a statserver link has them")
		}
	case kindStatServer:
		if len(s.Register) > 0 {
			out = append(out, "register: only a tserver link has it")
		}
		if s.CallMonitoring {
			out = append(out, "callMonitoring: only a tserver link has it")
		}
	default:
		out = append(out, fmt.Sprintf("kind: %q, want tserver or statserver", s.Kind))
	}
	return append(append(out, s.registrationProblems()...), s.statisticProblems()...)
}

func (s Spec) endpointProblems() []string {
	out := []string{}
	if n := len(s.Endpoints); n < 1 || n > 2 {
		out = append(out, fmt.Sprintf("endpoints: %d given, want the primary and, if there is one, the backup", n))
	}
	for i, endpoint := range s.Endpoints {
		host, port, err := net.SplitHostPort(endpoint)
		n, portErr := strconv.Atoi(port)
		if err != nil || host == "" || portErr != nil || n < 1 || n > 65535 {
			out = append(out, fmt.Sprintf("endpoints[%d]: %q is no host:port", i, endpoint))
		}
	}
	return out
}

func (s Spec) registrationProblems() []string {
	out, types := []string{}, map[string]string{}
	if len(s.Register) > maxRegistrations {
		return []string{fmt.Sprintf("register: %d DNs, at most %d", len(s.Register), maxRegistrations)}
	}
	for i, r := range s.Register {
		known, seen := types[r.DN]
		switch {
		case r.DN == "" || len(r.DN) > 255:
			out = append(out, fmt.Sprintf("register[%d].dn: %q is no DN", i, r.DN))
		case !slices.Contains(dnTypes(), r.Type):
			out = append(out, fmt.Sprintf("register[%d].type: %q, want one of %s", i, r.Type, strings.Join(dnTypes(), ", ")))
		case seen && known != r.Type:
			out = append(out, fmt.Sprintf("register[%d]: %s is %s and %s", i, r.DN, known, r.Type))
		}
		types[r.DN] = r.Type
	}
	return out
}

func (s Spec) statisticProblems() []string {
	out, ids := []string{}, map[string]bool{}
	if len(s.Statistics) > maxStatistics {
		return []string{fmt.Sprintf("statistics: %d, at most %d", len(s.Statistics), maxStatistics)}
	}
	for i, stat := range s.Statistics {
		at := func(member string) string { return fmt.Sprintf("statistics[%d].%s: ", i, member) }
		if stat.ID == "" || ids[stat.ID] {
			out = append(out, at("id")+"missing or given twice")
		}
		ids[stat.ID] = true
		if stat.Object == "" {
			out = append(out, at("object")+"missing")
		}
		if stat.Tenant == "" {
			out = append(out, at("tenant")+"missing")
		}
		if stat.ObjectType != "Agent" {
			out = append(out, at("objectType")+strconv.Quote(stat.ObjectType)+", the lab has Agent only")
		}
		if c := stat.Category; c != "CurrentState" && c != "CurrentStateReasons" && c != "CurrentStateReason" {
			out = append(out, at("category")+strconv.Quote(c)+", want CurrentState or CurrentStateReasons")
		}
		if !slices.Contains([]string{subjectDNAction, subjectDNStatus, subjectAgentStatus}, stat.Subject) {
			out = append(out, at("subject")+strconv.Quote(stat.Subject)+", want DNAction, DNStatus or AgentStatus")
		}
	}
	return out
}

// linkNamePattern is what a link may be called.
var linkNamePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
