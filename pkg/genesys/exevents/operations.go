package exevents

import (
	"net/http"

	"engage.connector/pkg/genesys"
)

// The operations of the area. Paths and permissions are those of the API's Swagger definition
// (x-inin-requires-permissions).
var (
	injectConversations = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/events/conversations", Permission: "conversation:conversation:inject", Source: "swagger postEventsConversations; repeated with the same event ids"}
	injectPresence      = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/events/users/presence", Permission: "presence:userPresence:inject", Source: "swagger postEventsUsersPresence; repeated with the same event ids"}
	injectRoutingStatus = genesys.Operation{Method: http.MethodPost, Path: "/api/v2/events/users/routingstatus", Permission: "routing:routingstatus:inject", Source: "swagger postEventsUsersRoutingstatus; repeated with the same event ids"}
)

// Operations lists the operations of the area.
func Operations() []genesys.Operation {
	return []genesys.Operation{injectConversations, injectPresence, injectRoutingStatus}
}
