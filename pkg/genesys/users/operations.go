package users

import (
	"net/http"

	"engage.connector/pkg/genesys"
)

// The operations of the area. Paths and permissions are those of the API's Swagger definition
// (x-inin-requires-permissions).
var (
	listUsers       = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/scim/v2/users", Source: "swagger getScimV2Users"}
	createUser      = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/scim/v2/users", Creates: true, Permission: "directory:user:add", Source: "swagger postScimV2Users"}
	getUser         = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/scim/v2/users/{userId}", Source: "swagger getScimV2User"}
	patchUser       = genesys.Operation{Method: http.MethodPatch, Path: "/api/v2/scim/v2/users/{userId}", Permission: "directory:user:edit", Source: "swagger patchScimV2User"}
	searchUsers     = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/users/search", Permission: "directory:user:view", Source: "swagger postUsersSearch; reads"}
	getPlainUser    = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/users/{userId}", Source: "swagger getUser; state=deleted shows a deleted one"}
	restoreUser     = genesys.Operation{Method: http.MethodPatch, Path: "/api/v2/users/{userId}", Permission: "directory:user:edit", Source: "swagger patchUser; state alone, with the version"}
	listRoles       = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/authorization/roles", Permission: "authorization:role:view", Source: "swagger getAuthorizationRoles"}
	grantRoles      = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/authorization/subjects/{subjectId}/bulkadd", Permission: "authorization:grant:add", Source: "swagger postAuthorizationSubjectBulkadd; adds what is missing"}
	getHomeDivision = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/authorization/divisions/home", Source: "swagger getAuthorizationDivisionsHome"}
	listUserSkills  = genesys.Operation{Method: http.MethodGet, Path: "/api/v2/users/{userId}/routingskills", Source: "swagger getUserRoutingskills"}
	patchUserSkills = genesys.Operation{Method: http.MethodPatch, Path: "/api/v2/users/{userId}/routingskills/bulk", Permission: "routing:skill:assign", Source: "swagger patchUserRoutingskillsBulk"}
	deleteUserSkill = genesys.Operation{Method: http.MethodDelete, Path: "/api/v2/users/{userId}/routingskills/{skillId}", Permission: "routing:skill:assign", Source: "swagger deleteUserRoutingskill"}
)

// Operations lists the operations of the area.
func Operations() []genesys.Operation {
	return []genesys.Operation{listUsers, createUser, getUser, patchUser, searchUsers, getPlainUser, restoreUser, listRoles, grantRoles, getHomeDivision, listUserSkills, patchUserSkills, deleteUserSkill}
}
