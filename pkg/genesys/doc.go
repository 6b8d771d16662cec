// Package genesys is the transport to the Genesys Cloud Platform API: the token, the request
// budget, retries, errors, listings and uploads to presigned URLs. It knows no path: the packages
// below it, one per area of the API, declare their operations with path and permission and send
// them through a Client.
//
// Every request is bounded by a deadline of its own. Errors are *fault.Error that wrap an *APIError
// when the server answered. A create whose outcome is not known is never repeated: see
// UnknownOutcome.
package genesys
