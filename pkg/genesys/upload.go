package genesys

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"engage.connector/pkg/fault"
)

const opPutFile = "genesys: PUT upload"

// Presigned is where and how to put a file. The URL is a credential: do not log it.
type Presigned struct {
	URL     string
	Headers map[string]string // to be sent exactly
}

// PutFile streams a file of the given size (bytes) to its presigned URL: with the headers that
// came with it and no others, in particular without the token. It does not repeat, since
// the body can be read only once, and does not count against the request budget. fault.Forbidden
// mostly means that the URL has run out: create the upload again. The body is not read any more
// once PutFile has returned, which waits for a Read under way: let the context end that too.
func (c *Client) PutFile(ctx context.Context, target Presigned, body io.Reader, size int64) error {
	if size <= 0 {
		return fault.New(fault.Invalid, opPutFile, "the file is empty or its size unknown")
	}
	bounded, cancel := context.WithTimeout(ctx, c.uploadTimeout)
	defer cancel()
	guarded := &guardedReader{from: body}
	defer guarded.stop()
	req, err := uploadRequest(bounded, target, guarded, size)
	if err != nil {
		return err
	}
	out, err := c.putUpload(req)
	if err != nil && ctx.Err() != nil {
		out, err = outcomeCanceled, fault.Wrap(fault.CodeOf(ctx.Err()), opPutFile, ctx.Err())
	}
	c.metrics.uploads.WithLabelValues(string(out)).Inc()
	if err != nil {
		c.log.LogAttrs(ctx, slog.LevelWarn, "upload failed", slog.String("outcome", string(out)), slog.Int64("size", size), slog.Any("error", err))
		return err
	}
	c.metrics.uploadedSize.Add(float64(size))
	return nil
}

// uploadRequest makes the request. Presigned URLs are secrets: no error repeats them.
func uploadRequest(ctx context.Context, target Presigned, body io.Reader, size int64) (*http.Request, error) {
	u, err := url.Parse(target.URL)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return nil, fault.New(fault.Invalid, opPutFile, "the upload URL is no http(s) URL")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, target.URL, body)
	if err != nil {
		return nil, fault.New(fault.Invalid, opPutFile, "the upload URL cannot be used")
	}
	req.ContentLength = size
	// net/http would add these two on its own.
	req.Header.Set("User-Agent", "")
	req.Header.Set("Accept-Encoding", "identity")
	for name, value := range target.Headers {
		switch {
		case strings.EqualFold(name, "Host"):
			req.Host = value
		case strings.EqualFold(name, "Content-Length"): // is sent as ContentLength
		default:
			req.Header.Set(name, value)
		}
	}
	return req, nil
}

// putUpload sends the file and classifies the answer.
func (c *Client) putUpload(req *http.Request) (outcome, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		out := transportOutcome(err)
		return out, fault.Wrap(codes[out], opPutFile, withoutURL(err))
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read from
	out := outcomeOf(resp.StatusCode)
	if out == outcomeSuccess {
		return out, nil
	}
	answer, err := readLimited(resp.Body, maxErrorBody)
	if err != nil {
		answer = nil // the status says enough
	}
	api := &APIError{Method: http.MethodPut, Route: "upload", Status: resp.StatusCode, Code: storageCode(answer), Message: http.StatusText(resp.StatusCode)}
	e := fault.Wrap(api.faultCode(), opPutFile, api).WithRetryIn(retryAfter(resp.Header, c.now()))
	if resp.StatusCode == http.StatusForbidden {
		e = e.WithHint("the presigned URL may have run out: create the upload again")
	}
	return out, e
}

// storageCode takes the error code, and only that, from the storage's XML: the rest of it repeats
// the signature.
func storageCode(body []byte) string {
	var answer struct {
		XMLName xml.Name `xml:"Error"`
		Code    string   `xml:"Code"`
	}
	if xml.Unmarshal(body, &answer) != nil {
		return ""
	}
	return clip(answer.Code)
}

// guardedReader lets the transport read until stop: a server may answer before the body is read,
// and the transport then goes on reading for a while.
type guardedReader struct {
	mu   sync.Mutex
	from io.Reader
}

var errStopped = errors.New("the upload has ended")

func (g *guardedReader) Read(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.from == nil {
		return 0, errStopped
	}
	return g.from.Read(p)
}

func (g *guardedReader) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.from = nil
}
