package app

import (
	"context"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/services/conversation-provider/feedlinks"
	"engage.connector/services/conversation-provider/model"
)

// Status is the body of /status.
type Status struct {
	Service string `json:"service"`
	Version string `json:"version"`
	Writer  bool   `json:"writer"` // this instance applies the calls log
	// LeaseExpires and Generation are those of the writer's lease; only on the writer.
	LeaseExpires *time.Time  `json:"leaseExpires,omitempty"`
	Generation   int64       `json:"generation,omitempty"`
	Ready        bool        `json:"ready"` // mapping and options are there
	Mappings     int         `json:"mappings"`
	Links        []LinkState `json:"links"`
	// Calls are the model's sizes; only on the writer.
	Calls    *model.Counts `json:"calls,omitempty"`
	Pipeline *store.Depth  `json:"pipeline,omitempty"`
	Error    fault.Code    `json:"error,omitempty"` // why Pipeline is missing
}

// LinkState is one link to the Engage edge.
type LinkState struct {
	Name      string            `json:"name"`
	Purpose   feedlinks.Purpose `json:"purpose"`
	Connected bool              `json:"connected"`
	Since     time.Time         `json:"since,omitzero"`
	Reason    string            `json:"reason,omitempty"`
	// Without says whether, how often and when last calls were decided without this link; on the writer.
	Without *pipeline.Without `json:"without,omitempty"`
}

func (a *App) status(ctx context.Context) any {
	s := Status{
		Service: Service, Version: host.Version(),
		Ready: a.mapping.Ready() && a.settings.Ready(),
	}
	if lease, ok := a.writer.Lease(); ok {
		counts := a.model.Counts()
		s.Writer, s.LeaseExpires, s.Generation, s.Calls = true, &lease.ExpiresAt, lease.Generation, &counts
	}
	if snapshot, ok := a.directory.Snapshot(); ok {
		s.Mappings = snapshot.Size()
	}
	links, _ := a.opts.Config.links()
	for _, link := range links {
		state, _ := a.feed.State(link.Name)
		entry := LinkState{
			Name: link.Name, Purpose: link.Purpose, Connected: state.Connected, Since: state.Since, Reason: state.Reason,
		}
		if without := a.writer.Without(a.pair(link.Name)); without != (pipeline.Without{}) {
			entry.Without = &without
		}
		s.Links = append(s.Links, entry)
	}
	if depth, err := a.pipeline.Depth(ctx); err != nil {
		s.Error = fault.CodeOf(err)
	} else {
		s.Pipeline = &depth
	}
	return s
}
