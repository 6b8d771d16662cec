// Package webdav fetches recordings from the transient storage. Reading from a WebDAV server is a
// plain GET (RFC 4918 section 9.4), so the standard library's client does it, with a context.
package webdav

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"engage.connector/pkg/fault"
)

// fetchLimit bounds one download.
const fetchLimit = 5 * time.Minute

// Options of a Storage.
type Options struct {
	URL      string // folder of the recordings
	Username string
	Password string
	MaxBytes int64
	// Fetched is told how each download went; nil: nobody wants to know.
	Fetched func(error)
	// HTTP must not follow redirects: the credentials are for this server alone.
	HTTP *http.Client
}

// Storage is the folder of the recordings on a WebDAV server.
type Storage struct {
	opts   Options
	folder *url.URL
}

// New checks the URL. It returns an error with code Invalid that does not repeat credentials.
func New(opts Options) (*Storage, error) {
	text := opts.URL
	if !strings.Contains(text, "://") {
		text = "http://" + text // the guide writes <host>:<port>/recordings
	}
	folder, err := url.Parse(text)
	if err != nil || folder.Host == "" || folder.Scheme != "http" && folder.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "webdav", "recording-uploader.exec.transientStorage/url is no http or https URL")
	}
	if folder.User != nil {
		return nil, fault.New(fault.Invalid, "webdav", "recording-uploader.exec.transientStorage/url carries credentials; use the options username and password")
	}
	if opts.HTTP == nil {
		opts.HTTP = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Storage{opts: opts, folder: folder}, nil
}

// Fetch reads a whole file. The name must have been checked. Errors: NotFound while the file is not
// there, Unauthenticated or Forbidden, TooLarge above MaxBytes, Unavailable for everything that may pass.
func (s *Storage) Fetch(ctx context.Context, name string) ([]byte, error) {
	content, err := s.fetch(ctx, name)
	if s.opts.Fetched != nil && ctx.Err() == nil {
		s.opts.Fetched(err)
	}
	return content, err
}

func (s *Storage) fetch(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	response, err := s.do(ctx, http.MethodGet, s.folder.JoinPath(name).String())
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, s.refused(name, response)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, s.opts.MaxBytes+1))
	switch {
	case err != nil:
		return nil, fault.Wrap(fault.Unavailable, "webdav.fetch", fmt.Errorf("read %s: %w", name, err))
	case int64(len(content)) > s.opts.MaxBytes:
		return nil, fault.Newf(fault.TooLarge, "webdav.fetch", "%s has more than %d bytes", name, s.opts.MaxBytes).
			WithHint("raise RECORDING_MAX_BYTES if recordings of this length are expected")
	}
	return content, nil
}

// Check asks whether the folder can be reached with the credentials.
func (s *Storage) Check(ctx context.Context) error {
	response, err := s.do(ctx, http.MethodOptions, s.folder.String())
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if code := response.StatusCode; code == http.StatusUnauthorized || code == http.StatusForbidden || code >= 500 {
		return s.refused("", response)
	}
	return nil
}

func (s *Storage) do(ctx context.Context, method, target string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, target, http.NoBody)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "webdav", err)
	}
	request.SetBasicAuth(s.opts.Username, s.opts.Password)
	response, err := s.opts.HTTP.Do(request)
	if err != nil {
		code := fault.Unavailable
		if errors.Is(err, context.Canceled) {
			code = fault.Canceled
		}
		return nil, fault.Wrap(code, "webdav", err)
	}
	return response, nil
}

func (s *Storage) refused(name string, response *http.Response) error {
	code := fault.FromHTTPStatus(response.StatusCode)
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		return fault.Newf(fault.Invalid, "webdav", "the server redirects (%s); set transientStorage/url to the final address", response.Status)
	}
	return fault.Newf(code, "webdav", "%s answered %s for %q", s.folder.Host, response.Status, name)
}
