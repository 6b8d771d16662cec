// Package genesys is the client of the Genesys Cloud Platform API: the token, the request budget,
// retries, errors, event injection, directory and routing objects, recording upload and the
// speech settings. It is the only package that knows a Genesys Cloud path; all of them stand in
// one table (routes.go) with the permission each needs.
//
// Every method takes a context, bounds each request by a deadline of its own and returns errors
// as *fault.Error that wrap an *APIError when the server answered. A create whose outcome is not
// known is never repeated: see UnknownOutcome.
package genesys
