package org

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"engage.connector/services/lab/org/conversation"
	"engage.connector/services/lab/org/recent"
	"engage.connector/services/lab/org/upload"
)

// uploadState is what the organization knows of recordings.
type uploadState struct {
	recordings *recent.List[Recording]        // by upload key, from the PUT on
	presigned  *recent.List[presigned]        // by upload key, from the presign on
	waiting    map[string]map[string]struct{} // conversation id -> upload keys
	reports    *recent.List[uploadReport]
}

type presigned struct {
	fileName string
	headers  map[string]string
}

type uploadReport struct {
	id     string
	made   time.Time
	since  time.Time
	status upload.State
}

const maxReports = 1000

func newUploadState(size int) *uploadState {
	s := &uploadState{
		presigned: recent.New[presigned](size, nil), waiting: make(map[string]map[string]struct{}),
		reports: recent.New[uploadReport](maxReports, nil),
	}
	s.recordings = recent.New(size, func(key string, r *Recording) { s.unwait(r.ConversationID, key) })
	return s
}

func (s *uploadState) wait(conversationID, key string) {
	if s.waiting[conversationID] == nil {
		s.waiting[conversationID] = make(map[string]struct{})
	}
	s.waiting[conversationID][key] = struct{}{}
}

func (s *uploadState) unwait(conversationID, key string) {
	delete(s.waiting[conversationID], key)
	if len(s.waiting[conversationID]) == 0 {
		delete(s.waiting, conversationID)
	}
}

type uploadRequest struct {
	FileName    string `json:"fileName"`
	ContentMD5  string `json:"contentMd5"`
	Timeout     *int   `json:"signedUrlTimeoutSeconds"`
	ContentType string `json:"contentType"`
	Encryption  string `json:"serverSideEncryption"`
}

// Bounds of a presigned URL's life in seconds (API definition).
const (
	minSigned, maxSigned, defaultSigned = 1, 604_800, 600
)

// check applies the rules of UploadUrlRequest.
func (in uploadRequest) check() *fault {
	if flt := checkFileName(in.FileName); flt != nil {
		return flt
	}
	if in.Timeout != nil && (*in.Timeout < minSigned || *in.Timeout > maxSigned) {
		return constraint("signedUrlTimeoutSeconds must be from %d to %d", minSigned, maxSigned).field("signedUrlTimeoutSeconds")
	}
	if in.Encryption != "" && in.Encryption != "AES256" {
		return fail(codeInvalidValue, clip(in.Encryption), "serverSideEncryption", "AES256").field("serverSideEncryption")
	}
	if in.ContentMD5 != "" {
		if sum, err := base64.StdEncoding.DecodeString(in.ContentMD5); err != nil || len(sum) != 16 {
			return constraint("contentMd5 must be the base64 of an MD5").field("contentMd5")
		}
	}
	return nil
}

// checkFileName applies the documented rules, and the guide's 80 characters.
func checkFileName(name string) *fault {
	base := name[strings.LastIndex(name, "/")+1:]
	switch {
	case strings.HasPrefix(name, "."), strings.HasSuffix(name, "/"):
		return constraint("fileName must not start with a dot and not end with a forward slash").field("fileName")
	case strings.ContainsFunc(name, unicode.IsSpace), strings.ContainsAny(name, "\\{^}%`]\">[~<#|"):
		return constraint("fileName has whitespace or one of the characters \\{^}%%`]\">[~<#|").field("fileName")
	case len([]rune(base)) > upload.MaxFileName:
		return constraint("fileName has more than %d characters", upload.MaxFileName).field("fileName")
	}
	return nil
}

// presign answers where, and with which headers, a file is to be PUT.
func (o *Org) presign(c *call) (*reply, *fault) {
	in, flt := decode[uploadRequest](c.body, "UploadUrlRequest")
	if flt == nil {
		flt = in.check()
	}
	if flt != nil {
		return nil, flt
	}
	key := o.id + "/" + o.newID()
	if in.FileName != "" {
		key += "/" + in.FileName
	}
	headers := map[string]string{"x-amz-tagging": "organizationId=" + o.id}
	for name, value := range map[string]string{
		"Content-MD5": in.ContentMD5, "Content-Type": in.ContentType, "x-amz-server-side-encryption": in.Encryption,
	} {
		if value != "" {
			headers[name] = value
		}
	}
	life := defaultSigned
	if in.Timeout != nil {
		life = *in.Timeout
	}
	expires := c.now.Add(time.Duration(life) * time.Second)
	o.uploads.presigned.Put(key, &presigned{fileName: in.FileName, headers: headers})
	return ok(map[string]any{
		"url": o.signedURL(c.r, http.MethodPut, "/uploads/recordings/"+key, expires, headers), "uploadKey": key, "headers": headers,
	})
}

// settleUploads decides the uploads that waited for a conversation. The caller holds mu.
func (o *Org) settleUploads(conversationID string) {
	for key := range o.uploads.waiting[conversationID] {
		if r := o.uploads.recordings.Get(key); r != nil {
			o.settle(r)
		}
	}
}

// settle decides one sound upload. The caller holds mu.
func (o *Org) settle(r *Recording) {
	place := upload.Place{
		HasProgram: func(id string) bool { return o.sta.program(id) != nil },
		HasDialect: func(name string) bool { return slices.Contains(o.opts.Dialects, name) },
	}
	if conv, found := o.book.Get(r.ConversationID); found {
		place.Conversation = &conv
	}
	state, problem := upload.Settle(r.metadata, place)
	r.State, r.Reason, r.Detail = state, "", ""
	if problem != nil {
		r.Reason, r.Detail = string(problem.Reason), problem.Detail
	}
	if state == upload.WaitForConversation {
		o.uploads.wait(r.ConversationID, r.UploadKey)
	} else {
		o.uploads.unwait(r.ConversationID, r.UploadKey)
	}
	o.uploads.recordings.Touch(r.UploadKey)
}

// shown is the state of a recording as reads show it: Pending for as long as the knob says.
func (o *Org) shown(r *Recording) Recording {
	out := *r
	delay := time.Duration(o.Knobs().UploadDelayMS) * time.Millisecond
	if o.opts.Now().Before(r.UploadedAt.Add(delay)) {
		out.State, out.Reason, out.Detail = upload.Pending, "", ""
	}
	return out
}

// Reports.

type reportRequest struct {
	DateSince string `json:"dateSince"`
	Status    string `json:"uploadStatus"`
}

type reportView struct {
	ID        string `json:"id"`
	State     string `json:"state"`
	SignedURL string `json:"signedUrl,omitempty"`
	SelfURI   string `json:"selfUri"`
}

func (o *Org) createReport(c *call) (*reply, *fault) {
	in, flt := decode[reportRequest](c.body, "RecordingUploadReportRequest")
	if flt != nil {
		return nil, flt
	}
	since, err := conversation.ParseTime(in.DateSince)
	if err != nil {
		return nil, fail(codeInvalidDate).field("dateSince")
	}
	if in.Status != "" && !slices.Contains(upload.States(), upload.State(in.Status)) {
		return nil, fail(codeInvalidValue, clip(in.Status), "uploadStatus", "Pending, Success, Failure, WaitForConversation").
			field("uploadStatus")
	}
	r := &uploadReport{id: o.newID(), made: c.now, since: since, status: upload.State(in.Status)}
	o.uploads.reports.Put(r.id, r)
	return &reply{status: http.StatusAccepted, body: reportView{
		ID: r.id, State: "InProgress", SelfURI: "/api/v2/recording/uploads/reports/" + r.id,
	}}, nil
}

// getReport answers a report, which is finished at once unless the knob says otherwise.
func (o *Org) getReport(c *call) (*reply, *fault) {
	id := c.r.PathValue("reportId")
	r := o.uploads.reports.Get(id)
	if r == nil {
		return nil, fail(codeNotFound).entity(clip(id))
	}
	if delay := time.Duration(o.Knobs().ReportDelayMS) * time.Millisecond; c.now.Before(r.made.Add(delay)) {
		return ok(reportView{ID: r.id, State: "InProgress", SelfURI: "/api/v2/recording/uploads/reports/" + r.id})
	}
	expires := c.now.Add(defaultSigned * time.Second)
	return ok(reportView{
		ID: r.id, State: "Completed", SelfURI: "/api/v2/recording/uploads/reports/" + r.id,
		SignedURL: o.signedURL(c.r, http.MethodGet, "/uploads/reports/"+r.id, expires, nil),
	})
}

// reportContent collects what a report tells. The caller holds mu.
func (o *Org) reportContent(r *uploadReport) upload.Report {
	out := upload.Report{ID: r.id, DateSince: r.since, Uploads: []upload.ReportLine{}}
	o.uploads.recordings.Since(0, 0, func(stored *Recording) {
		rec := o.shown(stored)
		if rec.UploadedAt.Before(r.since) || r.status != "" && rec.State != r.status {
			return
		}
		out.Uploads = append(out.Uploads, upload.ReportLine{
			UploadKey: rec.UploadKey, FileName: rec.FileName, Status: rec.State, Reason: rec.Reason, Date: rec.UploadedAt,
		})
	})
	return out
}

// baseURL is where clients reach this organization.
func (o *Org) baseURL(r *http.Request) string {
	if o.opts.PublicURL != "" {
		return strings.TrimSuffix(o.opts.PublicURL, "/")
	}
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: r.Host}).String()
}
