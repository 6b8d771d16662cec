// Package cloud is the organization as config-sync needs it: the areas of the API behind one client.
package cloud

import (
	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/presence"
	"engage.connector/pkg/genesys/routing"
	"engage.connector/pkg/genesys/users"
)

// Each area of the API calls its type API; embedded they need names of their own.
type (
	presenceAPI = presence.API
	routingAPI  = routing.API
	usersAPI    = users.API
)

// Org is the organization behind one client; they share its token and its request budget.
type Org struct {
	*presenceAPI
	*routingAPI
	*usersAPI

	client *genesys.Client
}

// New returns the organization behind a client.
func New(client *genesys.Client) *Org {
	return &Org{presenceAPI: presence.New(client), routingAPI: routing.New(client), usersAPI: users.New(client), client: client}
}

// Budget is what is left of the client's request allowance.
func (o *Org) Budget() genesys.BudgetSnapshot { return o.client.Budget() }
