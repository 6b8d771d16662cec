package genesys

import (
	"context"
	"iter"

	"engage.connector/pkg/fault"
)

// RecordingKeys lists the organization's recording encryption keys. The newest is the current one.
func (c *Client) RecordingKeys(ctx context.Context) iter.Seq2[RecordingKey, error] {
	return pages[RecordingKey](ctx, c, request{route: routeRecordingKeys}, pageSizeLarge)
}

// CurrentRecordingKey is the newest key by creation date; fault.NotFound when there is none.
func (c *Client) CurrentRecordingKey(ctx context.Context) (RecordingKey, error) {
	var newest RecordingKey
	for key, err := range c.RecordingKeys(ctx) {
		if err != nil {
			return RecordingKey{}, err
		}
		if newest.ID == "" || key.CreateDate.After(newest.CreateDate) {
			newest = key
		}
	}
	if newest.ID == "" {
		return RecordingKey{}, fault.New(fault.NotFound, opName(routeRecordingKeys), "the organization has no recording encryption key").
			WithHint("create a recording encryption key in the organization")
	}
	return newest, nil
}

// CreateUpload asks for a presigned URL for one file. The file name is checked first.
func (c *Client) CreateUpload(ctx context.Context, r UploadRequest) (UploadTarget, error) {
	if err := ValidateUploadName(r.FileName); err != nil {
		return UploadTarget{}, err
	}
	var target UploadTarget
	return target, c.do(ctx, request{route: routeUpload, body: r, out: &target})
}

// CreateUploadReport asks for a report on what became of uploads; it is made in the background.
func (c *Client) CreateUploadReport(ctx context.Context, r UploadReportRequest) (UploadReport, error) {
	body := struct {
		DateSince string `json:"dateSince"`
		Status    string `json:"uploadStatus,omitempty"`
	}{FormatTime(r.Since), r.Status}
	var report UploadReport
	return report, c.do(ctx, request{route: routeCreateReport, body: body, out: &report})
}

// GetUploadReport reads the state of a report.
func (c *Client) GetUploadReport(ctx context.Context, id string) (UploadReport, error) {
	var report UploadReport
	return report, c.do(ctx, request{route: routeReport, args: []string{id}, out: &report})
}
