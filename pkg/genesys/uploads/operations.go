package uploads

import (
	"net/http"

	"engage.connector/pkg/genesys"
)

// The operations of the area. Paths and permissions are those of the API's Swagger definition
// (x-inin-requires-permissions).
var (
	listKeys     = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/recording/recordingkeys", Permission: "recording:encryptionKey:view", Source: "swagger getRecordingRecordingkeys"}
	createUpload = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/uploads/recordings", Permission: "recording:recording:upload", Source: "swagger postUploadsRecordings; an unused URL runs out"}
	createReport = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/recording/uploads/reports", Permission: "recording:uploadReport:add", Source: "swagger postRecordingUploadsReports; a second report does no harm"}
	getReport    = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/recording/uploads/reports/{reportId}", Permission: "recording:uploadReport:view", Source: "swagger getRecordingUploadsReport"}
)

// Operations lists the operations of the area.
func Operations() []genesys.Operation {
	return []genesys.Operation{listKeys, createUpload, createReport, getReport}
}
