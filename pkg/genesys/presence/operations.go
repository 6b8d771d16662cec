package presence

import (
	"net/http"

	"engage.connector/pkg/genesys"
)

// The operations of the area. Paths and permissions are those of the API's Swagger definition
// (x-inin-requires-permissions).
var (
	listSources      = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/presence/sources", Permission: "presence:source:view", Source: "swagger getPresenceSources"}
	createSource     = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/presence/sources", Creates: true, Permission: "presence:source:add", Source: "swagger postPresenceSources"}
	listDefinitions  = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/presence/definitions", Permission: "presence:presenceDefinition:view", Source: "swagger getPresenceDefinitions"}
	getSettings      = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/presence/settings", Permission: "presence:settings:view", Source: "swagger getPresenceSettings"}
	putSettings      = genesys.Operation{Method: http.MethodPut, Path: "/api/v2/presence/settings", Permission: "presence:settings:edit", Source: "swagger putPresenceSettings"}
	getPrimarySource = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/presence/users/{userId}/primarysource", Permission: "presence:userPrimarySource:view", Source: "swagger getPresenceUserPrimarysource"}
	putPrimarySource = genesys.Operation{Method: http.MethodPut, Path: "/api/v2/presence/users/{userId}/primarysource", Permission: "presence:userPrimarySource:edit", Source: "swagger putPresenceUserPrimarysource"}
)

// Operations lists the operations of the area.
func Operations() []genesys.Operation {
	return []genesys.Operation{listSources, createSource, listDefinitions, getSettings, putSettings, getPrimarySource, putPrimarySource}
}
