package org

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// errorBody is the API's ErrorBody.
type errorBody struct {
	Message           string            `json:"message"`
	Code              string            `json:"code"`
	Status            int               `json:"status"`
	EntityID          string            `json:"entityId,omitempty"`
	EntityName        string            `json:"entityName,omitempty"`
	MessageWithParams string            `json:"messageWithParams,omitempty"`
	MessageParams     map[string]string `json:"messageParams,omitempty"`
	ContextID         string            `json:"contextId"`
	Details           []errorDetail     `json:"details"`
	Errors            []errorBody       `json:"errors"`
	Limit             *errorLimit       `json:"limit,omitempty"`
}

type errorDetail struct {
	ErrorCode  string `json:"errorCode"`
	FieldName  string `json:"fieldName,omitempty"`
	EntityID   string `json:"entityId,omitempty"`
	EntityName string `json:"entityName,omitempty"`
}

type errorLimit struct {
	Key       string `json:"key"`
	Namespace string `json:"namespace"`
	Value     int    `json:"value"`
}

// scimError is the API's ScimError.
type scimError struct {
	Schemas  []string `json:"schemas"`
	Status   string   `json:"status"`
	ScimType string   `json:"scimType,omitempty"`
	Detail   string   `json:"detail"`
}

// fault is an answer that is an error.
type fault struct {
	status int
	body   any // errorBody or scimError
	header map[string]string
}

// code is an error code of the API definition.
type code string

// The codes this organization answers with. Where the definition knows a code under two statuses, the table holds
// the one that is used here.
const (
	codeBadRequest      code = "bad.request"
	codeInvalidDate     code = "invalid.date"
	codeInvalidValue    code = "invalid.value"
	codeInvalidProperty code = "invalid.property"
	codeInvalidParam    code = "invalid.query.param.value"
	codeInvalidPage     code = "invalid.page.number"
	codeInvalidID       code = "invalid.id"
	codeConstraint      code = "constraint.validation"
	codeZeroEvents      code = "zero.events.submitted"
	codeMaxBatch        code = "max.batch.size.surpassed"
	codeDuplicateName   code = "duplicate.name"
	codeInvalidName     code = "invalid.name"
	codeActiveQueue     code = "active.queue"
	codeBadDivisions    code = "bad.role.divisions"
	codeMaxRoles        code = "max.role.assignments.exceeded"
	codeNoToken         code = "authentication.required"
	codeBadToken        code = "bad.credentials"
	codeMissingAll      code = "missing.permissions"
	codeMissingAny      code = "missing.any.permissions"
	codeNotFound        code = "not.found"
	codeNoResource      code = "resource.not.found"
	codeNoUser          code = "general.resource.not.found"
	codeNoPresenceUser  code = "presenceservice.usernotfound"
	codeNoSkill         code = "skillsservice.skillnotfound"
	codeNoSource        code = "presenceservice.source.sourcenotfound"
	codeNoDefinition    code = "presenceservice.organizationpresence.organizationpresencenotfound"
	codeNoSettings      code = "settings.not.found"
	codeNoProgram       code = "program.not.found"
	codeConflict        code = "general.conflict"
	codeMappedElsewhere code = "conflict"
	codeSourceBlank     code = "presenceservice.source.namecannotbeblank"
	codeSourceLong      code = "presenceservice.source.nametoolong"
	codeSourceText      code = "presenceservice.source.descriptiontoolong"
	codeSourceMany      code = "presenceservice.source.toomanyactivesources"
	codeSourceUpdate    code = "presenceservice.source.systemsourcescannotbeupdated"
	codeSourceDelete    code = "presenceservice.source.systemsourcescannotbedeleted"
	codeTooLarge        code = "request.entity.too.large"
	codeMediaType       code = "unsupported.media.type"
	codeRetryAfter      code = "too.many.requests.retry.after"
	codeTooMany         code = "too.many.requests"
	codeInternal        code = "internal.server.error"
	codeBadGateway      code = "bad.gateway"
	codeUnavailable     code = "service.unavailable"
	codeTimeout         code = "request.timeout"
)

type errorRow struct {
	status  int
	message string
}

// errorTable gives every code its status and message (x-inin-error-codes of the API definition); bad.gateway alone is
// not defined there, a 502 comes from in front of the API.
var errorTable = map[code]errorRow{
	codeBadRequest:      {400, "The request could not be understood by the server due to malformed syntax."},
	codeInvalidDate:     {400, "Dates must be specified as ISO-8601 strings. For example: yyyy-MM-ddTHH:mm:ss.SSSZ"},
	codeInvalidValue:    {400, "Value [%s] is not valid for field type [%s]. Allowable values are: %s"},
	codeInvalidProperty: {400, "Value [%s] is not a valid property for object [%s]"},
	codeInvalidParam:    {400, "Value [%s] is not valid for parameter [%s]. Allowable values are: %s"},
	codeInvalidPage:     {400, "Invalid page number specified."},
	codeInvalidID:       {400, "A non-UUID value was specified for an ID field."},
	codeConstraint:      {400, "%s"},
	codeZeroEvents:      {400, "A minimum of 1 event must be submitted"},
	codeMaxBatch:        {400, "Max allowed event count per request has been surpassed. Max batch size is 100"},
	codeDuplicateName:   {400, "A %s with this name already exists."},
	codeInvalidName:     {400, "Invalid %s name specified."},
	codeActiveQueue:     {400, "Queue contains active conversations."},
	codeBadDivisions:    {400, "Invalid role divisions in request."},
	codeMaxRoles:        {400, "Too many roles granted to a subject"},
	codeNoToken:         {401, "No authentication bearer token specified in authorization header."},
	codeBadToken:        {401, "Invalid login credentials."},
	codeMissingAll:      {403, "Unable to perform the requested action. You are missing the following permission(s): %s"},
	codeMissingAny: {403, "Unable to perform the requested action. You must have at least one of the following permissions " +
		"assigned: %s"},
	codeNotFound:        {404, "The requested resource was not found."},
	codeNoResource:      {404, "The resource could not be found."},
	codeNoUser:          {404, "Unable to find a user with that userId"},
	codeNoPresenceUser:  {404, "The specified user was not found"},
	codeNoSkill:         {404, "The Skill could not be found."},
	codeNoSource:        {404, "The source was not found"},
	codeNoDefinition:    {404, "The presence definition does not exist"},
	codeNoSettings:      {404, "The organization does not have SpeechAndTextAnalytics settings"},
	codeNoProgram:       {404, "The requested program could not be found"},
	codeConflict:        {409, "The request could not be completed by the server due to a conflict."},
	codeMappedElsewhere: {409, "Queue / Flow with id %s is already mapped to another program"},
	codeSourceBlank:     {409, "A name must be provided for a source"},
	codeSourceLong:      {409, "Name exceeded max character count"},
	codeSourceText:      {409, "Description exceeded max character count"},
	codeSourceMany:      {409, "Max number of active sources reached"},
	codeSourceUpdate:    {409, "A source of type 'system' cannot be updated"},
	codeSourceDelete:    {409, "A source of type 'system' cannot be deleted"},
	codeTooLarge:        {413, "The request is over the size limit. Maximum bytes: %s"},
	codeMediaType: {415, "Unsupported Media Type - Unsupported or incorrect media type, such as an incorrect Content-Type value " +
		"in the header."},
	codeRetryAfter: {429, "Rate limit exceeded the maximum. Retry the request in [%s] seconds"},
	codeTooMany:    {429, "Rate limit exceeded the maximum [%s] requests within [%s] seconds"},
	codeInternal: {500, "The server encountered an unexpected condition which prevented it from fulfilling the " +
		"request."},
	codeBadGateway: {502, "Bad gateway"},
	codeUnavailable: {503, "Service Unavailable - The server is currently unavailable (because it is overloaded or down for " +
		"maintenance)."},
	codeTimeout: {504, "The request timed out."},
}

// fail builds the fault of a code; params fill its message in order.
func fail(c code, params ...string) *fault {
	row := errorTable[c]
	args := make([]any, len(params))
	named := make(map[string]string, len(params))
	for i, p := range params {
		args[i] = p
		named[fmt.Sprintf("p%d", i)] = p
	}
	body := errorBody{
		Message: row.message, Code: string(c), Status: row.status, Details: []errorDetail{}, Errors: []errorBody{},
	}
	if len(params) > 0 {
		body.Message = fmt.Sprintf(row.message, args...)
		body.MessageWithParams = withPlaceholders(row.message)
		body.MessageParams = named
	}
	return &fault{status: row.status, body: body}
}

// withPlaceholders is the message with {p0}, {p1}... in place of its values.
func withPlaceholders(message string) string {
	for i := 0; strings.Contains(message, "%s"); i++ {
		message = strings.Replace(message, "%s", fmt.Sprintf("{p%d}", i), 1)
	}
	return message
}

// entity names the object a fault is about.
func (f *fault) entity(id string) *fault {
	if body, ok := f.body.(errorBody); ok {
		body.EntityID = id
		f.body = body
	}
	return f
}

// field names the property a fault is about.
func (f *fault) field(name string) *fault {
	if body, ok := f.body.(errorBody); ok {
		body.Details = append(body.Details, errorDetail{ErrorCode: body.Code, FieldName: name})
		f.body = body
	}
	return f
}

// asStatus answers a code under another of its documented statuses.
func (f *fault) asStatus(status int) *fault {
	if body, ok := f.body.(errorBody); ok {
		body.Status = status
		f.body, f.status = body, status
	}
	return f
}

func (f *fault) with(header map[string]string) *fault {
	if f.header == nil {
		f.header = make(map[string]string)
	}
	maps.Copy(f.header, header)
	return f
}

// constraint is a constraint.validation with its own text.
func constraint(format string, args ...any) *fault {
	return fail(codeConstraint, fmt.Sprintf(format, args...))
}

// scimFault builds a ScimError (RFC 7644, section 3.12).
func scimFault(status int, scimType, format string, args ...any) *fault {
	return &fault{status: status, body: scimError{
		Schemas:  []string{"urn:ietf:params:scim:api:messages:2.0:Error"},
		Status:   fmt.Sprint(status),
		ScimType: scimType, Detail: fmt.Sprintf(format, args...),
	}}
}

// statusFault is the fault the knobs answer with.
func statusFault(status int) *fault {
	switch status {
	case http.StatusInternalServerError:
		return fail(codeInternal)
	case http.StatusBadGateway:
		return fail(codeBadGateway)
	case http.StatusGatewayTimeout:
		return fail(codeTimeout)
	default:
		return fail(codeUnavailable)
	}
}
