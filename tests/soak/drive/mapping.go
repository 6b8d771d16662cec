package drive

import (
	"time"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/segments"
	"engage.connector/tests/soak/history"
	"engage.connector/tests/soak/judge"
)

// Mapping is the center's ID map: what an org calls the center's objects.
type Mapping struct {
	Source string
	Users  map[string]string // by log-in code
	Queues map[string]string // by DN
	Codes  map[string]string // by name
	kinds  map[string]conversation.DNKind
}

var _ conversation.Directory = (*Mapping)(nil)

// NewMapping returns the mapping of an org that exists in nobody's imagination but ours.
func NewMapping() *Mapping {
	m := &Mapping{Source: exevents.StableID("soak", "source")}
	m.fill(func(kind, name string) string { return exevents.StableID("soak", kind, name) })
	return m
}

// fill asks for the id of every object of the center that is mapped.
func (m *Mapping) fill(id func(kind, name string) string) {
	m.Users, m.Queues, m.Codes = map[string]string{}, map[string]string{}, map[string]string{}
	m.kinds = map[string]conversation.DNKind{}
	for _, d := range history.Desks() {
		m.kinds[d.DN] = conversation.DNExtension
		if d.User {
			m.Users[d.Login] = id("user", d.Login)
		}
	}
	for _, q := range history.Queues() {
		m.kinds[q.DN] = conversation.DNVirtualQueue
		if q.Mapped {
			m.Queues[q.DN] = id("queue", q.DN)
		}
	}
	for _, rp := range history.RoutingPoints() {
		m.kinds[rp] = conversation.DNRoutingPoint
	}
	const mapped = 2
	for _, name := range history.Dispositions()[:mapped] {
		m.Codes[name] = id("code", name)
	}
}

// DNKind returns what a DN is configured as.
func (m *Mapping) DNKind(number string) conversation.DNKind { return m.kinds[number] }

// Queue returns the EX queue of a virtual queue.
func (m *Mapping) Queue(number string) (string, bool) { return has(m.Queues, number) }

// User returns the EX user of a log-in code.
func (m *Mapping) User(login string) (string, bool) { return has(m.Users, login) }

// WrapUpCode returns the id of a disposition value.
func (m *Mapping) WrapUpCode(name string) (string, bool) { return has(m.Codes, name) }

// SourceID returns the id of the source.
func (m *Mapping) SourceID() string { return m.Source }

// Refresh changes nothing.
func (m *Mapping) Refresh() {}

func has(m map[string]string, key string) (string, bool) {
	id, ok := m[key]
	return id, ok
}

// org is the same for the judge.
func (m *Mapping) org() judge.Org {
	return judge.Org{SourceID: m.Source, Users: values(m.Users), Queues: values(m.Queues), Codes: values(m.Codes)}
}

func values(m map[string]string) map[string]bool {
	set := make(map[string]bool, len(m))
	for _, id := range m {
		set[id] = true
	}
	return set
}

// truth is what happened, in the org's words.
// With links that are not waited for any more, who has logged out may still be believed to be there, and
// who is at an extension may not be known at all.
func (m *Mapping) truth(h history.History, late bool) []judge.Interaction {
	list := make([]judge.Interaction, len(h.Talks))
	for i, t := range h.Talks {
		in := judge.Interaction{
			Calls: t.Calls, Users: map[string]bool{}, Queues: map[string]bool{}, Silent: t.Silent, Plain: t.Plain && !late, Lost: t.Lost,
			Over: t.Over, Told: t.Told,
		}
		for login := range t.Logins {
			in.Users[m.Users[login]] = true
		}
		for login, unsure := range t.Absent {
			in.Users[m.Users[login]] = in.Users[m.Users[login]] || late || unsure
		}
		for vq := range t.Queues {
			in.Queues[m.Queues[vq]] = true
		}
		if late || t.Lost { // what is told late has a late time
			in.Over = time.Time{}
		}
		list[i] = in
	}
	return list
}

// noRecordings: the soak is about conversations.
type noRecordings struct{}

func (noRecordings) Options() segments.Options {
	return segments.Options{LanguageKey: "language_code"}
}

func (noRecordings) Settings() segments.Settings { return segments.Settings{} }
