package directory

import (
	"slices"
	"strings"

	configsyncv1 "engage.connector/proto/configsync/v1"
)

// Snapshot is the mapping at one moment. It never changes; a new one replaces it.
type Snapshot struct {
	users         map[string]*configsyncv1.Mapping // by employee id
	logins        map[login]*configsyncv1.Mapping
	loginAnywhere map[string][]*configsyncv1.Mapping
	dns           map[dnKey]*configsyncv1.Mapping // queues and plain DNs by number and by alias
	dnAnywhere    map[string][]*configsyncv1.Mapping
	wrapups       map[string]string
	presences     map[string]string
	source        string
	all           []*configsyncv1.Mapping
}

type login struct{ switchName, code string }

type dnKey struct{ switchName, number string }

// newSnapshot indexes mappings; the slice is kept.
func newSnapshot(mappings []*configsyncv1.Mapping) *Snapshot {
	s := &Snapshot{
		users: map[string]*configsyncv1.Mapping{}, logins: map[login]*configsyncv1.Mapping{}, loginAnywhere: map[string][]*configsyncv1.Mapping{},
		dns: map[dnKey]*configsyncv1.Mapping{}, dnAnywhere: map[string][]*configsyncv1.Mapping{},
		wrapups: map[string]string{}, presences: map[string]string{}, all: mappings,
	}
	// Aliases go in first, so that a number always wins over an equal alias.
	for _, mapping := range mappings {
		if alias := mapping.GetDn().GetAlias(); alias != "" {
			s.indexDN(alias, mapping)
		}
	}
	for _, mapping := range mappings {
		s.index(mapping)
	}
	return s
}

func (s *Snapshot) index(mapping *configsyncv1.Mapping) {
	switch mapping.GetKind() {
	case configsyncv1.MappingKind_MAPPING_KIND_USER:
		if id := mapping.GetPerson().GetEmployeeId(); id != "" {
			s.users[id] = mapping
		}
		for _, known := range mapping.GetPerson().GetLogins() {
			code := known.GetLoginCode()
			s.logins[login{known.GetSwitchName(), code}] = mapping
			if !slices.Contains(s.loginAnywhere[code], mapping) {
				s.loginAnywhere[code] = append(s.loginAnywhere[code], mapping)
			}
		}
	case configsyncv1.MappingKind_MAPPING_KIND_QUEUE, configsyncv1.MappingKind_MAPPING_KIND_DN:
		s.indexDN(mapping.GetDn().GetNumber(), mapping)
	case configsyncv1.MappingKind_MAPPING_KIND_WRAPUP_CODE:
		s.wrapups[mapping.GetEngageId()] = mapping.GetCloudId()
	case configsyncv1.MappingKind_MAPPING_KIND_PRESENCE:
		s.presences[mapping.GetEngageId()] = mapping.GetCloudId()
	case configsyncv1.MappingKind_MAPPING_KIND_SOURCE:
		s.source = mapping.GetCloudId()
	case configsyncv1.MappingKind_MAPPING_KIND_SKILL, configsyncv1.MappingKind_MAPPING_KIND_UNSPECIFIED:
		// Nothing on the event side refers to a skill.
	}
}

func (s *Snapshot) indexDN(name string, mapping *configsyncv1.Mapping) {
	s.dns[dnKey{mapping.GetDn().GetSwitchName(), name}] = mapping
	if !slices.Contains(s.dnAnywhere[name], mapping) {
		s.dnAnywhere[name] = append(s.dnAnywhere[name], mapping)
	}
}

// DN finds a directory number by its number or alias. An empty switch name finds it where the name
// is unique among all switches; a name that stands on two switches is then not found, because a
// guess would put the call on a wrong queue or agent.
func (s *Snapshot) DN(switchName, number string) (*configsyncv1.Mapping, bool) {
	if switchName != "" {
		mapping, ok := s.dns[dnKey{switchName, number}]
		return mapping, ok
	}
	candidates := s.dnAnywhere[number]
	if len(candidates) == 1 {
		return candidates[0], true
	}
	return nil, false
}

// UserByLogin finds the person behind a login code (AgentID of T-events). An empty switch name
// finds it where the code belongs to one person only.
func (s *Snapshot) UserByLogin(switchName, code string) (*configsyncv1.Mapping, bool) {
	if switchName != "" {
		mapping, ok := s.logins[login{switchName, code}]
		return mapping, ok
	}
	if candidates := s.loginAnywhere[code]; len(candidates) == 1 {
		return candidates[0], true
	}
	return nil, false
}

// UserByEmployeeID finds a person by the object name that Stat Server uses.
func (s *Snapshot) UserByEmployeeID(id string) (*configsyncv1.Mapping, bool) {
	mapping, ok := s.users[id]
	return mapping, ok
}

// Agents returns the active agents that have a user in the org, by employee id.
func (s *Snapshot) Agents() []*configsyncv1.Mapping {
	var agents []*configsyncv1.Mapping
	for _, mapping := range s.users {
		if mapping.GetPerson().GetAgent() && mapping.GetPerson().GetActive() && mapping.GetCloudId() != "" {
			agents = append(agents, mapping)
		}
	}
	slices.SortFunc(agents, func(a, b *configsyncv1.Mapping) int {
		return strings.Compare(a.GetPerson().GetEmployeeId(), b.GetPerson().GetEmployeeId())
	})
	return agents
}

// DirectoryNumbers returns the directory numbers of one type, by switch and number.
func (s *Snapshot) DirectoryNumbers(dnType configsyncv1.DnType) []*configsyncv1.Mapping {
	var found []*configsyncv1.Mapping
	for _, mapping := range s.all {
		if mapping.GetDn().GetType() == dnType {
			found = append(found, mapping)
		}
	}
	slices.SortFunc(found, func(a, b *configsyncv1.Mapping) int {
		return strings.Compare(a.GetDn().GetSwitchName()+"\x00"+a.GetDn().GetNumber(), b.GetDn().GetSwitchName()+"\x00"+b.GetDn().GetNumber())
	})
	return found
}

// WrapupCode returns the wrap-up code of a disposition value; names are case-sensitive as in Engage.
func (s *Snapshot) WrapupCode(name string) (string, bool) {
	id, ok := s.wrapups[name]
	return id, ok
}

// PresenceDefinition returns the org's definition of a system presence (Offline, Busy, OnQueue, ...).
func (s *Snapshot) PresenceDefinition(systemPresence string) (string, bool) {
	id, ok := s.presences[systemPresence]
	return id, ok
}

// SourceID returns the source of injected events; empty when there is none yet.
func (s *Snapshot) SourceID() string { return s.source }

// Size returns how many mappings the snapshot holds.
func (s *Snapshot) Size() int { return len(s.all) }
