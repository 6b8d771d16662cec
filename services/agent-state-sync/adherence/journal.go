package adherence

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"engage.connector/pkg/packed"
)

// Journal keeps gaps in chunks, each of which is one stored value: the last one grows, the oldest go when
// there are too many. It is used by one goroutine at a time.
type Journal struct {
	most   int // gaps
	chunks map[int]*chunk
	first  int // of the chunks
	next   int // behind the last one
	size   int // gaps
}

// chunk is one stored value.
type chunk struct {
	packed.Kept

	gaps []Gap
}

// Fields names what is stored of a chunk.
func (c *chunk) Fields(f *packed.Form) { packed.All(f, 1, &c.gaps) }

const (
	chunkSize = 64
	// KeyPrefix begins the names under which chunks are stored.
	KeyPrefix = "g/"
)

// NewJournal keeps about so many gaps.
func NewJournal(most int) *Journal {
	return &Journal{most: max(most, 2*chunkSize), chunks: map[int]*chunk{}}
}

// Len is how many gaps are kept.
func (j *Journal) Len() int { return j.size }

// Add appends gaps, writes the chunks that change into state, and returns how many old gaps had to go.
func (j *Journal) Add(gaps []Gap, state map[string][]byte) (gone int, err error) {
	touched := map[int]bool{}
	for _, g := range gaps {
		if j.next == j.first || len(j.chunks[j.next-1].gaps) >= chunkSize {
			j.chunks[j.next] = &chunk{}
			j.next++
		}
		last := j.chunks[j.next-1]
		last.gaps = append(last.gaps, g)
		j.size++
		touched[j.next-1] = true
	}
	for j.size > j.most {
		old := j.chunks[j.first]
		gone += len(old.gaps)
		j.size -= len(old.gaps)
		delete(j.chunks, j.first)
		delete(touched, j.first)
		state[key(j.first)] = nil
		j.first++
	}
	for n := range touched {
		stored, err := packed.Encode(j.chunks[n])
		if err != nil {
			return gone, fmt.Errorf("gaps: %w", err)
		}
		state[key(n)] = stored
	}
	return gone, nil
}

func key(n int) string { return fmt.Sprintf("%s%010d", KeyPrefix, n) }

// Restore takes a chunk that was stored.
func (j *Journal) Restore(name string, stored []byte) error {
	n, err := strconv.Atoi(strings.TrimPrefix(name, KeyPrefix))
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not the name of a part of the journal", name)
	}
	c := &chunk{}
	if err := packed.Decode(stored, c); err != nil {
		return fmt.Errorf("gaps: %w", err)
	}
	if len(j.chunks) == 0 {
		j.first, j.next = n, n
	}
	j.chunks[n] = c
	j.first, j.next = min(j.first, n), max(j.next, n+1)
	j.size += len(c.gaps)
	for i := j.first; i < j.next; i++ { // one that could not be read leaves an empty place
		if j.chunks[i] == nil {
			j.chunks[i] = &chunk{}
		}
	}
	return nil
}

// Between lists the gaps that have a part between two times, in the order in which they ended.
func (j *Journal) Between(from, to time.Time) iter.Seq[Gap] {
	return func(yield func(Gap) bool) {
		for _, n := range slices.Sorted(maps.Keys(j.chunks)) {
			for i := range j.chunks[n].gaps {
				if g := j.chunks[n].gaps[i]; g.Overlaps(from, to) && !yield(g) {
					return
				}
			}
		}
	}
}
