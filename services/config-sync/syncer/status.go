package syncer

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/services/config-sync/plan"
)

// State is the state of the synchronisation.
type State string

// The states.
const (
	StateNone       State = ""
	StateInProgress State = "InProgress"
	StateSuccess    State = "Success"
	StateFailed     State = "Failed"
)

// Status tells how the last synchronisation ended. It is kept in the store, so that every instance
// tells the same.
type Status struct {
	State State `json:"state"`
	// LastSuccess is the end of the last synchronisation after which everything was in place.
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	// LastComplete is the end of the last synchronisation that went through, possibly with
	// operations that the organization refused. From the first one on mappings are published.
	LastComplete time.Time `json:"lastComplete,omitzero"`
	// At is when the state was taken.
	At     time.Time `json:"at,omitzero"`
	Reason string    `json:"reason,omitempty"`
	// Hint is what the operator can do about a failure.
	Hint string `json:"hint,omitempty"`
	// Executed and Rejected count the operations of the last synchronisation that did something.
	Executed int `json:"executed,omitempty"`
	Rejected int `json:"rejected,omitempty"`
	// Refusals are what the organization does not take at present; Pending counts what it does not
	// show yet.
	Refusals []plan.Refusal `json:"refusals,omitempty"`
	Pending  int            `json:"pending,omitempty"`
	// WaitingPlan is the id of the plan that waits for an approval.
	WaitingPlan string `json:"waitingPlan,omitempty"`
	// OrganizationRead is when the organization was last read, so that what was changed there is known.
	OrganizationRead time.Time `json:"organizationRead,omitzero"`
	// Skipped counts the Engage objects that cannot be synchronised.
	Skipped int `json:"skipped,omitempty"`
}

// Documents keeps small named values; *store.Store implements it.
type Documents interface {
	GetDocument(ctx context.Context, name string) ([]byte, bool, error)
	PutDocument(ctx context.Context, lease store.Lease, name string, body []byte) error
}

const statusDocument = "config-sync-status"

// statusKeeper holds the status in memory and in the store.
type statusKeeper struct {
	documents Documents
	lease     func() (store.Lease, error) // under which the status is written
	mu        sync.Mutex
	current   Status
}

func (k *statusKeeper) get() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current
}

// update changes the status and stores it. The status in memory is right even if the store fails.
func (k *statusKeeper) update(ctx context.Context, change func(*Status)) error {
	k.mu.Lock()
	change(&k.current)
	body, err := json.Marshal(k.current)
	k.mu.Unlock()
	if err != nil {
		return fault.Wrap(fault.Internal, "syncer.status", err)
	}
	lease, err := k.lease()
	if err != nil {
		return err
	}
	return k.documents.PutDocument(ctx, lease, statusDocument, body)
}

// stored is what the leader has stored.
func (k *statusKeeper) stored(ctx context.Context) (stored Status, found bool, err error) {
	body, found, err := k.documents.GetDocument(ctx, statusDocument)
	if err != nil || !found {
		return Status{}, false, err
	}
	if err := json.Unmarshal(body, &stored); err != nil {
		return Status{}, false, fault.Wrap(fault.Internal, "syncer.status", err)
	}
	return stored, true, nil
}

// load takes over what another instance, or this one before a restart, has stored.
func (k *statusKeeper) load(ctx context.Context) error {
	stored, found, err := k.stored(ctx)
	if err != nil || !found {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current = stored
	return nil
}
