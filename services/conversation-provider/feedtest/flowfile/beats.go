package flowfile

import (
	"slices"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/feedtest"
)

// beat is how long a link is silent until the edge sends a heartbeat.
const beat = time.Second

// WithHeartbeats returns the lines of a flow with the heartbeats that an edge sends between them, and
// for a while after the last one. A link that is down sends none.
func (f *Flow) WithHeartbeats(after time.Duration) []feedtest.Event {
	lines := slices.Clone(f.Lines)
	end := f.Lines[len(f.Lines)-1].ReceivedAt.Add(after)
	for _, link := range f.Links() {
		lines = append(lines, f.beats(link, end)...)
	}
	slices.SortStableFunc(lines, func(a, b feedtest.Event) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
	return lines
}

// beats are the heartbeats of one link. What a heartbeat vouches for is the server's time of its
// sending, but no line that is still to come.
func (f *Flow) beats(link string, end time.Time) []feedtest.Event {
	var own, beats []feedtest.Event
	for _, line := range f.Lines {
		if line.Link == link {
			own = append(own, line)
		}
	}
	offset := f.offsets()[own[0].Server.Name]
	for i, line := range own {
		next := end
		if i+1 < len(own) {
			next = own[i+1].ReceivedAt
		}
		if line.Message == engage.MsgLinkDisconnected {
			continue
		}
		for at := line.ReceivedAt.Add(beat); at.Before(next); at = at.Add(beat) {
			upTo := at.Add(-offset)
			if first := earliest(own[i+1:]); !first.IsZero() && !first.After(upTo) {
				upTo = first.Add(-time.Microsecond)
			}
			beats = append(beats, heartbeat(line, at, upTo))
		}
	}
	return beats
}

// earliest is the earliest time stamp of some lines; zero when there are none.
func earliest(lines []feedtest.Event) time.Time {
	if len(lines) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(lines, func(a, b feedtest.Event) int { return a.Time.Compare(b.Time) }).Time
}

func heartbeat(after feedtest.Event, at, upTo time.Time) feedtest.Event {
	return feedtest.Event{Link: after.Link, Event: engage.Event{
		Cursor: after.Cursor, ReceivedAt: at, Server: after.Server, Message: engage.MsgHeartbeat, Time: upTo,
		Attributes: engage.Attributes{"upTo": upTo.UTC().Format(time.RFC3339Nano)},
	}}
}
