package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
)

// figures are what was measured.
type figures struct {
	CallsPerAgent      float64 `json:"calls_per_agent"`
	CallsTotal         int     `json:"calls_total"`
	CallsFloor         int     `json:"calls_floor"`
	SecondSyncWrites   int     `json:"second_sync_writes"`
	BudgetUsed         float64 `json:"budget_used"` // part of the allowance, 0 to 1
	Snapshot30kSeconds float64 `json:"snapshot30k_s"`
	Snapshot30kMB      float64 `json:"snapshot30k_mb"` // 10^6 bytes
	ChangeToOrg        float64 `json:"change_to_org_s"`

	DriftCalls int `json:"drift_calls_per_1000"`

	Details []detail `json:"details"`
}

// detail is a further line of the table.
type detail struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
	Limit string `json:"limit"`
}

func (f *figures) note(name string, value any, limit string) {
	f.Details = append(f.Details, detail{name, value, limit})
}

// table returns all lines, the promised figures first.
func (f *figures) table() []detail {
	return append([]detail{
		{"API calls per agent in the first synchronisation", f.CallsPerAgent, fmt.Sprintf("%.2f", callsPerAgentLimit)},
		{"API calls in the first synchronisation", f.CallsTotal, fmt.Sprint(f.CallsFloor)},
		{"writes in the second synchronisation", f.SecondSyncWrites, "0"},
		{"part of the allowance used in the steady state", f.BudgetUsed, ">= 0.95"},
		{"30,000 persons: cycle without a change, s", f.Snapshot30kSeconds, "< 5"},
		{"30,000 persons: peak memory of config-sync (VmHWM), MB", f.Snapshot30kMB, "< 600"},
		{"slowest change of a person until the org shows it, s", f.ChangeToOrg, fmt.Sprintf("%.1f", pollInterval.Seconds()+2)},
		{"API calls of a reading of 1,000 agents and 100 queues", f.DriftCalls, fmt.Sprint(driftCallsLimit)},
	}, f.Details...)
}

// summary is the line that other programs read.
func (f *figures) summary() string {
	return fmt.Sprintf("bench-config-sync: calls_per_agent=%.3f calls_total=%d calls_floor=%d second_sync_writes=%d budget_used=%.3f "+
		"snapshot30k_s=%.2f snapshot30k_mb=%.0f change_to_org_s=%.2f drift_calls_per_1000=%d", f.CallsPerAgent, f.CallsTotal, f.CallsFloor, f.SecondSyncWrites,
		f.BudgetUsed, f.Snapshot30kSeconds, f.Snapshot30kMB, f.ChangeToOrg, f.DriftCalls)
}

// write prints the table and the summary and keeps the figures as JSON.
func (f *figures) write(out io.Writer, file string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "measured\tvalue\tlimit")
	for _, d := range f.table() {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", d.Name, d.text(), d.Limit)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	body, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return fmt.Errorf("folder of the figures: %w", err)
	}
	if err := os.WriteFile(file, append(body, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	_, err = fmt.Fprintln(out, f.summary())
	return err
}

func (d detail) text() string {
	if number, ok := d.Value.(float64); ok {
		return fmt.Sprintf("%.3f", number)
	}
	return fmt.Sprint(d.Value)
}
