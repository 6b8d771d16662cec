package genesys

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/genesystest"
	"engage.connector/pkg/pipeline/delivery"
)

const errorBodyJSON = `{"message":"Name is taken","code":"duplicate.name","status":400,"messageWithParams":"Name is taken","messageParams":{},
 "entityId":"e-1","entityName":"Queue","contextId":"ctx-body","details":[{"errorCode":"DUPLICATE","fieldName":"name"}],"errors":[],
 "limit":{"key":"queues.max","namespace":"routing","value":5000}}`

// The fields of ErrorBody reach the caller, and the error's text the operator.
func TestAPIError_HasWhatTheErrorBodySays(t *testing.T) {
	var log bytes.Buffer
	c := client(t, genesystest.Replies(genesystest.Says(400, errorBodyJSON, "ININ-Correlation-Id", "corr-1")), logTo(&log))
	err := someCreate(t.Context(), c)
	api := apiErrorOf(err)
	require.NotNil(t, api)
	require.Equal(t, &APIError{
		Method: "POST", Route: "/api/v2/routing/skills", Status: 400, Code: "duplicate.name", Message: "Name is taken", ContextID: "corr-1",
		EntityID: "e-1", EntityName: "Queue", Details: []ErrorDetail{{ErrorCode: "DUPLICATE", FieldName: "name"}},
		Limit: &ErrorLimit{Key: "queues.max", Namespace: "routing", Value: 5000}, Own: true,
	}, api)
	require.EqualError(t, err, "genesys: POST /api/v2/routing/skills: HTTP 400 duplicate.name Name is taken [name DUPLICATE] (limit routing/queues.max = 5000) (correlation id corr-1)")
	require.True(t, IsDuplicate(err))
	require.False(t, IsVersionConflict(err))
	require.Contains(t, log.String(), `"correlation_id":"corr-1"`)
}

// Answers of all shapes become errors; nothing of a proxy's page is repeated.
func TestAPIError_ReadsAnyBody(t *testing.T) {
	tests := map[string]struct {
		body string
		want APIError
	}{
		"SCIM":             {`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"409","scimType":"uniqueness","detail":"userName is taken"}`, APIError{SCIMType: "uniqueness", Message: "userName is taken", Own: true}},
		"nested":           {`{"errors":[{"message":"inner","code":"bad.request","contextId":"ctx"}]}`, APIError{Code: "bad.request", Message: "inner", ContextID: "ctx", Own: true}},
		"context in body":  {`{"message":"m","contextId":"ctx"}`, APIError{Message: "m", ContextID: "ctx"}},
		"empty":            {``, APIError{Message: "Conflict"}},
		"HTML":             {`<html>secret</html>`, APIError{Message: "Conflict"}},
		"other types":      {`{"message":17}`, APIError{Message: "Conflict"}},
		"nothing of note":  {`{}`, APIError{Message: "Conflict"}},
		"too many details": {`{"message":"m","details":[` + strings.Repeat(`{},`, 50) + `{}]}`, APIError{Message: "m", Details: make([]ErrorDetail, maxDetails)}},
		"very long":        {`{"message":"` + strings.Repeat("ä", 400) + `"}`, APIError{Message: strings.Repeat("ä", 250) + "…"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.want.Method, tt.want.Route, tt.want.Status = "GET", reading().Path, 409
			require.Equal(t, &tt.want, newAPIError(reading(), 409, http.Header{}, []byte(tt.body)))
		})
	}
}

// Only the API's own error model is its own word.
func TestAPIError_TellsItsOwnWordFromAProxys(t *testing.T) {
	for body, own := range map[string]bool{
		`{"message":"m","code":"not.found","status":404,"contextId":"c"}`: true,
		`{"message":"m","code":"not.found"}`:                              true,
		`{"code":"not.found","contextId":"c"}`:                            true,
		`{"schemas":["s"],"status":"404","detail":"no"}`:                  true,
		`{"message":"m","code":"not.found","status":200}`:                 false,
		`{"message":"Not Found"}`:                                         false,
		`{"message":"m","code":404}`:                                      false,
		`{"error":"not_found"}`:                                           false,
		`{"code":"not.found"`:                                             false,
		`<html>404</html>`:                                                false,
		`null`:                                                            false,
		``:                                                                false,
	} {
		api := newAPIError(reading(), 404, http.Header{}, []byte(body))
		require.Equal(t, own, api.OwnAnswer(), body)
		require.Equal(t, own, delivery.Failed(fault.Wrap(fault.NotFound, "x", api)).Own, body)
	}
}

// What each answer means.
func TestAPIError_Classification(t *testing.T) {
	tests := map[string]struct {
		err       APIError
		code      fault.Code
		version   bool
		duplicate bool
	}{
		"duplicate name":             {APIError{Method: "POST", Status: 400, Code: "duplicate.name"}, fault.Conflict, false, true},
		"general conflict":           {APIError{Method: "POST", Status: 400, Code: "general.conflict"}, fault.Conflict, false, true},
		"conflict on create":         {APIError{Method: "POST", Status: 409}, fault.Conflict, false, true},
		"user name taken":            {APIError{Method: "POST", Status: 409, SCIMType: "uniqueness"}, fault.Conflict, false, true},
		"user name taken on patch":   {APIError{Method: "PATCH", Status: 409, SCIMType: "uniqueness"}, fault.Conflict, false, true},
		"stale SCIM version":         {APIError{Method: "PATCH", Status: 400, SCIMType: "invalidVers"}, fault.Conflict, true, false},
		"stale SCIM version as 409":  {APIError{Method: "PATCH", Status: 409}, fault.Conflict, true, false},
		"stale version told by text": {APIError{Method: "PATCH", Status: 400, Message: "version 3 does not match the current version 4"}, fault.Conflict, true, false},
		"precondition":               {APIError{Method: "PUT", Status: 412}, fault.Conflict, true, false},
		"bad request":                {APIError{Method: "POST", Status: 400, Code: "bad.request"}, fault.Invalid, false, false},
		"unsupported media type":     {APIError{Method: "POST", Status: 415}, fault.Unsupported, false, false},
		"server error":               {APIError{Method: "GET", Status: 500}, fault.Unavailable, false, false},
		"insufficient storage":       {APIError{Method: "GET", Status: 507}, fault.Unavailable, false, false},
		"gateway timeout":            {APIError{Method: "GET", Status: 504}, fault.Timeout, false, false},
		"not implemented":            {APIError{Method: "GET", Status: 501}, fault.Unsupported, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := fault.Wrap(tt.err.faultCode(), "op", &tt.err)
			require.Equal(t, tt.code, fault.CodeOf(err))
			require.Equal(t, tt.version, IsVersionConflict(err))
			require.Equal(t, tt.duplicate, IsDuplicate(err))
		})
	}
	require.False(t, IsDuplicate(nil))
	require.False(t, IsVersionConflict(nil))
	require.False(t, UnknownOutcome(nil))
}

// A missing permission is named as the operator has to add it.
func TestAPIError_NamesTheMissingPermission(t *testing.T) {
	c := client(t, genesystest.Replies(genesystest.Says(403, `{"code":"missing.permissions","message":"Unable to perform the requested action."}`)))
	err := someCreate(t.Context(), c)
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
	require.Contains(t, fault.Hint(err), "routing:skill:manage")
}

// A lost create says so, and what the server said is still to be had.
func TestUnknownOutcome_TellsWhatHappenedAndWhy(t *testing.T) {
	err := someCreate(t.Context(), client(t, genesystest.Replies(genesystest.Says(500, `{"code":"internal.server.error"}`, "ININ-Correlation-Id", "corr-3"))))
	require.True(t, UnknownOutcome(err))
	require.ErrorContains(t, err, "outcome unknown, the object may have been created: HTTP 500 internal.server.error")
	require.ErrorContains(t, err, "corr-3")
	require.Equal(t, 500, StatusOf(err))
	require.Zero(t, StatusOf(nil))
	require.False(t, IsDuplicate(err))
}
