package org

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // Content-MD5 is what S3 checks
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"engage.connector/services/lab/org/upload"
)

// maxUpload bounds a PUT to the sink.
const maxUpload = upload.MaxAudio + 1<<20

// signedURL signs a URL for one method, until a time, with headers the request has to carry.
func (o *Org) signedURL(r *http.Request, method, path string, expires time.Time, headers map[string]string) string {
	at := strconv.FormatInt(expires.Unix(), 10)
	names := signedHeaders(headers)
	query := url.Values{
		"X-Lab-Expires": {at}, "X-Lab-SignedHeaders": {names}, "X-Lab-Signature": {o.signature(method, path, at, names, headers)},
	}
	return o.baseURL(r) + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
}

func signedHeaders(headers map[string]string) string {
	names := slices.Sorted(maps.Keys(headers))
	return strings.ToLower(strings.Join(names, ";"))
}

// signature is the HMAC over everything a presigned URL promises.
func (o *Org) signature(method, path, expires, names string, headers map[string]string) string {
	mac := hmac.New(sha256.New, o.sign)
	_, _ = fmt.Fprintf(mac, "%s\n%s\n%s\n%s\n", method, path, expires, names)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		_, _ = fmt.Fprintf(mac, "%s:%s\n", strings.ToLower(name), headers[name])
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// storageError is what an S3-like store answers.
type storageError struct {
	XMLName xml.Name `xml:"Error"`
	Code    string   `xml:"Code"`
	Message string   `xml:"Message"`
	status  int
}

func refused(status int, code, message string) *storageError {
	return &storageError{Code: code, Message: message, status: status}
}

// checkSignature verifies a presigned request.
func (o *Org) checkSignature(r *http.Request, headers map[string]string) *storageError {
	query := r.URL.Query()
	expires, names := query.Get("X-Lab-Expires"), query.Get("X-Lab-SignedHeaders")
	wanted := o.signature(r.Method, r.URL.Path, expires, names, headers)
	if !hmac.Equal([]byte(wanted), []byte(query.Get("X-Lab-Signature"))) || names != signedHeaders(headers) {
		return refused(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature does not match.")
	}
	at, err := strconv.ParseInt(expires, 10, 64)
	if err != nil || !o.opts.Now().Before(time.Unix(at, 0)) {
		return refused(http.StatusForbidden, "AccessDenied", "Request has expired")
	}
	if r.Header.Get("Authorization") != "" {
		return refused(http.StatusBadRequest, "InvalidArgument", "Only one auth mechanism allowed")
	}
	for name, value := range headers {
		if r.Header.Get(name) != value {
			return refused(http.StatusForbidden, "SignatureDoesNotMatch", "The header "+name+" is not the signed one.")
		}
	}
	return nil
}

// serveUpload is the PUT to a presigned URL.
func (o *Org) serveUpload(w http.ResponseWriter, r *http.Request) {
	status := http.StatusOK
	if failure := o.upload(w, r); failure != nil {
		status = failure.status
		writeStorageError(w, failure)
	} else {
		w.WriteHeader(status)
	}
	o.count("PUT /uploads/recordings", status)
}

func (o *Org) upload(w http.ResponseWriter, r *http.Request) *storageError {
	if every(&o.faults.uploads, o.Knobs().UploadFailEvery) {
		return refused(http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
	}
	key := r.PathValue("key")
	o.mu.Lock()
	signed := o.uploads.presigned.Get(key)
	o.mu.Unlock()
	if signed == nil {
		return refused(http.StatusForbidden, "AccessDenied", "Access Denied")
	}
	if failure := o.checkSignature(r, signed.headers); failure != nil {
		return failure
	}
	if r.ContentLength < 0 {
		return refused(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return refused(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
	case err != nil:
		return refused(http.StatusBadRequest, "IncompleteBody", "The body was not complete.")
	}
	if sum := md5.Sum(body); signed.headers["Content-MD5"] != "" && //nolint:gosec // see the import
		base64.StdEncoding.EncodeToString(sum[:]) != signed.headers["Content-MD5"] {
		return refused(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.")
	}
	etag := sha256.Sum256(body)
	w.Header().Set("ETag", `"`+hex.EncodeToString(etag[:16])+`"`)
	o.receive(key, signed.fileName, body)
	return nil
}

// receive looks into an uploaded file. The same key again replaces what was there, as in the store.
func (o *Org) receive(key, fileName string, body []byte) {
	content, problem := upload.Inspect(body, o.keys.find)
	rec := &Recording{
		UploadKey: key, FileName: fileName, ConversationID: content.Metadata.ConversationID,
		CommunicationID: content.Metadata.CommunicationID, UserID: content.Metadata.UserID,
		CallUUID: content.Metadata.CallUUID, KeyID: content.Metadata.KeyID,
		Start: content.Start, End: content.End, AudioSHA256: content.SHA256, AudioBytes: content.Size,
		AudioName: content.Metadata.FileName, Channels: content.Channels, ZIPBytes: len(body), UploadedAt: o.opts.Now(), metadata: content.Metadata,
	}
	if sa := content.Metadata.SpeechAnalytics; sa != nil {
		rec.ProgramID, rec.Language = sa.ProgramID, sa.Language
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if old := o.uploads.recordings.Get(key); old != nil {
		o.uploads.unwait(old.ConversationID, key)
	}
	o.uploads.recordings.Put(key, rec)
	if problem != nil {
		rec.State, rec.Reason, rec.Detail = upload.Failure, string(problem.Reason), problem.Detail
	} else {
		o.settle(rec)
	}
	o.changed()
	o.opts.Logger.Debug("recording received", "file", fileName, "state", rec.State, "reason", rec.Reason)
}

// serveReport is the download of a finished upload report.
func (o *Org) serveReport(w http.ResponseWriter, r *http.Request) {
	if failure := o.checkSignature(r, nil); failure != nil {
		writeStorageError(w, failure)
		return
	}
	o.mu.Lock()
	report := o.uploads.reports.Get(r.PathValue("id"))
	var content upload.Report
	if report != nil {
		content = o.reportContent(report)
	}
	o.mu.Unlock()
	if report == nil {
		writeStorageError(w, refused(http.StatusNotFound, "NoSuchKey", "The specified key does not exist."))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(content); err != nil {
		o.opts.Logger.Debug("report not delivered", "error", err)
	}
}

func writeStorageError(w http.ResponseWriter, failure *storageError) {
	body, err := xml.Marshal(failure)
	if err != nil {
		body = nil
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(failure.status)
	_, _ = w.Write(body) //nolint:gosec // XML by its content type; nobody is left to tell of an error
}
