package store

import (
	"context"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// epochs remembers which history of writes Redis was last seen to continue. It only informs: what
// depends on the history is checked in the scripts, where nothing can come in between.
type epochs struct {
	log      *slog.Logger
	restarts prometheus.Counter

	mu   sync.Mutex
	last string
}

// seen takes note of an epoch.
func (e *epochs) seen(ctx context.Context, epoch string) {
	e.mu.Lock()
	before := e.last
	e.last = epoch
	e.mu.Unlock()
	if before == "" || before == epoch {
		return
	}
	e.restarts.Inc()
	e.log.WarnContext(ctx, "Redis was restarted or failed over and may have lost its last writes; the work begins again from what is stored",
		"epoch_before", before, "epoch", epoch)
}

// Epoch names the history of writes that Redis continues at present. It is new after each restart and
// each failover: whoever believes something to be stored must then look again.
func (s *Store) Epoch(ctx context.Context) (string, error) {
	var epoch string
	err := s.do(ctx, opEpoch, func(ctx context.Context) error {
		var err error
		epoch, err = s.run(ctx, scriptEpoch, []string{s.keys.name("epoch")}).Text()
		return err
	})
	if err == nil {
		s.epochs.seen(ctx, epoch)
	}
	return epoch, err
}
