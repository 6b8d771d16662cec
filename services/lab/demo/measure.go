package demo

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// residentMB returns the resident memory of a process in megabytes (VmRSS of proc(5)).
func residentMB(pid int) (float64, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:")
		if !ok {
			continue
		}
		kilobytes, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
		return kilobytes / 1024, err
	}
	return 0, fmt.Errorf("process %d states no VmRSS", pid)
}

// fileMB returns the size of a file in megabytes.
func fileMB(path string) (float64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return float64(info.Size()) / (1 << 20), nil
}
