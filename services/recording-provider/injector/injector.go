// Package injector takes one recording from the transient storage to the EX org: fetch, inspect,
// encrypt, pack, presign, upload (guide, "How recording injection works", steps 6 to 10).
package injector

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/uploads"
	"engage.connector/pkg/recording"
	"engage.connector/pkg/recording/envelope"
	"engage.connector/pkg/recording/oggopus"
)

// keyLife is how long a key is used before the org is asked for a newer one; keys rotate daily at
// the most.
const keyLife = time.Hour

const (
	archiveType = "application/zip"
	// presignLife is long, so that an attempt after an outage still finds the place of the first one.
	presignLife = 24 * time.Hour
	// presignMargin is kept for the upload itself.
	presignMargin = 15 * time.Minute
)

// Storage is where recordings wait.
type Storage interface {
	Fetch(ctx context.Context, name string) ([]byte, error)
}

// Org is the part of the EX org that recordings go to.
type Org interface {
	CurrentRecordingKey(ctx context.Context) (uploads.RecordingKey, error)
	CreateUpload(ctx context.Context, request uploads.UploadRequest) (uploads.UploadTarget, error)
	PutUpload(ctx context.Context, target uploads.UploadTarget, body io.Reader, size int64) error
}

// StepError says at which step an injection failed.
type StepError struct {
	Step Step
	Err  error
}

func (e *StepError) Error() string { return fmt.Sprintf("%s: %v", e.Step, e.Err) }

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// Injector injects recordings; it may be used from many goroutines.
type Injector struct {
	storage Storage
	org     Org
	now     func() time.Time

	mu      sync.Mutex
	key     envelope.Key
	fetched time.Time
}

// New returns an injector between a storage and an org.
func New(storage Storage, org Org, now func() time.Time) *Injector {
	return &Injector{storage: storage, org: org, now: now}
}

// Save keeps the task for the attempts to come.
type Save func(ctx context.Context, task Task) error

// Inject takes one segment through all steps. Where it is put is saved before it is put there. A
// failed step returns a *StepError.
func (i *Injector) Inject(ctx context.Context, task Task, save Save) (Receipt, error) {
	segment := task.Segment
	audio, err := i.storage.Fetch(ctx, segment.FileName)
	if err != nil {
		return Receipt{}, &StepError{StepFetch, err}
	}
	if err := inspect(audio); err != nil {
		return Receipt{}, &StepError{StepInspect, err}
	}
	key, err := i.currentKey(ctx)
	if err != nil {
		return Receipt{}, &StepError{StepKey, err}
	}
	archive, err := envelope.Seal(segment, audio, key)
	if err != nil {
		return Receipt{}, &StepError{StepSeal, err}
	}
	sum := sha256.Sum256(audio)
	receipt := Receipt{Segment: segment, KeyID: key.ID, Bytes: len(audio), SHA256: hex.EncodeToString(sum[:])}
	receipt.UploadKey, err = i.upload(ctx, task, archive, save)
	return receipt, err
}

// inspect lets only whole opus files through. A recorder may still be writing one that is not yet
// whole: it is worth another look.
func inspect(audio []byte) error {
	report, err := oggopus.Judge(bytes.NewReader(audio))
	switch {
	case err != nil:
		return err
	case report.Verdict == oggopus.Whole:
		return nil
	case report.Verdict == oggopus.NotYet:
		return fault.Newf(fault.Unavailable, "injector.inspect", "%s after %s of audio; it may still be written", report.Reason, report.Duration)
	}
	return fault.Newf(fault.Invalid, "injector.inspect", "not an Ogg Opus recording: %s", report.Reason)
}

func (i *Injector) upload(ctx context.Context, task Task, archive []byte, save Save) (string, error) {
	place, err := i.place(ctx, task, save)
	if err != nil {
		return "", &StepError{StepPresign, err}
	}
	target := uploads.UploadTarget{URL: place.URL, Key: place.Key, Headers: place.Headers}
	err = i.org.PutUpload(ctx, target, bytes.NewReader(archive), int64(len(archive)))
	if refused(err) {
		// The place is no good any more, for instance because it expired early: forget it.
		task.Upload = nil
		err = errors.Join(fault.Wrap(fault.Unavailable, "injector.upload", err), save(ctx, task))
	}
	if err != nil {
		return "", &StepError{StepUpload, err}
	}
	return place.Key, nil
}

// place returns where an earlier attempt was to put the recording, or asks the org for a place. No
// Content-MD5 goes with it: the ciphertext differs at every attempt, the place must not.
func (i *Injector) place(ctx context.Context, task Task, save Save) (Upload, error) {
	now := i.now()
	if task.Upload != nil && now.Before(task.Upload.Expires.Add(-presignMargin)) {
		return *task.Upload, nil
	}
	target, err := i.org.CreateUpload(ctx, uploads.UploadRequest{
		FileName: recording.ArchiveName(task.Segment.FileName), ContentType: archiveType, TimeoutSeconds: int(presignLife.Seconds()),
	})
	if err != nil {
		return Upload{}, err
	}
	task.Upload = &Upload{URL: target.URL, Key: target.Key, Headers: target.Headers, Expires: now.Add(presignLife)}
	return *task.Upload, save(ctx, task)
}

func refused(err error) bool {
	code := fault.CodeOf(err)
	return code == fault.Forbidden || code == fault.Unauthenticated
}

// currentKey returns the org's newest key. While the org cannot be asked, the last one stays in
// use: the org keeps the private keys of rotated ones.
func (i *Injector) currentKey(ctx context.Context) (envelope.Key, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.key.ID != "" && i.now().Sub(i.fetched) < keyLife {
		return i.key, nil
	}
	newest, err := i.org.CurrentRecordingKey(ctx)
	if err == nil {
		var key envelope.Key
		if key, err = envelope.ParseKey(newest.ID, newest.KeyData); err == nil {
			i.key, i.fetched = key, i.now()
			return key, nil
		}
	}
	if i.key.ID != "" && fault.Retryable(err) {
		return i.key, nil
	}
	return envelope.Key{}, err
}
