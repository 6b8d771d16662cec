package model_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/services/conversation-provider/feedtest"
	"engage.connector/services/conversation-provider/model"
)

// A machine that stood still has not waited for a link: when it goes on, what the links said in the
// meantime still comes first. A link that is silent while the machine runs is not waited for longer
// than the grace.
func TestStandingStillIsNotWaiting(t *testing.T) {
	queued := func(s *feedtest.Site) []feedtest.Event {
		s.Logins().Inbound(1).IVR().Ring("A", feedtest.Ext1)
		return s.Events
	}
	for name, c := range map[string]struct {
		ticks []time.Duration
		waits int
	}{
		"runs on":      {ticks: []time.Duration{0, time.Second, time.Second, time.Second}, waits: 0},
		"stood still":  {ticks: []time.Duration{0, time.Minute}, waits: 1},
		"stood, waits": {ticks: []time.Duration{0, time.Minute, time.Second, time.Second}, waits: 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.opts.LongestTick = time.Second
			d.model = model.New(d.opts)
			for _, e := range queued(feedtest.New()) {
				if e.Link != feedtest.LinkQueue { // the agent rings, and no queue has said why
					d.apply(e.Event)
				}
			}
			for _, after := range c.ticks {
				d.tick(after)
			}
			require.Equal(t, c.waits, d.model.Counts().Waiting)
		})
	}
}
