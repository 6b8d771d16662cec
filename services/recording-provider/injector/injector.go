// Package injector takes one recording from the transient storage to the EX org: fetch, inspect,
// encrypt, pack, presign, upload (guide, "How recording injection works", steps 6 to 10).
package injector

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // Content-MD5 is what the upload API asks for; it protects nothing
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/services/recording-provider/envelope"
	"engage.connector/services/recording-provider/oggopus"
	"engage.connector/services/recording-provider/recording"
)

// keyLife is how long a key is used before the org is asked for a newer one; keys rotate daily at
// the most.
const keyLife = time.Hour

const (
	archiveType    = "application/zip"
	presignSeconds = 600
)

// Storage is where recordings wait.
type Storage interface {
	Fetch(ctx context.Context, name string) ([]byte, error)
}

// Org is the part of the EX org that recordings go to.
type Org interface {
	CurrentRecordingKey(ctx context.Context) (genesys.RecordingKey, error)
	CreateUpload(ctx context.Context, request genesys.UploadRequest) (genesys.UploadTarget, error)
	PutUpload(ctx context.Context, target genesys.UploadTarget, body io.Reader, size int64) error
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

// Inject takes one segment through all steps. A failed one returns a *StepError.
func (i *Injector) Inject(ctx context.Context, segment recording.Segment) (recording.Receipt, error) {
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
	receipt.UploadKey, err = i.upload(ctx, segment.FileName, archive)
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

func (i *Injector) upload(ctx context.Context, name string, archive []byte) (string, error) {
	sum := md5.Sum(archive) //nolint:gosec // see the import
	target, err := i.org.CreateUpload(ctx, genesys.UploadRequest{
		FileName: archiveName(name), ContentMD5: base64.StdEncoding.EncodeToString(sum[:]),
		ContentType: archiveType, TimeoutSeconds: presignSeconds,
	})
	if err != nil {
		return "", &StepError{recording.StepPresign, err}
	}
	if err := i.org.PutUpload(ctx, target, bytes.NewReader(archive), int64(len(archive))); err != nil {
		return "", &StepError{recording.StepUpload, presignMayHaveExpired(err)}
	}
	return target.Key, nil
}

// presignMayHaveExpired turns a refused PUT into something to retry: the next attempt asks for a
// fresh URL.
func presignMayHaveExpired(err error) error {
	if code := fault.CodeOf(err); code == fault.Forbidden || code == fault.Unauthenticated {
		return fault.Wrap(fault.Unavailable, "injector.upload", err)
	}
	return err
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
