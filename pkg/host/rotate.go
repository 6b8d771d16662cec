package host

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	logFileMode = 0o640
	logDirMode  = 0o750
)

// rotatingFile is a log file that moves aside when it is full: name.2020-05-19.1, name.2020-05-19.2
// and so on (guide, LOG_FILE_PATH). Only the newest backups stay.
type rotatingFile struct {
	path  string
	limit int64 // bytes; a line is never split, a single longer one is written whole
	keep  int   // backups
	now   func() time.Time

	mu   sync.Mutex
	file *os.File
	room int64 // bytes left before the next attempt to rotate
}

// openRotating opens or creates the file and its directory, and goes on where it ended.
func openRotating(path string, limit int64, keep int, now func() time.Time) (*rotatingFile, error) {
	r := &rotatingFile{path: path, limit: limit, keep: keep, now: now}
	if err := os.MkdirAll(filepath.Dir(path), logDirMode); err != nil {
		return nil, err
	}
	return r, r.open()
}

// open opens the file for appending.
func (r *rotatingFile) open() error {
	file, err := os.OpenFile(r.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, logFileMode)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return err
	}
	r.file, r.room = file, r.limit-info.Size()
	return nil
}

// Write appends one log line, rotating first when it does not fit.
func (r *rotatingFile) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return 0, os.ErrClosed
	}
	if int64(len(line)) > r.room && r.room < r.limit {
		if err := r.rotate(); err != nil {
			// Better an oversized log than none: go on in this file and try again a file's size later.
			r.room = r.limit
		}
	}
	n, err := r.file.Write(line)
	r.room -= int64(n)
	return n, err
}

// Close ends the log; further lines are refused.
func (r *rotatingFile) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// rotate moves the full file aside and opens a fresh one; the old stays open until that worked.
func (r *rotatingFile) rotate() error {
	backups, err := r.backups()
	if err != nil {
		return err
	}
	date := r.now().Format(time.DateOnly)
	next := backup{date: date, index: 1}
	for _, b := range backups {
		if b.date == date && b.index >= next.index {
			next.index = b.index + 1
		}
	}
	if err := os.Rename(r.path, next.path(r.path)); err != nil {
		return err
	}
	full := r.file
	if err := r.open(); err != nil {
		return err
	}
	_ = full.Close()
	return r.prune(append(backups, next))
}

// prune removes the oldest backups beyond the number to keep.
func (r *rotatingFile) prune(backups []backup) error {
	slices.SortFunc(backups, func(a, b backup) int {
		return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.index, b.index))
	})
	for _, old := range backups[:max(0, len(backups)-r.keep)] {
		if err := os.Remove(old.path(r.path)); err != nil {
			return err
		}
	}
	return nil
}

// backup is a rotated file, known by the suffix of its name.
type backup struct {
	date  string // 2020-05-19
	index int    // from 1, per day
}

// path is the backup's file.
func (b backup) path(of string) string { return fmt.Sprintf("%s.%s.%d", of, b.date, b.index) }

// backups lists the rotated files that are there; foreign files beside them are left alone.
func (r *rotatingFile) backups() ([]backup, error) {
	entries, err := os.ReadDir(filepath.Dir(r.path))
	if err != nil {
		return nil, err
	}
	var found []backup
	for _, entry := range entries {
		suffix, ok := strings.CutPrefix(entry.Name(), filepath.Base(r.path)+".")
		if !ok {
			continue
		}
		date, digits, _ := strings.Cut(suffix, ".")
		index, err := strconv.Atoi(digits)
		if _, dateErr := time.Parse(time.DateOnly, date); err == nil && dateErr == nil && index > 0 {
			found = append(found, backup{date, index})
		}
	}
	return found, nil
}
