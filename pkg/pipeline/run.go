package pipeline

import (
	"context"
	"sync"
)

// Run runs a Writer and the Senders that work under its lease until ctx ends,
// whose error it returns. At the end the Senders finish first, because what
// they have sent can be stored only while the lease is held.
func Run(ctx context.Context, w *Writer, senders ...*Sender) error {
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWriting()
	var writer, sending sync.WaitGroup
	writer.Go(func() { _ = w.Run(writing) })
	for _, s := range senders {
		sending.Go(func() { _ = s.Run(ctx) })
	}
	<-ctx.Done()
	sending.Wait()
	stopWriting()
	writer.Wait()
	return ctx.Err()
}
