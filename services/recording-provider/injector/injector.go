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
	"engage.connector/pkg/genesys/recordings"
	"engage.connector/services/recording-provider/envelope"
	"engage.connector/services/recording-provider/oggopus"
	"engage.connector/services/recording-provider/recording"
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
	CurrentRecordingKey(ctx context.Context) (recordings.RecordingKey, error)
	CreateUpload(ctx context.Context, request recordings.UploadRequest) (recordings.UploadTarget, error)
	PutUpload(ctx context.Context, target recordings.UploadTarget, body io.Reader, size int64) error
}

// StepError says at which step an injection failed.
type StepError struct {
	Step recording.Step
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
type Save func(ctx context.Context, task recording.Task) error

// Inject takes one segment through all steps. Where it is put is saved before it is put there. A
// failed step returns a *StepError.
func (i *Injector) Inject(ctx context.Context, task recording.Task, save Save) (recording.Receipt, error) {
	segment := task.Segment
	audio, err := i.storage.Fetch(ctx, segment.FileName)
	if err != nil {
		return recording.Receipt{}, &StepError{recording.StepFetch, err}
	}
	if err := inspect(audio); err != nil {
		return recording.Receipt{}, &StepError{recording.StepInspect, err}
	}
	key, err := i.currentKey(ctx)
	if err != nil {
		return recording.Receipt{}, &StepError{recording.StepKey, err}
	}
	archive, err := envelope.Seal(envelope.Recording{
		FileName: segment.FileName, ConversationID: segment.ConversationID, CommunicationID: segment.CommunicationID,
		UserID: segment.UserID, CallUUID: segment.CallUUID, Start: segment.Start, End: segment.End,
		ProgramID: segment.ProgramID, Language: segment.Language,
	}, audio, key)
	if err != nil {
		return recording.Receipt{}, &StepError{recording.StepSeal, err}
	}
	sum := sha256.Sum256(audio)
	receipt := recording.Receipt{Segment: segment, KeyID: key.ID, Bytes: len(audio), SHA256: hex.EncodeToString(sum[:])}
	receipt.UploadKey, err = i.upload(ctx, task, archive, save)
	return receipt, err
}

// inspect lets only whole opus files through; a cut-off one is refused with what it has.
func inspect(audio []byte) error {
	info, err := oggopus.Inspect(audio)
	if err != nil {
		return err
	}
	if !info.Whole {
		// The recorder may still be writing: worth another look.
		return fault.Newf(fault.Unavailable, "injector.inspect", "the file has no last page after %s; it may still be written", info.Duration)
	}
	return nil
}

func (i *Injector) upload(ctx context.Context, task recording.Task, archive []byte, save Save) (string, error) {
	place, err := i.place(ctx, task, save)
	if err != nil {
		return "", &StepError{recording.StepPresign, err}
	}
	target := recordings.UploadTarget{URL: place.URL, Key: place.Key, Headers: place.Headers}
	err = i.org.PutUpload(ctx, target, bytes.NewReader(archive), int64(len(archive)))
	if refused(err) {
		// The place is no good any more, for instance because it expired early: forget it.
		task.Upload = nil
		err = errors.Join(fault.Wrap(fault.Unavailable, "injector.upload", err), save(ctx, task))
	}
	if err != nil {
		return "", &StepError{recording.StepUpload, err}
	}
	return place.Key, nil
}

// place returns where an earlier attempt was to put the recording, or asks the org for a place. No
// Content-MD5 goes with it: the ciphertext differs at every attempt, the place must not.
func (i *Injector) place(ctx context.Context, task recording.Task, save Save) (recording.Upload, error) {
	now := i.now()
	if task.Upload != nil && now.Before(task.Upload.Expires.Add(-presignMargin)) {
		return *task.Upload, nil
	}
	target, err := i.org.CreateUpload(ctx, recordings.UploadRequest{
		FileName: archiveName(task.Segment.FileName), ContentType: archiveType, TimeoutSeconds: int(presignLife.Seconds()),
	})
	if err != nil {
		return recording.Upload{}, err
	}
	task.Upload = &recording.Upload{URL: target.URL, Key: target.Key, Headers: target.Headers, Expires: now.Add(presignLife)}
	return *task.Upload, save(ctx, task)
}

func refused(err error) bool {
	code := fault.CodeOf(err)
	return code == fault.Forbidden || code == fault.Unauthenticated
}

// archiveName keeps within the org's limit: ".zip" takes the place of ".opus".
func archiveName(name string) string {
	return name[:len(name)-len(".opus")] + ".zip"
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
