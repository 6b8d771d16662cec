package delivery

import (
	"math/rand/v2"
	"time"
)

const (
	recordMin = time.Second
	recordMax = time.Minute
	pauseMin  = 200 * time.Millisecond
	pauseMax  = 30 * time.Second
	// longestAsked bounds how long the other side can stop an operation; outageAsked how long it can
	// by an answer that may be about one request only.
	longestAsked = time.Hour
	outageAsked  = 5 * time.Minute
	spreadMax    = 30 * time.Second
)

// RecordWait is how long a record rests after the n-th answer about it: from 1 s doubling to 1 min,
// at least as long as the other side asked.
func RecordWait(times int, asked time.Duration) time.Duration {
	return max(backoff(times, recordMin, recordMax), spread(min(asked, longestAsked)))
}

// PauseWait is how long an operation rests after the n-th failure in a row: from 200 ms doubling to
// 30 s, at least as long as the other side asked.
func PauseWait(failures int, a Answer) time.Duration {
	asked := min(a.RetryIn, longestAsked)
	if a.Scope == Request {
		asked = min(asked, outageAsked)
	}
	return max(backoff(failures, pauseMin, pauseMax), spread(asked))
}

// backoff doubles from the first to the longest wait, less up to a quarter at random, so that those
// who failed together do not come back together.
func backoff(times int, first, longest time.Duration) time.Duration {
	wait := longest
	if shift := max(times-1, 0); shift < 16 {
		wait = min(longest, first<<shift)
	}
	return wait - random(wait/4)
}

// spread adds up to a tenth at random to a wait that many were given alike.
func spread(asked time.Duration) time.Duration {
	return asked + random(min(asked/10, spreadMax))
}

func random(below time.Duration) time.Duration {
	if below <= 0 {
		return 0
	}
	return time.Duration(rand.Int64N(int64(below))) //nolint:gosec // jitter is no secret
}
