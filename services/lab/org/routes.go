package org

import (
	"slices"
	"strings"
)

// route is one row of the route table: what the API definition says of an operation, and who answers it.
type route struct {
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Permissions []string `json:"permissions,omitempty"` // x-inin-requires-permissions
	All         bool     `json:"all,omitempty"`         // all of them are needed, not any one
	noBody      bool
	scim        bool // also takes application/scim+json
	unlocked    bool // does its own locking, because it computes for long
	handle      handler
}

const (
	get    = "GET"
	post   = "POST"
	put    = "PUT"
	patch  = "PATCH"
	remove = "DELETE"
)

// table is every operation of the organization.
func (o *Org) table() []route {
	return slices.Concat(o.userRoutes(), o.routingRoutes(), o.presenceRoutes(), o.interactionRoutes())
}

// anyOf, allOf, open and unlocked describe a row's permission and body.
func anyOf(method, path string, h handler, permissions ...string) route {
	return route{Method: method, Path: path, Permissions: permissions, noBody: bodyless(method), handle: h}
}

func allOf(method, path string, h handler, permissions ...string) route {
	rt := anyOf(method, path, h, permissions...)
	rt.All = true
	return rt
}

func open(method, path string, h handler) route { return anyOf(method, path, h) }

func (rt route) asSCIM() route      { rt.scim = true; return rt }
func (rt route) withoutBody() route { rt.noBody = true; return rt }
func (rt route) onItsOwn() route    { rt.unlocked = true; return rt }

func bodyless(method string) bool { return method == get || method == remove }

// permits checks a client's permissions.
func (rt route) permits(client *Client) *fault {
	var missing []string
	for _, permission := range rt.Permissions {
		if !slices.Contains(client.Permissions, permission) {
			missing = append(missing, permission)
		}
	}
	switch {
	case len(missing) == 0, !rt.All && len(missing) < len(rt.Permissions):
		return nil
	case rt.All || len(rt.Permissions) == 1:
		return fail(codeMissingAll, "["+strings.Join(missing, ", ")+"]")
	default:
		return fail(codeMissingAny, "["+strings.Join(rt.Permissions, ", ")+"]")
	}
}

// IntegrationPermissions is the permission set of a connector's OAuth client, derived from the operations it uses
// (facts, genesys-cloud-api 5). The contents of the platform's own "EX Integration" role are not publicly documented.
func IntegrationPermissions() []string {
	return []string{
		"conversation:conversation:inject", "presence:userPresence:inject", "routing:routingstatus:inject",
		"presence:source:view", "presence:source:add", "presence:source:edit", "presence:source:delete",
		"presence:userPrimarySource:view", "presence:userPrimarySource:edit", "presence:presenceDefinition:view",
		"presence:settings:view", "presence:settings:edit",
		"directory:user:add", "directory:user:edit", "directory:user:view", "directory:user:delete",
		"authorization:grant:add", "authorization:grant:delete", "authorization:grant:view", "authorization:role:view",
		"routing:skill:view", "routing:skill:manage", "routing:skill:assign",
		"routing:queue:view", "routing:queue:add", "routing:queue:edit", "routing:queueMember:manage",
		"routing:wrapupCode:view", "routing:wrapupCode:add", "routing:wrapupCode:edit",
		"recording:recording:upload", "recording:uploadReport:add", "recording:uploadReport:view",
		"recording:encryptionKey:view", "speechAndTextAnalytics:program:view", "speechAndTextAnalytics:settings:view",
		"routing:transcriptionSettings:view", "conversation:communication:view",
	}
}

// AllPermissions is every permission the route table knows, sorted: an administrator's client.
func (o *Org) AllPermissions() []string {
	var out []string
	for _, rt := range o.routes {
		out = append(out, rt.Permissions...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (o *Org) userRoutes() []route {
	write := []string{
		"directory:user:add", "authorization:grant:add", "authorization:grant:delete", "routing:skill:assign",
		"routing:language:assign", "telephony:extension:assign",
	}
	edit := append([]string{"directory:user:edit", "directory:user:setPassword"}, write[1:]...)
	return []route{
		open(get, "/api/v2/scim/v2/users", o.listSCIM),
		anyOf(post, "/api/v2/scim/v2/users", o.createSCIM, write...).asSCIM(),
		open(get, "/api/v2/scim/v2/users/{userId}", o.getSCIM),
		anyOf(put, "/api/v2/scim/v2/users/{userId}", o.replaceSCIM, edit...).asSCIM(),
		anyOf(patch, "/api/v2/scim/v2/users/{userId}", o.patchSCIM, edit...).asSCIM(),
		anyOf(remove, "/api/v2/scim/v2/users/{userId}", o.deleteSCIM, "directory:user:delete"),

		open(get, "/api/v2/users", o.listUsers),
		open(get, "/api/v2/users/{userId}", o.getUser),
		open(get, "/api/v2/users/externalid/{authority}/{key}", o.getUserByExternalID),
		open(get, "/api/v2/users/{userId}/routingstatus", o.getRoutingStatus),
		open(get, "/api/v2/users/{userId}/routingskills", o.listUserSkills),
		allOf(post, "/api/v2/users/{userId}/routingskills", o.addUserSkill, "routing:skill:assign"),
		anyOf(put, "/api/v2/users/{userId}/routingskills/bulk", o.replaceUserSkills, "routing:skill:assign"),
		anyOf(patch, "/api/v2/users/{userId}/routingskills/bulk", o.patchUserSkills, "routing:skill:assign"),
		allOf(remove, "/api/v2/users/{userId}/routingskills/{skillId}", o.deleteUserSkill, "routing:skill:assign"),
		anyOf(get, "/api/v2/users/{userId}/roles", o.getUserRoles, "authorization:grant:view"),

		anyOf(get, "/api/v2/authorization/roles", o.listRoles, "authorization:role:view"),
		anyOf(get, "/api/v2/authorization/subjects/{subjectId}", o.getSubject, "authorization:grant:view"),
		allOf(post, "/api/v2/authorization/subjects/{subjectId}/bulkadd", o.addGrants, "authorization:grant:add"),
		allOf(post, "/api/v2/authorization/subjects/{subjectId}/bulkremove", o.removeGrants, "authorization:grant:delete"),
		open(get, "/api/v2/authorization/divisions", o.listDivisions),
		open(get, "/api/v2/authorization/divisions/home", o.getHomeDivision),
		open(get, "/api/v2/organizations/me", o.getOrganization),
	}
}

func (o *Org) routingRoutes() []route {
	members := []string{"routing:queue:edit", "routing:queueMember:manage"}
	return []route{
		anyOf(get, "/api/v2/routing/skills", o.listSkills, "routing:skill:view"),
		anyOf(post, "/api/v2/routing/skills", o.createSkill, "routing:skill:manage", "routing:skill:create"),
		anyOf(get, "/api/v2/routing/skills/{skillId}", o.getSkill, "routing:skill:view"),
		anyOf(remove, "/api/v2/routing/skills/{skillId}", o.deleteSkill, "routing:skill:manage", "routing:skill:delete"),

		anyOf(get, "/api/v2/routing/queues", o.listQueues, "routing:queue:view"),
		anyOf(post, "/api/v2/routing/queues", o.createQueue, "routing:queue:add"),
		allOf(get, "/api/v2/routing/queues/{queueId}", o.getQueue, "routing:queue:view"),
		anyOf(put, "/api/v2/routing/queues/{queueId}", o.updateQueue, "routing:queue:edit"),
		allOf(remove, "/api/v2/routing/queues/{queueId}", o.deleteQueue, "routing:queue:delete"),
		anyOf(get, "/api/v2/routing/queues/{queueId}/members", o.listMembers,
			"routing:queue:view", "routing:queue:edit", "routing:queue:readonly", "routing:queueMember:manage"),
		anyOf(post, "/api/v2/routing/queues/{queueId}/members", o.changeMembers, members...),
		anyOf(patch, "/api/v2/routing/queues/{queueId}/members", o.joinMembers, members...),
		anyOf(remove, "/api/v2/routing/queues/{queueId}/members/{memberId}", o.deleteMember, members...),
		allOf(get, "/api/v2/routing/queues/{queueId}/wrapupcodes", o.listQueueCodes, "routing:queue:view"),
		allOf(post, "/api/v2/routing/queues/{queueId}/wrapupcodes", o.addQueueCodes, "routing:queue:edit"),
		allOf(remove, "/api/v2/routing/queues/{queueId}/wrapupcodes/{codeId}", o.deleteQueueCode, "routing:queue:edit"),

		allOf(get, "/api/v2/routing/wrapupcodes", o.listCodes, "routing:wrapupCode:view"),
		allOf(post, "/api/v2/routing/wrapupcodes", o.createCode, "routing:wrapupCode:add"),
		allOf(get, "/api/v2/routing/wrapupcodes/{codeId}", o.getCode, "routing:wrapupCode:view"),
		allOf(put, "/api/v2/routing/wrapupcodes/{codeId}", o.updateCode, "routing:wrapupCode:edit"),
		allOf(remove, "/api/v2/routing/wrapupcodes/{codeId}", o.deleteCode, "routing:wrapupCode:delete"),

		anyOf(get, "/api/v2/routing/settings/transcription", o.getTranscription, "routing:transcriptionSettings:view"),
		anyOf(put, "/api/v2/routing/settings/transcription", o.putTranscription, "routing:transcriptionSettings:edit"),
	}
}

func (o *Org) presenceRoutes() []route {
	return []route{
		allOf(get, "/api/v2/presence/definitions", o.listDefinitions, "presence:presenceDefinition:view"),
		allOf(get, "/api/v2/presence/definitions/{definitionId}", o.getDefinition, "presence:presenceDefinition:view"),
		allOf(get, "/api/v2/presence/sources", o.listSources, "presence:source:view"),
		allOf(post, "/api/v2/presence/sources", o.createSource, "presence:source:add"),
		allOf(get, "/api/v2/presence/sources/{sourceId}", o.getSource, "presence:source:view"),
		allOf(put, "/api/v2/presence/sources/{sourceId}", o.updateSource, "presence:source:edit"),
		anyOf(remove, "/api/v2/presence/sources/{sourceId}", o.deleteSource, "presence:source:delete", "presence:source:edit"),
		allOf(get, "/api/v2/presence/settings", o.getPresenceSettings, "presence:settings:view"),
		allOf(put, "/api/v2/presence/settings", o.putPresenceSettings, "presence:settings:edit"),
		allOf(get, "/api/v2/presence/users/{userId}/primarysource", o.getPrimarySource, "presence:userPrimarySource:view"),
		allOf(put, "/api/v2/presence/users/{userId}/primarysource", o.putPrimarySource, "presence:userPrimarySource:edit"),
		anyOf(post, "/api/v2/events/users/presence", o.injectPresence, "presence:userPresence:inject"),
		anyOf(post, "/api/v2/events/users/routingstatus", o.injectRoutingStatus, "routing:routingstatus:inject"),
	}
}

func (o *Org) interactionRoutes() []route {
	return []route{
		anyOf(post, "/api/v2/events/conversations", o.injectConversations, "conversation:conversation:inject"),
		anyOf(get, "/api/v2/conversations/{conversationId}", o.getConversation, "conversation:communication:view"),

		anyOf(get, "/api/v2/recording/recordingkeys", o.listKeys, "recording:encryptionKey:view").onItsOwn(),
		anyOf(post, "/api/v2/recording/recordingkeys", o.createKey, "recording:encryptionKey:edit").withoutBody().onItsOwn(),
		allOf(post, "/api/v2/uploads/recordings", o.presign, "recording:recording:upload"),
		allOf(post, "/api/v2/recording/uploads/reports", o.createReport, "recording:uploadReport:add"),
		allOf(get, "/api/v2/recording/uploads/reports/{reportId}", o.getReport, "recording:uploadReport:view"),

		allOf(get, "/api/v2/speechandtextanalytics/settings", o.getSTASettings, "speechAndTextAnalytics:settings:view"),
		allOf(get, "/api/v2/speechandtextanalytics/programs", o.listPrograms, "speechAndTextAnalytics:program:view"),
		allOf(get, "/api/v2/speechandtextanalytics/programs/mappings", o.listMappings, "speechAndTextAnalytics:program:view"),
		open(get, "/api/v2/speechandtextanalytics/programs/transcriptionengines/dialects", o.listDialects),
		allOf(get, "/api/v2/speechandtextanalytics/programs/{programId}", o.getProgram, "speechAndTextAnalytics:program:view"),
		allOf(get, "/api/v2/speechandtextanalytics/programs/{programId}/mappings", o.getMapping,
			"speechAndTextAnalytics:program:view"),
		allOf(put, "/api/v2/speechandtextanalytics/programs/{programId}/mappings", o.putMapping,
			"speechAndTextAnalytics:program:edit"),
		allOf(get, "/api/v2/speechandtextanalytics/programs/{programId}/transcriptionengines", o.getEngines,
			"speechAndTextAnalytics:program:view"),
	}
}
