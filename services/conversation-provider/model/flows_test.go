package model_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/pipeline"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
	"engage.connector/services/conversation-provider/feedtest/flowfile"
)

// knownWrong lists the flows that do not come out right yet, and why. A flow that is right must not be
// listed; at the end nothing is.
func knownWrong() map[string]string {
	return map[string]string{}
}

// Call flows of the vendor's documented event sequences, each with what the org is to show of it. They
// are played as the edge sends them, by the clock of their receipt, with and without heartbeats.
func TestDocumentedFlowsShowWhatIsExpected(t *testing.T) {
	site, flows, err := flowfile.Load(filepath.Join("testdata", "flows"))
	require.NoError(t, err)
	require.NotEmpty(t, flows)
	wrong := knownWrong()
	for _, flow := range flows {
		t.Run(flow.Name, func(t *testing.T) {
			var faults []string
			for _, beats := range []bool{false, true} {
				lines, name := flow.Lines, "without heartbeats"
				if beats {
					lines, name = flow.WithHeartbeats(time.Minute), "with heartbeats"
				}
				for _, fault := range playFlow(t, site, flow, lines) {
					if !beats || !slices.Contains(faults, "without heartbeats: "+fault) {
						faults = append(faults, name+": "+fault)
					}
				}
			}
			why, listed := wrong[flow.Name]
			delete(wrong, flow.Name)
			switch {
			case listed && len(faults) == 0:
				t.Errorf("right now, but listed as known to be wrong: %s", why)
			case !listed && len(faults) > 0:
				t.Errorf("%s\n%s", flow.Title, strings.Join(faults, "\n"))
			}
		})
	}
	require.Empty(t, wrong, "flows that are listed as known to be wrong, and are not there")
}

// playFlow plays lines and judges what the org shows.
func playFlow(t *testing.T, site *flowfile.Site, flow flowfile.Flow, lines []feedtest.Event) []string {
	d := newDeskOf(t, site)
	d.opts.Machine.CallModel = conversation.CallModel(flow.Model)
	d.restart()
	d.now = lines[0].ReceivedAt
	d.timeline = pipeline.NewTimeline(flow.Links(), patience, d.now)
	for _, line := range lines {
		d.until(line.ReceivedAt)
		line.Event.Link = line.Link
		d.timeline.Add(pipeline.Held{Event: line.Event, ReadAt: line.ReceivedAt})
		d.release()
	}
	for range 20 * 60 { // longer than anything waits
		d.until(d.now.Add(time.Second))
	}

	var sent []exevents.ConversationEvent
	judge := feedtest.NewJudge()
	for _, i := range d.out {
		sent = append(sent, i.Event)
	}
	var faults []string
	if err := judge.Take(sent); err != nil {
		faults = append(faults, "an org would refuse: "+err.Error())
	}
	if err := judge.Ended(); err != nil {
		faults = append(faults, err.Error())
	}
	legs := site.Legs(sent)
	return append(faults, flow.Judge(func(call string) flowfile.Shown { return d.shown(flow, call, legs) })...)
}

// until lets the wall clock run up to a time, with the ticks of the pipeline.
func (d *desk) until(at time.Time) {
	for !at.Before(d.now.Add(time.Second)) {
		if d.timeline == nil {
			d.tick(time.Second)
			continue
		}
		d.now = d.now.Add(time.Second)
		d.release()
		d.commit(d.model.Tick(d.now, d.timeline.Progress()))
	}
}

// release lets the model read what the timeline has in order.
func (d *desk) release() {
	var events []engage.Event
	for _, h := range d.timeline.Release(d.now) {
		events = append(events, h.Event)
	}
	if len(events) > 0 {
		d.apply(events...)
	}
}

// patience is LINK_PATIENCE's default.
const patience = 5 * time.Minute

// shown says what became of a call: as an operator would see it, and what its conversation shows.
func (d *desk) shown(flow flowfile.Flow, call string, legs map[string][]*flowfile.Leg) flowfile.Shown {
	uuid := flow.Calls[call]
	trace, found, err := d.model.Lookup(uuid)
	require.NoError(d.t, err)
	if !found {
		return flowfile.Shown{Fate: "unknown"}
	}
	var in struct {
		UUID         string `json:"uuid"`
		Conversation struct {
			ID     string `json:"id"`
			Stage  string `json:"stage"`
			Reason string `json:"reason"`
		} `json:"conversation"`
	}
	require.NoError(d.t, json.Unmarshal(trace.Interaction, &in))
	shown := flowfile.Shown{Fate: "whole", Legs: legs[in.Conversation.ID]}
	switch stage := in.Conversation.Stage; {
	case in.UUID != uuid:
		for name, other := range flow.Calls {
			if other == in.UUID {
				shown.Fate = "part-of:" + name
			}
		}
	case stage == "suspended" || stage == "ignored":
		shown.Fate = stage + ":" + in.Conversation.Reason
	case stage != "over":
		shown.Fate = "unfinished:" + stage
	}
	return shown
}

// Each row that goes beyond the guide is reached by one of the flows.
func TestEveryExtendedRowHasItsFlow(t *testing.T) {
	site, flows, err := flowfile.Load(filepath.Join("testdata", "flows"))
	require.NoError(t, err)
	taken := map[string]bool{}
	for _, flow := range flows {
		if conversation.CallModel(flow.Model) != conversation.ModelExtended {
			continue
		}
		d := newDeskOf(t, site)
		d.opts.Machine.CallModel = conversation.ModelExtended
		d.restart()
		d.now = flow.Lines[0].ReceivedAt
		for _, line := range flow.Lines {
			d.until(line.ReceivedAt)
			d.apply(line.Event)
			d.noteRows(taken, flow.Calls)
		}
		d.settle()
		d.noteRows(taken, flow.Calls)
	}
	for _, row := range conversation.Rows(conversation.ModelExtended) {
		if row.Extended && !row.Wait {
			require.Contains(t, taken, row.ID)
		}
	}
}

// noteRows notes the rows that the traces of calls name.
func (d *desk) noteRows(taken map[string]bool, calls map[string]string) {
	for _, uuid := range calls {
		trace, found, err := d.model.Lookup(uuid)
		require.NoError(d.t, err)
		if !found {
			continue
		}
		var in struct {
			Conversation conversation.Conversation `json:"conversation"`
		}
		require.NoError(d.t, json.Unmarshal(trace.Interaction, &in))
		for _, decision := range in.Conversation.Trace.All() {
			taken[decision.Row] = true
		}
	}
}
