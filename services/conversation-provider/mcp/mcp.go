// Package mcp takes the metadata of recordings that media servers post.
package mcp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/recording"
	"engage.connector/pkg/store"
	"engage.connector/services/conversation-provider/model"
	"engage.connector/services/conversation-provider/segments"
)

// MaxBody bounds what is read of one request.
const MaxBody = 256 << 10

// codeNoCallUUID is the guide's code of "CallUUID not found".
const codeNoCallUUID = 40402

// Log is where metadata becomes durable; *store.Pipeline is one.
type Log interface {
	AppendOnce(ctx context.Context, a store.Append) (int, error)
}

// Handler writes what is posted into the calls log.
type Handler struct {
	calls Log
	log   *slog.Logger
	now   func() time.Time
}

// New returns a handler.
func New(calls Log, log *slog.Logger, now func() time.Time) *Handler {
	return &Handler{calls: calls, log: log.With("component", "mcp"), now: now}
}

// Patterns are both paths of the guide: MCP's option names the one, its health check the other.
func Patterns() []string { return []string{"POST /v1/recording", "POST /api/v1/recording"} }

// ServeHTTP answers 200 when the metadata is durable, 404 with code 40402 when it names no call,
// 400 when it cannot be used.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		host.WriteError(w, r, h.log, fault.Wrap(fault.CodeOf(err), "mcp.read", err))
		return
	}
	files, err := check(body)
	if err != nil {
		host.WriteError(w, r, h.log, err)
		return
	}
	if err := h.store(r.Context(), body, files); err != nil {
		host.WriteError(w, r, h.log, err)
		return
	}
	host.WriteJSON(w, http.StatusOK, host.Response{Status: host.ResponseStatus{
		Message: "OK", CorrID: host.CorrelationID(r.Context()),
	}})
}

// check reads the segments and refuses what could never be submitted.
func check(body []byte) ([]segments.File, error) {
	files, err := segments.Parse(body)
	if err != nil {
		return nil, err
	}
	unnamed := func(s segments.File) bool { return s.CallUUID == "" }
	if len(files) == 0 || slices.ContainsFunc(files, unnamed) {
		return nil, host.WithStatusCode(fault.New(fault.NotFound, "", "CallUUID not found"), codeNoCallUUID)
	}
	var faults []error
	for _, s := range files {
		if err := recording.CheckFileName(s.FileName); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return nil, fault.Wrap(fault.Invalid, "", errors.Join(faults...)).
			WithHint(fmt.Sprintf("the org accepts names of at most %d characters without path", recording.MaxFileName))
	}
	return files, nil
}

func (h *Handler) store(ctx context.Context, body []byte, files []segments.File) error {
	sum := sha256.New()
	for _, s := range files {
		sum.Write([]byte(s.CallUUID + "\x00" + s.FileName + "\x00"))
	}
	metadata := model.Metadata{CallUUID: files[0].CallUUID, At: h.now(), Body: string(body)}
	record, err := metadata.Record()
	if err != nil {
		return err
	}
	// MCP sends metadata once: it is answered when a crash of Redis cannot take it back.
	_, err = h.calls.AppendOnce(ctx, store.Append{Durable: true, Entries: []store.Entry{
		{Identity: "mcp:" + hex.EncodeToString(sum.Sum(nil)), Payload: record},
	}})
	return err
}
