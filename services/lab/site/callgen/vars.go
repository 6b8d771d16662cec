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
	RoutingPoint string
	Switch       string
	Disposition  string
	Queue        configdb.Queue

	agents  []configdb.Agent
	choices map[string]string
	parties map[string]string
	newUUID func() string
}

// Agent is the call's first agent.
func (v *vars) Agent() configdb.Agent { return v.agents[0] }

// AgentAt is the call's n-th agent, from 0.
func (v *vars) AgentAt(n int) (configdb.Agent, error) {
	if n < 0 || n >= len(v.agents) {
		return configdb.Agent{}, fmt.Errorf("the scenario has %d agents, there is no agent %d", len(v.agents), n)
	}
	return v.agents[n], nil
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

func (v *vars) agentBy(is func(configdb.Agent) bool) *configdb.Agent {
	for i := range v.agents {
		if is(v.agents[i]) {
			return &v.agents[i]
		}
	}
	return nil
}

// sampleVars fills every placeholder with something, to try a scenario out.
func sampleVars(agents int, choices map[string]string) *vars {
	v := &vars{
		CallUUID: "00U3MCI8QO8ER0B5A60AHG5AES000001", ConnID: "006a0269722cd93f", ANI: "+15551230000", DNIS: "+18005550100",
		RoutingPoint: "9001", Switch: "SIP_Switch", Disposition: "Resolved", Queue: configdb.Queue{Number: "VQ_Sales", Switch: "SIP_Switch"},
		choices: choices, parties: map[string]string{},
	}
	for i := range agents {
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
