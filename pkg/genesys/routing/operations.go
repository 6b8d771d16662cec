package routing

import (
	"net/http"

	"engage.connector/pkg/genesys"
)

// The operations of the area. Paths and permissions are those of the API's Swagger definition
// (x-inin-requires-permissions).
var (
	listSkills       = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/routing/skills", Permission: "routing:skill:view", Source: "swagger getRoutingSkills"}
	createSkill      = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/routing/skills", Creates: true, Permission: "routing:skill:manage", Source: "swagger postRoutingSkills"}
	listQueues       = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/routing/queues", Permission: "routing:queue:view", Source: "swagger getRoutingQueues"}
	createQueue      = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/routing/queues", Creates: true, Permission: "routing:queue:add", Source: "swagger postRoutingQueues"}
	getQueue         = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/routing/queues/{queueId}", Permission: "routing:queue:view", Source: "swagger getRoutingQueue"}
	putQueue         = genesys.Operation{Method: http.MethodPut, Path: "/api/v2/routing/queues/{queueId}", Permission: "routing:queue:edit", Source: "swagger putRoutingQueue"}
	listMembers      = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/routing/queues/{queueId}/members", Permission: "routing:queue:view", Source: "swagger getRoutingQueueMembers"}
	postMembers      = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/routing/queues/{queueId}/members", Permission: "routing:queueMember:manage", Source: "swagger postRoutingQueueMembers; a set operation"}
	listQueueCodes   = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/routing/queues/{queueId}/wrapupcodes", Permission: "routing:queue:view", Source: "swagger getRoutingQueueWrapupcodes"}
	postQueueCodes   = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/routing/queues/{queueId}/wrapupcodes", Permission: "routing:queue:edit", Source: "swagger postRoutingQueueWrapupcodes; a set operation"}
	listCodes        = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/routing/wrapupcodes", Permission: "routing:wrapupCode:view", Source: "swagger getRoutingWrapupcodes"}
	createCode       = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/routing/wrapupcodes", Creates: true, Permission: "routing:wrapupCode:add", Source: "swagger postRoutingWrapupcodes"}
	getCode          = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/routing/wrapupcodes/{codeId}", Permission: "routing:wrapupCode:view", Source: "swagger getRoutingWrapupcode"}
	putCode          = genesys.Operation{Method: http.MethodPut, Path: "/api/v2/routing/wrapupcodes/{codeId}", Permission: "routing:wrapupCode:edit", Source: "swagger putRoutingWrapupcode"}
	getTranscription = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/routing/settings/transcription", Permission: "routing:transcriptionSettings:view", Source: "swagger getRoutingSettingsTranscription"}
)

// Operations lists the operations of the area.
func Operations() []genesys.Operation {
	return []genesys.Operation{listSkills, createSkill, listQueues, createQueue, getQueue, putQueue, listMembers, postMembers, listQueueCodes, postQueueCodes, listCodes, createCode, getCode, putCode, getTranscription}
}
