package api

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"

	"engage.connector/services/agent-state-sync/adherence"
)

// header are the columns of the report.
func header() []string {
	return []string{"agent", "userId", "what", "from", "to", "shown", "true", "cause"}
}

// WriteCSV writes the report for a spreadsheet. An empty "to" means that the interval lasts.
func WriteCSV(w io.Writer, gaps []adherence.Gap) error {
	out := csv.NewWriter(w)
	if err := out.Write(header()); err != nil {
		return fmt.Errorf("gaps: %w", err)
	}
	for i := range gaps {
		g := &gaps[i]
		if err := out.Write([]string{
			plain(g.Agent), plain(g.UserID), string(g.What), instant(g.From), instant(g.To), plain(g.Shown), plain(g.True), string(g.Cause),
		}); err != nil {
			return fmt.Errorf("gaps: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("gaps: %w", err)
	}
	return nil
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// plain keeps a spreadsheet from reading a text as a formula.
func plain(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
