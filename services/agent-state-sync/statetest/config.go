package statetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"google.golang.org/grpc"

	configsyncv1 "engage.connector/proto/configsync/v1"
)

// SourceID is the source of injected events.
const SourceID = "8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a11"

// Switch is the switch of the agents' logins and extensions.
const Switch = "SIP_Switch"

// Definition is the id of a system presence.
func Definition(system string) string {
	n := slices.Index(presences(), system)
	return fmt.Sprintf("8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1d%04d", n)
}

func presences() []string {
	return []string{"Offline", "Busy", "Break", "Meal", "Meeting", "Training", "OnQueue"}
}

// User is the id of the user of the n-th agent, Employee the employee id, Login the login code.
func User(n int) string { return fmt.Sprintf("8b8a3d07-6f0b-4a3e-9f6e-0000%08d", n) }

// Employee is the employee id of the n-th agent.
func Employee(n int) string { return fmt.Sprintf("E%05d", n) }

// Login is the login code of the n-th agent.
func Login(n int) string { return fmt.Sprintf("7%05d", n) }

// Config is config-sync: who is in scope may change at any time.
type Config struct {
	configsyncv1.UnimplementedConfigSyncServiceServer

	mu      sync.Mutex
	org     string
	secret  string
	agents  map[int]bool
	others  []*configsyncv1.Mapping
	changed chan struct{}
}

// NewConfig returns one without agents.
func NewConfig() *Config {
	c := &Config{secret: ClientSecret, agents: map[int]bool{}, changed: make(chan struct{})}
	c.others = []*configsyncv1.Mapping{{Kind: configsyncv1.MappingKind_MAPPING_KIND_SOURCE, EngageId: "101", CloudId: SourceID}}
	for _, name := range presences() {
		c.others = append(c.others, &configsyncv1.Mapping{Kind: configsyncv1.MappingKind_MAPPING_KIND_PRESENCE, EngageId: name, CloudId: Definition(name)})
	}
	for n := 1; n <= 3; n++ {
		c.others = append(c.others, &configsyncv1.Mapping{
			Kind: configsyncv1.MappingKind_MAPPING_KIND_DN, EngageId: fmt.Sprint("dn", n),
			Dn: &configsyncv1.Dn{SwitchName: Switch, Number: fmt.Sprint(4000 + n), Type: configsyncv1.DnType_DN_TYPE_EXTENSION},
		})
	}
	return c
}

// Scope sets which agents are in scope.
func (c *Config) Scope(agents ...int) {
	c.change(func() {
		c.agents = map[int]bool{}
		for _, n := range agents {
			c.agents[n] = true
		}
	})
}

// Secret sets the client's secret.
func (c *Config) Secret(secret string) { c.change(func() { c.secret = secret }) }

func (c *Config) change(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
	close(c.changed)
	c.changed = make(chan struct{})
}

// Watch sends everything, and after each change what it changed.
func (c *Config) Watch(_ *configsyncv1.WatchRequest, stream grpc.ServerStreamingServer[configsyncv1.WatchResponse]) error {
	known := map[int]bool{}
	for first := true; ; first = false {
		c.mu.Lock()
		changed := c.changed
		answer := &configsyncv1.WatchResponse{SnapshotComplete: first}
		if first {
			answer.Upserted = append(answer.Upserted, c.others...)
		}
		for _, n := range slices.Sorted(maps.Keys(c.agents)) {
			if !known[n] {
				answer.Upserted = append(answer.Upserted, agent(n))
			}
		}
		for n := range known {
			if !c.agents[n] {
				answer.Removed = append(answer.Removed, &configsyncv1.MappingKey{Kind: configsyncv1.MappingKind_MAPPING_KIND_USER, EngageId: fmt.Sprint(n)})
			}
		}
		known = maps.Clone(c.agents)
		c.mu.Unlock()
		if err := stream.Send(answer); err != nil {
			return err
		}
		select {
		case <-stream.Context().Done():
			return nil
		case <-changed:
		}
	}
}

func agent(n int) *configsyncv1.Mapping {
	return &configsyncv1.Mapping{
		Kind: configsyncv1.MappingKind_MAPPING_KIND_USER, EngageId: fmt.Sprint(n), CloudId: User(n),
		Person: &configsyncv1.Person{
			EmployeeId: Employee(n), Agent: true, Active: true,
			Logins: []*configsyncv1.AgentLogin{{SwitchName: Switch, LoginCode: Login(n)}},
		},
	}
}

// GetOptions tells the org's address and the client of this service.
func (c *Config) GetOptions(context.Context, *configsyncv1.GetOptionsRequest) (*configsyncv1.GetOptionsResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &configsyncv1.GetOptionsResponse{Sections: []*configsyncv1.OptionSection{
		{Name: "general", Options: map[string]string{"base_service_url": c.org, "base_auth_url": c.org}},
		{Name: "agent_state_sync", Options: map[string]string{"client_id": ClientID, "client_secret": c.secret}},
	}}, nil
}
