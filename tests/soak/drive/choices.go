package drive

import (
	"slices"

	"engage.connector/pkg/engage"
	"engage.connector/tests/soak/history"
	"engage.connector/tests/soak/judge"
)

// Choices are the picks of a run, so that it can be run again and made smaller.
type Choices []uint32

// Random returns a pick of repeatable random numbers, and the choices it makes.
func Random(seed uint64) (history.Pick, *Choices) {
	made := &Choices{}
	state := seed
	return func(n int) int {
		// SplitMix64: small, fast and good enough.
		state += 0x9e3779b97f4a7c15
		z := state
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		c := uint32((z ^ z>>31) >> 32 % uint64(n))
		*made = append(*made, c)
		return int(c)
	}, made
}

// Pick makes the same choices again; 0 when there are no more.
func (c Choices) Pick() history.Pick {
	i := 0
	return func(n int) int {
		i++
		if i > len(c) {
			return 0
		}
		return int(c[i-1]) % n
	}
}

func sum(c Choices) int {
	total := 0
	for _, v := range c {
		total += int(v)
	}
	return total
}

// Shrink looks for fewer and smaller choices that lead to a fault of the same rule, in a bounded
// number of tries.
func Shrink(tag string, opts Options, c Choices, rule judge.Rule, tries int) (Choices, Result) {
	best := c
	result := Run(tag, opts, best.Pick())
	try := func(candidate Choices) bool {
		if tries <= 0 {
			return false
		}
		tries--
		r := Run(tag, opts, candidate.Pick())
		same := slices.ContainsFunc(r.Faults, func(f judge.Fault) bool { return f.Rule == rule })
		if same && (len(r.History.Events) < len(result.History.Events) ||
			len(r.History.Events) == len(result.History.Events) && len(candidate)+sum(candidate) < len(best)+sum(best)) {
			best, result = candidate, r
			return true
		}
		return false
	}
	for size := max(len(best)/2, 1); tries > 0; {
		smaller := false
		for at := 0; at+size <= len(best) && tries > 0; {
			if try(slices.Concat(best[:at], best[at+size:])) {
				smaller = true
				continue
			}
			at += size
		}
		for at := 0; size == 1 && at < len(best) && tries > 0; at++ {
			for _, value := range []uint32{0, best[at] / 2} {
				if candidate := slices.Clone(best); value < best[at] {
					candidate[at] = value
					if try(candidate) {
						smaller = true
						break
					}
				}
			}
		}
		if size == 1 && !smaller {
			break
		}
		size = max(size/2, 1)
	}
	return best, result
}

// Lines are the feed lines of the run that the faults are of, in the order in which they were
// applied. Heartbeats and extensions at which nothing happens are left out.
func (r *Result) Lines() []string {
	parties := map[string]bool{}
	for _, e := range r.History.Events {
		parties[e.DN()] = true
	}
	var lines []string
	for _, b := range r.fed {
		for _, e := range b.events {
			if e.Message == engage.MsgHeartbeat || e.CallUUID() == "" && e.ConnID() == "" && e.ThisDN() != "" && !parties[e.ThisDN()] {
				continue
			}
			line, err := engage.Encode(e)
			if err != nil {
				line = []byte(err.Error())
			}
			lines = append(lines, string(line))
		}
	}
	return lines
}
