// Package mapping answers the conversation's questions about Engage names from the snapshot of
// config-sync's ID map.
package mapping

import (
	"sync/atomic"

	"engage.connector/pkg/directory"
	configsyncv1 "engage.connector/proto/configsync/v1"
	"engage.connector/services/conversation-provider/conversation"
)

// Source gives the current snapshot; directory.Client is one.
type Source interface {
	Snapshot() (*directory.Snapshot, bool)
}

// Mapping is the ID map as the conversation sees it. Questions are answered from the snapshot that was
// there at the last Refresh.
type Mapping struct {
	source Source
	taken  atomic.Pointer[directory.Snapshot]
	// switchName is the switch of the SIP Server. What it lacks, or what is asked for without one, must
	// be unique among all switches.
	switchName string
}

var _ conversation.Directory = (*Mapping)(nil)

// New returns a mapping that prefers the DNs and log-ins of one switch; an empty name prefers none.
func New(source Source, switchName string) *Mapping {
	return &Mapping{source: source, switchName: switchName}
}

// Ready tells whether calls can be injected: the map is there, and the source that events name.
func (m *Mapping) Ready() bool {
	s, ok := m.source.Snapshot()
	return ok && s.SourceID() != ""
}

// Refresh takes the newest snapshot over. One without the source is none: no event can be sent with it.
func (m *Mapping) Refresh() {
	if s, ok := m.source.Snapshot(); ok && s.SourceID() != "" {
		m.taken.Store(s)
	}
}

func (m *Mapping) dn(number string) (*configsyncv1.Mapping, bool) {
	s := m.taken.Load()
	if s == nil {
		return nil, false
	}
	found, ok := s.DN(m.switchName, number)
	if !ok && m.switchName != "" {
		return s.DN("", number) // of another site, whose calls this writer sees as well
	}
	return found, ok
}

// kindsTable says what the configured types are to the conversation.
var kindsTable = map[configsyncv1.DnType]conversation.DNKind{
	configsyncv1.DnType_DN_TYPE_EXTENSION:     conversation.DNExtension,
	configsyncv1.DnType_DN_TYPE_ROUTING_POINT: conversation.DNRoutingPoint,
	configsyncv1.DnType_DN_TYPE_VIRTUAL_QUEUE: conversation.DNVirtualQueue,
	configsyncv1.DnType_DN_TYPE_ACD_QUEUE:     conversation.DNOther,
	configsyncv1.DnType_DN_TYPE_ROUTING_QUEUE: conversation.DNOther,
}

// DNKind returns what a DN is configured as.
func (m *Mapping) DNKind(number string) conversation.DNKind {
	found, ok := m.dn(number)
	if !ok {
		return conversation.DNUnknown
	}
	return kindsTable[found.GetDn().GetType()]
}

// Queue returns the EX queue of a virtual queue.
func (m *Mapping) Queue(number string) (string, bool) {
	found, ok := m.dn(number)
	if !ok || found.GetKind() != configsyncv1.MappingKind_MAPPING_KIND_QUEUE || found.GetCloudId() == "" {
		return "", false
	}
	return found.GetCloudId(), true
}

// User returns the EX user of a login code: of an active agent who has one.
func (m *Mapping) User(login string) (string, bool) {
	s := m.taken.Load()
	if s == nil || login == "" {
		return "", false
	}
	found, ok := s.UserByLogin(m.switchName, login)
	if !ok && m.switchName != "" {
		found, ok = s.UserByLogin("", login)
	}
	if !ok || found.GetCloudId() == "" || !found.GetPerson().GetActive() {
		return "", false
	}
	return found.GetCloudId(), true
}

// WrapUpCode returns the id of a disposition value.
func (m *Mapping) WrapUpCode(name string) (string, bool) {
	s := m.taken.Load()
	if s == nil {
		return "", false
	}
	id, ok := s.WrapupCode(name)
	return id, ok && id != ""
}

// SourceID returns the id of the source that all events name.
func (m *Mapping) SourceID() string {
	s := m.taken.Load()
	if s == nil {
		return ""
	}
	return s.SourceID()
}
