package genesys

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// repeat says what repeating a request does once its outcome is unknown.
type repeat int

const (
	harmless repeat = iota // reads, and writes that set the same state again
	creates                // a second request would make a second object
)

// route is one operation of the API. Its template is the metric label and the name in errors.
type route struct {
	method string
	path   string // braces name the parameters, filled in order
	repeat repeat
	needs  string // permission of the OAuth client's role; "" when none is named
	source string // where the API definition or the vendor's documents say so
}

// The operations, by area. Paths, permissions: the API's Swagger definition (x-inin-requires-permissions).
var (
	routeInjectConversations = route{http.MethodPost, "/api/v2/events/conversations", harmless, "conversation:conversation:inject", "swagger postEventsConversations; repeated with the same event ids"}
	routeInjectPresence      = route{http.MethodPost, "/api/v2/events/users/presence", harmless, "presence:userPresence:inject", "swagger postEventsUsersPresence; repeated with the same event ids"}
	routeInjectRoutingStatus = route{http.MethodPost, "/api/v2/events/users/routingstatus", harmless, "routing:routingstatus:inject", "swagger postEventsUsersRoutingstatus; repeated with the same event ids"}

	routeSources        = route{http.MethodGet, "/api/v2/presence/sources", harmless, "presence:source:view", "swagger getPresenceSources"}
	routeCreateSource   = route{http.MethodPost, "/api/v2/presence/sources", creates, "presence:source:add", "swagger postPresenceSources"}
	routeDefinitions    = route{http.MethodGet, "/api/v2/presence/definitions", harmless, "presence:presenceDefinition:view", "swagger getPresenceDefinitions"}
	routeSettings       = route{http.MethodGet, "/api/v2/presence/settings", harmless, "presence:settings:view", "swagger getPresenceSettings"}
	routePutSettings    = route{http.MethodPut, "/api/v2/presence/settings", harmless, "presence:settings:edit", "swagger putPresenceSettings"}
	routePrimarySource  = route{http.MethodGet, "/api/v2/presence/users/{userId}/primarysource", harmless, "presence:userPrimarySource:view", "swagger getPresenceUserPrimarysource"}
	routePutPrimarySrc  = route{http.MethodPut, "/api/v2/presence/users/{userId}/primarysource", harmless, "presence:userPrimarySource:edit", "swagger putPresenceUserPrimarysource"}
	routeUsers          = route{http.MethodGet, "/api/v2/scim/v2/users", harmless, "", "swagger getScimV2Users"}
	routeCreateUser     = route{http.MethodPost, "/api/v2/scim/v2/users", creates, "directory:user:add", "swagger postScimV2Users"}
	routeUser           = route{http.MethodGet, "/api/v2/scim/v2/users/{userId}", harmless, "", "swagger getScimV2User"}
	routePatchUser      = route{http.MethodPatch, "/api/v2/scim/v2/users/{userId}", harmless, "directory:user:edit", "swagger patchScimV2User"}
	routeRoles          = route{http.MethodGet, "/api/v2/authorization/roles", harmless, "authorization:role:view", "swagger getAuthorizationRoles"}
	routeGrantRoles     = route{http.MethodPost, "/api/v2/authorization/subjects/{subjectId}/bulkadd", harmless, "authorization:grant:add", "swagger postAuthorizationSubjectBulkadd; adds what is missing"}
	routeHomeDivision   = route{http.MethodGet, "/api/v2/authorization/divisions/home", harmless, "", "swagger getAuthorizationDivisionsHome"}
	routeSkills         = route{http.MethodGet, "/api/v2/routing/skills", harmless, "routing:skill:view", "swagger getRoutingSkills"}
	routeCreateSkill    = route{http.MethodPost, "/api/v2/routing/skills", creates, "routing:skill:manage", "swagger postRoutingSkills"}
	routeUserSkills     = route{http.MethodGet, "/api/v2/users/{userId}/routingskills", harmless, "", "swagger getUserRoutingskills"}
	routePatchSkills    = route{http.MethodPatch, "/api/v2/users/{userId}/routingskills/bulk", harmless, "routing:skill:assign", "swagger patchUserRoutingskillsBulk"}
	routeDeleteSkill    = route{http.MethodDelete, "/api/v2/users/{userId}/routingskills/{skillId}", harmless, "routing:skill:assign", "swagger deleteUserRoutingskill"}
	routeQueues         = route{http.MethodGet, "/api/v2/routing/queues", harmless, "routing:queue:view", "swagger getRoutingQueues"}
	routeCreateQueue    = route{http.MethodPost, "/api/v2/routing/queues", creates, "routing:queue:add", "swagger postRoutingQueues"}
	routeQueue          = route{http.MethodGet, "/api/v2/routing/queues/{queueId}", harmless, "routing:queue:view", "swagger getRoutingQueue"}
	routePutQueue       = route{http.MethodPut, "/api/v2/routing/queues/{queueId}", harmless, "routing:queue:edit", "swagger putRoutingQueue"}
	routeMembers        = route{http.MethodGet, "/api/v2/routing/queues/{queueId}/members", harmless, "routing:queue:view", "swagger getRoutingQueueMembers"}
	routePostMembers    = route{http.MethodPost, "/api/v2/routing/queues/{queueId}/members", harmless, "routing:queueMember:manage", "swagger postRoutingQueueMembers; a set operation"}
	routeQueueCodes     = route{http.MethodGet, "/api/v2/routing/queues/{queueId}/wrapupcodes", harmless, "routing:queue:view", "swagger getRoutingQueueWrapupcodes"}
	routePostQueueCodes = route{http.MethodPost, "/api/v2/routing/queues/{queueId}/wrapupcodes", harmless, "routing:queue:edit", "swagger postRoutingQueueWrapupcodes; a set operation"}
	routeCodes          = route{http.MethodGet, "/api/v2/routing/wrapupcodes", harmless, "routing:wrapupCode:view", "swagger getRoutingWrapupcodes"}
	routeCreateCode     = route{http.MethodPost, "/api/v2/routing/wrapupcodes", creates, "routing:wrapupCode:add", "swagger postRoutingWrapupcodes"}

	routeRecordingKeys = route{http.MethodGet, "/api/v2/recording/recordingkeys", harmless, "recording:encryptionKey:view", "swagger getRecordingRecordingkeys"}
	routeUpload        = route{http.MethodPost, "/api/v2/uploads/recordings", harmless, "recording:recording:upload", "swagger postUploadsRecordings; an unused URL runs out"}
	routeCreateReport  = route{http.MethodPost, "/api/v2/recording/uploads/reports", harmless, "recording:uploadReport:add", "swagger postRecordingUploadsReports; a second report does no harm"}
	routeReport        = route{http.MethodGet, "/api/v2/recording/uploads/reports/{reportId}", harmless, "recording:uploadReport:view", "swagger getRecordingUploadsReport"}

	routeTranscription  = route{http.MethodGet, "/api/v2/routing/settings/transcription", harmless, "routing:transcriptionSettings:view", "swagger getRoutingSettingsTranscription"}
	routeMappings       = route{http.MethodGet, "/api/v2/speechandtextanalytics/programs/mappings", harmless, "speechAndTextAnalytics:program:view", "swagger getSpeechandtextanalyticsProgramsMappings"}
	routeSpeechSettings = route{http.MethodGet, "/api/v2/speechandtextanalytics/settings", harmless, "speechAndTextAnalytics:settings:view", "swagger getSpeechandtextanalyticsSettings"}
	routeDialects       = route{http.MethodGet, "/api/v2/speechandtextanalytics/programs/transcriptionengines/dialects", harmless, "", "swagger getSpeechandtextanalyticsProgramsTranscriptionenginesDialects"}
	routeProgramEngines = route{http.MethodGet, "/api/v2/speechandtextanalytics/programs/{programId}/transcriptionengines", harmless, "speechAndTextAnalytics:program:view", "swagger getSpeechandtextanalyticsProgramTranscriptionengines"}
)

// routes lists every operation, for the metrics and for Permissions.
func routes() []route {
	return []route{
		routeInjectConversations, routeInjectPresence, routeInjectRoutingStatus,
		routeSources, routeCreateSource, routeDefinitions, routeSettings, routePutSettings, routePrimarySource, routePutPrimarySrc,
		routeUsers, routeCreateUser, routeUser, routePatchUser, routeRoles, routeGrantRoles, routeHomeDivision,
		routeSkills, routeCreateSkill, routeUserSkills, routePatchSkills, routeDeleteSkill,
		routeQueues, routeCreateQueue, routeQueue, routePutQueue, routeMembers, routePostMembers,
		routeQueueCodes, routePostQueueCodes, routeCodes, routeCreateCode,
		routeRecordingKeys, routeUpload, routeCreateReport, routeReport,
		routeTranscription, routeMappings, routeSpeechSettings, routeDialects, routeProgramEngines,
	}
}

// name is the route in metrics, logs and errors: no ids, so the set is closed.
func (r route) name() string { return r.method + " " + r.path }

// fill puts the arguments into the path's parameters, escaped. An empty argument would address
// another resource and is refused.
func (r route) fill(args ...string) (string, error) {
	path, rest := strings.Builder{}, r.path
	for _, arg := range args {
		open, end := strings.IndexByte(rest, '{'), strings.IndexByte(rest, '}')
		if open < 0 || end < open {
			return "", fmt.Errorf("%s takes fewer arguments", r.name())
		}
		if arg == "" || arg == "." || arg == ".." {
			return "", fmt.Errorf("%s: %s is %q", r.name(), rest[open+1:end], arg)
		}
		path.WriteString(rest[:open])
		path.WriteString(url.PathEscape(arg))
		rest = rest[end+1:]
	}
	if strings.IndexByte(rest, '{') >= 0 {
		return "", fmt.Errorf("%s takes more arguments", r.name())
	}
	return path.String() + rest, nil
}

// permissions are the distinct permissions of the table, sorted.
func permissions() []string {
	var all []string
	for _, r := range routes() {
		if r.needs != "" {
			all = append(all, r.needs)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
