package callgen

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"engage.connector/services/lab/site/configdb"
)

// vars are the placeholders' values for one call.
type vars struct {
	CallUUID     string
	ConnID       string
	ANI          string
	DNIS         string
	Outside      string
	RoutingPoint string
	Switch       string

	agents       []configdb.Agent
	queues       []configdb.Queue
	dispositions []string // one per agent
	choices      map[string]string
	parties      map[string]string
	further      map[string]*callIDs
	newUUID      func() string
	newConnID    func() string
}

// callIDs names a call.
type callIDs struct{ callUUID, connID string }

// Agent is the call's first agent.
func (v *vars) Agent() configdb.Agent { return v.agents[0] }

// AgentAt is the call's n-th agent, from 0.
func (v *vars) AgentAt(n int) (configdb.Agent, error) {
	if n < 0 || n >= len(v.agents) {
		return configdb.Agent{}, fmt.Errorf("the scenario has %d agents, there is no agent %d", len(v.agents), n)
	}
	return v.agents[n], nil
}

// Queue is the call's first Virtual Queue.
func (v *vars) Queue() configdb.Queue { return v.queues[0] }

// QueueAt is the call's n-th Virtual Queue, from 0; the n-th agent is a member.
func (v *vars) QueueAt(n int) (configdb.Queue, error) {
	if n < 0 || n >= len(v.queues) {
		return configdb.Queue{}, fmt.Errorf("the scenario has %d queues, there is no queue %d", len(v.queues), n)
	}
	return v.queues[n], nil
}

// Disposition is what the first agent names.
func (v *vars) Disposition() string { return v.dispositions[0] }

// DispositionAt is what the n-th agent names, from 0.
func (v *vars) DispositionAt(n int) (string, error) {
	if n < 0 || n >= len(v.dispositions) {
		return "", fmt.Errorf("the scenario has %d agents, there is no agent %d", len(v.dispositions), n)
	}
	return v.dispositions[n], nil
}

// CallUUIDOf is the CallUUID of a further call, such as a consultation, that the scenario calls by this name.
func (v *vars) CallUUIDOf(name string) string { return v.ids(name).callUUID }

// ConnIDOf is the ConnID of a further call.
func (v *vars) ConnIDOf(name string) string { return v.ids(name).connID }

func (v *vars) ids(name string) *callIDs {
	if v.further[name] == nil {
		v.further[name] = &callIDs{v.newUUID(), v.newConnID()}
	}
	return v.further[name]
}

// connID is the ConnID of the call itself, "", or of a further one.
func (v *vars) connID(call string) string {
	if call == "" {
		return v.ConnID
	}
	return v.ids(call).connID
}

// Choice is the value drawn for a choice of the header.
func (v *vars) Choice(name string) (string, error) {
	value, ok := v.choices[name]
	if !ok {
		return "", fmt.Errorf("the header has no choice %q", name)
	}
	return value, nil
}

// Party is the PartyUUID of the party that the scenario calls by this name.
func (v *vars) Party(name string) string {
	if v.parties[name] == "" {
		v.parties[name] = v.newUUID()
	}
	return v.parties[name]
}

func (v *vars) agentByDN(dn string) *configdb.Agent {
	return v.agentBy(func(a configdb.Agent) bool { return a.DN == dn })
}

func (v *vars) agentByEmployee(id string) *configdb.Agent {
	return v.agentBy(func(a configdb.Agent) bool { return a.EmployeeID == id })
}

func (v *vars) queueByNumber(number string) *configdb.Queue {
	for i := range v.queues {
		if v.queues[i].Number == number {
			return &v.queues[i]
		}
	}
	return nil
}

func (v *vars) agentBy(is func(configdb.Agent) bool) *configdb.Agent {
	for i := range v.agents {
		if is(v.agents[i]) {
			return &v.agents[i]
		}
	}
	return nil
}

// sampleVars fills every placeholder with something, to try a scenario out.
func sampleVars(agents, queues int, choices map[string]string) *vars {
	v := &vars{
		CallUUID: "00U3MCI8QO8ER0B5A60AHG5AES000001", ConnID: "006a0269722cd93f", ANI: "+15551230000", DNIS: "+18005550100", Outside: "+15561230000",
		RoutingPoint: "9001", Switch: "SIP_Switch", choices: choices, parties: map[string]string{}, further: map[string]*callIDs{},
		newConnID: func() string { return "006a0269722cd940" },
	}
	for i := range queues {
		v.queues = append(v.queues, configdb.Queue{Number: "VQ_" + strconv.Itoa(i+1), Switch: "SIP_Switch"})
	}
	for i := range agents {
		v.dispositions = append(v.dispositions, "Resolved")
		n := strconv.Itoa(i + 1)
		v.agents = append(v.agents, configdb.Agent{Person: configdb.Person{EmployeeID: "E" + n}, DN: "400" + n, LoginCode: "700" + n})
	}
	count := 0
	v.newUUID = func() string { count++; return fmt.Sprintf("%032d", count) }
	return v
}

// identifiers makes the ids of calls as a T-Server does: they hold the time of its start, so a
// site that is started again does not repeat them, and a counter.
type identifiers struct {
	prefix  string // of CallUUIDs and PartyUUIDs
	connID  uint64
	counter uint64
}

func newIdentifiers(seed int64, start time.Time) *identifiers {
	rng := rand.New(rand.NewPCG(uint64(seed), uint64(start.UnixMilli()))) //nolint:gosec // a seeded lab, not a secret
	text := strconv.FormatUint(rng.Uint64()|1<<63, 32) + strconv.FormatUint(rng.Uint64()|1<<63, 32)
	return &identifiers{
		prefix: "0" + strings.ToUpper(text[:22]) + "AES",
		connID: 0x0060<<48 | rng.Uint64()&0xffff_ffff<<16,
	}
}

// uuid returns a fresh id of 32 characters.
func (i *identifiers) uuid() string {
	i.counter++
	count := strings.ToUpper(strconv.FormatUint(i.counter, 32))
	return i.prefix + strings.Repeat("0", max(0, 6-len(count))) + count
}

// connection returns a fresh ConnID of 16 hexadecimal digits.
func (i *identifiers) connection() string {
	i.connID++
	return fmt.Sprintf("%016x", i.connID)
}
