package store

import (
	"context"
	"strconv"
	"time"

	"engage.connector/pkg/fault"
)

// Lease is the right to be the one writer of Name. Generation is its fencing token: it grows with
// each acquisition, and every fenced operation is refused when it is not the newest any more. A lease
// does not outlive a restart or failover of Redis: its holder must begin again from what is stored.
type Lease struct {
	Name       string
	Owner      string
	Generation int64
	// ExpiresAt is when others may take over, by this host's clock, counted from before the request:
	// the holder believes in its end a little early, never late.
	ExpiresAt time.Time
}

// AcquireLease takes the lease when it is free, has ended, or is the same owner's (a process that
// was restarted; its predecessor is fenced off). Else it returns Conflict with a *LeaseHeldError. A
// lost answer may leave the lease taken for ttl; the same owner simply acquires again.
func (s *Store) AcquireLease(ctx context.Context, name, owner string, ttl time.Duration) (Lease, error) {
	if name == "" || owner == "" || ttl < time.Millisecond {
		return Lease{}, s.refuse(opLeaseAcquire, fault.Invalid, "a lease needs a name, an owner and a ttl, got %q, %q, %s", name, owner, ttl)
	}
	asked := s.opts.Now()
	lease := Lease{Name: name, Owner: owner, ExpiresAt: asked.Add(ttl)}
	err := s.do(ctx, opLeaseAcquire, func(ctx context.Context) error {
		answer, err := s.run(ctx, scriptLeaseAcquire, []string{s.leaseKey(name)}, owner, ttl.Milliseconds(), s.scriptTime()).StringSlice()
		if err != nil {
			return err
		}
		if len(answer) == 3 {
			left, err := strconv.ParseInt(answer[2], 10, 64)
			if err != nil {
				return fault.Wrap(fault.Internal, "store.lease_acquire", err)
			}
			return fault.Wrap(fault.Conflict, "store.lease_acquire", &LeaseHeldError{
				Name: name, Owner: answer[1], ExpiresAt: asked.Add(time.Duration(left) * time.Millisecond),
			})
		}
		s.epochs.seen(ctx, answer[1])
		lease.Generation, err = strconv.ParseInt(answer[0], 10, 64)
		if err != nil {
			return fault.Wrap(fault.Internal, "store.lease_acquire", err)
		}
		return nil
	})
	if err != nil {
		return Lease{}, err
	}
	return lease, nil
}

// RenewLease moves the end to ttl from now. A lease that has ended but that nobody took over is
// still ours; else Conflict with ErrFenced.
func (s *Store) RenewLease(ctx context.Context, l Lease, ttl time.Duration) (Lease, error) {
	if ttl < time.Millisecond {
		return l, s.refuse(opLeaseRenew, fault.Invalid, "the ttl %s is too short", ttl)
	}
	asked := s.opts.Now()
	err := s.do(ctx, opLeaseRenew, func(ctx context.Context) error {
		ours, err := s.run(ctx, scriptLeaseRenew, []string{s.leaseKey(l.Name)}, l.Owner, l.Generation, ttl.Milliseconds(), s.scriptTime()).Int()
		if err == nil && ours == 0 {
			return fenced("store.lease_renew", l)
		}
		return err
	})
	if err != nil {
		return l, err
	}
	l.ExpiresAt = asked.Add(ttl)
	return l, nil
}

// ReleaseLease gives the lease back, so that the next one need not wait for its end. One that was
// lost already is no error.
func (s *Store) ReleaseLease(ctx context.Context, l Lease) error {
	return s.do(ctx, opLeaseRelease, func(ctx context.Context) error {
		return s.run(ctx, scriptLeaseRelease, []string{s.leaseKey(l.Name)}, l.Owner, l.Generation).Err()
	})
}

func (s *Store) leaseKey(name string) string { return s.keys.name("lease", name) }
