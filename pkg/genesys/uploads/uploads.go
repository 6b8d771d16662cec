// Package uploads is the part of the API about recordings: encryption keys, uploads and their reports.
package uploads

import (
	"context"
	"io"
	"iter"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
)

// API is the area as one client reaches it; it is safe for concurrent use.
type API struct{ client *genesys.Client }

// New returns the area of a client.
func New(client *genesys.Client) *API {
	client.Declare(Operations()...)
	return &API{client}
}

// RecordingKeys lists the organization's recording encryption keys. The newest is the current one.
func (a *API) RecordingKeys(ctx context.Context) iter.Seq2[RecordingKey, error] {
	return genesys.Pages[RecordingKey](ctx, a.client, genesys.Request{Operation: listKeys}, genesys.LargePage)
}

// CurrentRecordingKey is the newest key by creation date; fault.NotFound when there is none.
func (a *API) CurrentRecordingKey(ctx context.Context) (RecordingKey, error) {
	var newest RecordingKey
	for key, err := range a.RecordingKeys(ctx) {
		if err != nil {
			return RecordingKey{}, err
		}
		if newest.ID == "" || key.CreateDate.After(newest.CreateDate) {
			newest = key
		}
	}
	if newest.ID == "" {
		return RecordingKey{}, fault.New(fault.NotFound, listKeys.Op(), "the organization has no recording encryption key").
			WithHint("create a recording encryption key in the organization")
	}
	return newest, nil
}

// CreateUpload asks for a presigned URL for one file.
func (a *API) CreateUpload(ctx context.Context, r UploadRequest) (UploadTarget, error) {
	var target UploadTarget
	return target, a.client.Do(ctx, genesys.Request{Operation: createUpload, Body: r, Out: &target})
}

// CreateUploadReport asks for a report on what became of uploads; it is made in the background.
func (a *API) CreateUploadReport(ctx context.Context, r UploadReportRequest) (UploadReport, error) {
	body := struct {
		DateSince string `json:"dateSince"`
		Status    string `json:"uploadStatus,omitempty"`
	}{genesys.FormatTime(r.Since), r.Status}
	var report UploadReport
	return report, a.client.Do(ctx, genesys.Request{Operation: createReport, Body: body, Out: &report})
}

// GetUploadReport reads the state of a report.
func (a *API) GetUploadReport(ctx context.Context, id string) (UploadReport, error) {
	var report UploadReport
	return report, a.client.Do(ctx, genesys.Request{Operation: getReport, Args: []string{id}, Out: &report})
}

// PutUpload streams a file of the given size (bytes) to the place that CreateUpload returned; see
// genesys.Client.PutFile. It does not count against the request budget and does not repeat.
func (a *API) PutUpload(ctx context.Context, target UploadTarget, body io.Reader, size int64) error {
	return a.client.PutFile(ctx, genesys.Presigned{URL: target.URL, Headers: target.Headers}, body, size)
}
