package genesys

import "time"

// timestampLayout is the API's date-time: UTC, always three decimals, the letter Z
// (error code invalid.date: "yyyy-MM-ddTHH:mm:ss.SSSZ").
const timestampLayout = "2006-01-02T15:04:05.000Z"

// FormatTime renders an instant the way the API demands, yyyy-MM-ddTHH:mm:ss.SSSZ in UTC. What is
// finer than a millisecond is cut off, so two events of one millisecond become equal.
func FormatTime(t time.Time) string {
	return t.UTC().Format(timestampLayout)
}
