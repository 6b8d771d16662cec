package worker

import (
	"sync"

	"engage.connector/pkg/pipeline/delivery"
)

// maxMarks bounds how many failing recordings an instance remembers; what it forgets counts as new.
const maxMarks = 100_000

// mark is what the pool had taken when a recording failed first and last.
type mark struct{ first, last delivery.Mark }

// marks are those of the recordings that failed here.
type marks struct {
	mu   sync.Mutex
	byID map[string]mark
}

// of returns the marks of a recording; they begin with its first failure.
func (m *marks) of(id string, now delivery.Mark) mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, ok := m.byID[id]
	if !ok {
		if m.byID == nil || len(m.byID) >= maxMarks {
			m.byID = map[string]mark{}
		}
		found = mark{first: now}
		m.byID[id] = found
	}
	return found
}

// answered notes an answer about a recording; over forgets it.
func (m *marks) answered(id string, now delivery.Mark, over bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if over {
		delete(m.byID, id)
		return
	}
	found := m.byID[id]
	found.last = now
	m.byID[id] = found
}
