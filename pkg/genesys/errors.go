package genesys

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"engage.connector/pkg/fault"
)

// APIError is an answer of the server that refuses the request (models ErrorBody and ScimError).
type APIError struct {
	Method     string
	Route      string // the path's template, without ids
	Status     int    // HTTP status
	Code       string // e.g. "missing.permissions"; "" when the body had none
	Message    string
	ContextID  string // correlation id: what the vendor's support asks for
	EntityID   string
	EntityName string
	Details    []ErrorDetail
	SCIMType   string // e.g. "uniqueness"
	Limit      *ErrorLimit
	RetryAfter time.Duration
	// Own tells that the body is the API's own error model. A proxy's page, or JSON of another form,
	// is not the API's word.
	Own bool
}

// OwnAnswer tells whether the API itself has spoken.
func (e *APIError) OwnAnswer() bool { return e.Own }

// ErrorDetail names a field that is at fault.
type ErrorDetail struct {
	ErrorCode  string `json:"errorCode"`
	FieldName  string `json:"fieldName"`
	EntityID   string `json:"entityId"`
	EntityName string `json:"entityName"`
}

// ErrorLimit is the limit of the organization that was hit.
type ErrorLimit struct {
	Key       string `json:"key"`
	Namespace string `json:"namespace"`
	Value     int64  `json:"value"`
}

// Error tells status, code, message, fields and correlation id.
func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP %d", e.Status)
	for _, part := range []string{e.Code, e.SCIMType, e.Message} {
		if part != "" {
			b.WriteString(" " + part)
		}
	}
	for _, d := range e.Details {
		fmt.Fprintf(&b, " [%s %s]", d.FieldName, d.ErrorCode)
	}
	if e.Limit != nil {
		fmt.Fprintf(&b, " (limit %s/%s = %d)", e.Limit.Namespace, e.Limit.Key, e.Limit.Value)
	}
	if e.ContextID != "" {
		b.WriteString(" (correlation id " + e.ContextID + ")")
	}
	return b.String()
}

// versionConflict reports that the object changed since it was read. SCIM answers 400 invalidVers
// or 409, the rest of the API 409 or a 400 with the text below.
func (e *APIError) versionConflict() bool {
	switch {
	case e.SCIMType == "invalidVers", e.Status == http.StatusPreconditionFailed:
		return true
	case strings.Contains(e.Message, "does not match the current version"):
		return true
	}
	updates := e.Method == http.MethodPatch || e.Method == http.MethodPut
	return updates && e.Status == http.StatusConflict && e.SCIMType != "uniqueness"
}

// conflictCodes are the API's and SCIM's codes for "exists already" and "changed meanwhile" that
// come with status 400.
var conflictCodes = map[string]bool{
	"general.conflict": true, "duplicate.name": true, "request.conflict": true, "conflict": true,
	"uniqueness": true, "invalidVers": true,
}

// faultCode classifies the answer.
func (e *APIError) faultCode() fault.Code {
	switch {
	case conflictCodes[e.Code], conflictCodes[e.SCIMType], e.versionConflict():
		return fault.Conflict
	case e.Status == http.StatusInternalServerError:
		return fault.Unavailable // the other side's trouble, not a defect of ours
	case e.Status > http.StatusInternalServerError && e.Status != http.StatusNotImplemented && e.Status != http.StatusGatewayTimeout:
		return fault.Unavailable
	}
	return fault.FromHTTPStatus(e.Status)
}

// hint advises the operator.
func (e *APIError) hint(op Operation) string {
	switch e.Status {
	case http.StatusUnauthorized:
		return "check the OAuth client's id and secret"
	case http.StatusForbidden:
		if op.Permission != "" {
			return "the OAuth client's role needs the permission " + op.Permission
		}
	case http.StatusTooManyRequests:
		return "too many requests for this OAuth client: give each component its own, or ask for a higher limit"
	}
	return ""
}

// IsDuplicate reports that a create was refused because an object of that name exists.
func IsDuplicate(err error) bool {
	api := apiErrorOf(err)
	return api != nil && fault.CodeOf(err) == fault.Conflict && !api.versionConflict()
}

// IsVersionConflict reports that the object has changed since it was read: read it again.
func IsVersionConflict(err error) bool {
	api := apiErrorOf(err)
	return api != nil && api.versionConflict()
}

// UnknownOutcome reports that a create failed in a way that does not tell whether the object was
// made. Look it up by name or external id; never just send it again.
func UnknownOutcome(err error) bool {
	var u *unknownOutcome
	return errors.As(err, &u)
}

// unknownOutcome marks an error of a create.
type unknownOutcome struct{ cause error }

func (u *unknownOutcome) Error() string {
	return "outcome unknown, the object may have been created: " + u.cause.Error()
}
func (u *unknownOutcome) Unwrap() error { return u.cause }

// errorBody has the fields of ErrorBody and ScimError; status is a number in one, a text in the other.
type errorBody struct {
	Message    string          `json:"message"`
	Code       string          `json:"code"`
	ContextID  string          `json:"contextId"`
	EntityID   string          `json:"entityId"`
	EntityName string          `json:"entityName"`
	Details    []ErrorDetail   `json:"details"`
	Errors     []errorBody     `json:"errors"`
	Limit      *ErrorLimit     `json:"limit"`
	SCIMType   string          `json:"scimType"`
	Status     json.RawMessage `json:"status"` // a number in ErrorBody, a text in ScimError
	Schemas    []string        `json:"schemas"`
	Detail     string          `json:"detail"`
}

// own tells whether this is an ErrorBody or a ScimError, and of this answer: with a code and a text or
// correlation id, and no other status than the answer's.
func (b errorBody) own(status int) bool {
	said := strings.Trim(string(b.Status), `"`)
	if said != "" && said != "null" && said != strconv.Itoa(status) {
		return false
	}
	return b.Code != "" && (b.Message != "" || b.ContextID != "") || len(b.Schemas) > 0 && (b.SCIMType != "" || b.Detail != "")
}

const (
	maxMessage = 500 // characters of a server's message that we keep
	maxDetails = 20
)

// newAPIError reads an error answer; body may be anything.
func newAPIError(op Operation, status int, header http.Header, body []byte) *APIError {
	e := &APIError{Method: op.Method, Route: op.Path, Status: status, ContextID: header.Get(HeaderCorrelation)}
	var b errorBody
	if err := json.Unmarshal(body, &b); err != nil {
		e.Message = http.StatusText(status) // not JSON: a proxy's page, of which nothing is repeated
		return e
	}
	if b.Message == "" && b.Code == "" && len(b.Errors) > 0 {
		b = b.Errors[0]
	}
	e.Own = b.own(status)
	e.Code, e.SCIMType, e.Limit = clip(b.Code), clip(b.SCIMType), b.Limit
	e.Message = clip(firstOf(b.Message, b.Detail, http.StatusText(status)))
	e.EntityID, e.EntityName = clip(b.EntityID), clip(b.EntityName)
	e.Details = b.Details[:min(len(b.Details), maxDetails)]
	e.ContextID = clip(firstOf(e.ContextID, b.ContextID))
	return e
}

// apiErrorOf finds the server's answer in an error; nil when there was none.
func apiErrorOf(err error) *APIError {
	if api, ok := errors.AsType[*APIError](err); ok {
		return api
	}
	return nil
}

// StatusOf is the HTTP status behind an error; 0 when the server did not answer.
func StatusOf(err error) int {
	if api := apiErrorOf(err); api != nil {
		return api.Status
	}
	return 0
}

func clip(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	return strings.ToValidUTF8(text[:maxMessage], "") + "…"
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
