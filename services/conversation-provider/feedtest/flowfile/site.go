package flowfile

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/conversation"
)

// Site is what is configured and mapped at the site of the flows.
type Site struct {
	Ext, Rp, Other []string
	Vq             map[string]string // virtual queue -> EX queue
	Users          map[string]string // log-in code -> EX user
	Codes          map[string]string // disposition -> wrap-up code
}

var _ conversation.Directory = (*Site)(nil)

func readSite(path string) (*Site, error) {
	data, err := os.ReadFile(path) //nolint:gosec // a test's own files
	if err != nil {
		return nil, fmt.Errorf("reading the site: %w", err)
	}
	site := &Site{}
	if err := json.Unmarshal(data, site); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	return site, nil
}

// Refresh changes nothing.
func (s *Site) Refresh() {}

// DNKind returns what a DN is configured as.
func (s *Site) DNKind(number string) conversation.DNKind {
	_, vq := s.Vq[number]
	switch {
	case slices.Contains(s.Ext, number):
		return conversation.DNExtension
	case slices.Contains(s.Rp, number):
		return conversation.DNRoutingPoint
	case slices.Contains(s.Other, number):
		return conversation.DNOther
	case vq:
		return conversation.DNVirtualQueue
	default:
		return conversation.DNUnknown
	}
}

// id is the id of an object of the org.
func id(kind, name string) string { return exevents.StableID("flow site", kind, name) }

func (s *Site) lookUp(table map[string]string, kind, name string) (string, bool) {
	to, ok := table[name]
	return id(kind, to), ok
}

// Queue returns the EX queue of a virtual queue.
func (s *Site) Queue(number string) (string, bool) { return s.lookUp(s.Vq, "queue", number) }

// User returns the EX user of a log-in code.
func (s *Site) User(login string) (string, bool) { return s.lookUp(s.Users, "user", login) }

// WrapUpCode returns the id of a disposition.
func (s *Site) WrapUpCode(name string) (string, bool) { return s.lookUp(s.Codes, "code", name) }

// SourceID returns the id of the source.
func (s *Site) SourceID() string { return id("source", "") }

// nameOf finds the name of an object of the org by its id; the id itself when it has none.
func (s *Site) nameOf(kind, of string, table map[string]string) string {
	for _, name := range table {
		if id(kind, name) == of {
			return name
		}
	}
	return of
}
