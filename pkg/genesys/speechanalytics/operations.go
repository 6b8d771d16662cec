package speechanalytics

import (
	"net/http"

	"engage.connector/pkg/genesys"
)

// The operations of the area. Paths and permissions are those of the API's Swagger definition
// (x-inin-requires-permissions).
var (
	listMappings       = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/speechandtextanalytics/programs/mappings", Permission: "speechAndTextAnalytics:program:view", Source: "swagger getSpeechandtextanalyticsProgramsMappings"}
	getSettings        = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/speechandtextanalytics/settings", Permission: "speechAndTextAnalytics:settings:view", Source: "swagger getSpeechandtextanalyticsSettings"}
	listDialects       = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/speechandtextanalytics/programs/transcriptionengines/dialects", Source: "swagger getSpeechandtextanalyticsProgramsTranscriptionenginesDialects"}
	listProgramEngines = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/speechandtextanalytics/programs/{programId}/transcriptionengines", Permission: "speechAndTextAnalytics:program:view", Source: "swagger getSpeechandtextanalyticsProgramTranscriptionengines"}
)

// Operations lists the operations of the area.
func Operations() []genesys.Operation {
	return []genesys.Operation{listMappings, getSettings, listDialects, listProgramEngines}
}
