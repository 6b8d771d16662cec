package app

import (
	"cmp"
	"context"
	"sync"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/pkg/uses"
	orgcloud "engage.connector/services/config-sync/cloud"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/syncer"
)

// cloud gives out the client of the organization that hybrid_integration names. The environment
// comes first. Another address or other credentials make another client.
type cloud struct {
	config Config
	build  func(genesys.Options) (*genesys.Client, error)

	mu      sync.Mutex
	current *genesys.Client
	access  access
}

// access is where the organization is and how to log in.
type access struct{ apiURL, authURL, clientID, clientSecret string }

func (c *cloud) resolve(options configmodel.Options) access {
	return access{
		apiURL:       cmp.Or(c.config.CloudAPIURL, options.Get(configmodel.SectionGeneral, "base_service_url")),
		authURL:      cmp.Or(c.config.CloudAuthURL, options.Get(configmodel.SectionGeneral, "base_auth_url")),
		clientID:     cmp.Or(c.config.CloudClientID, options.Get(configmodel.SectionConfigSync, "client_id")),
		clientSecret: cmp.Or(c.config.CloudClientSecret.Reveal(), options.Get(configmodel.SectionConfigSync, "client_secret")),
	}
}

// client returns the client for the options.
func (c *cloud) client(options configmodel.Options) (*genesys.Client, error) {
	const op = "app.cloud"
	wanted := c.resolve(options)
	for _, row := range []struct{ value, option string }{
		{wanted.apiURL, "general/base_service_url"}, {wanted.authURL, "general/base_auth_url"},
		{wanted.clientID, "config_sync/client_id"}, {wanted.clientSecret, "config_sync/client_secret"},
	} {
		if row.value == "" {
			return nil, fault.Newf(fault.Invalid, op, "option %s of the transaction hybrid_integration is not set", row.option).
				WithHint("set it in the Engage configuration")
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil && c.access == wanted {
		return c.current, nil
	}
	client, err := c.build(genesys.Options{
		APIURL: wanted.apiURL, AuthURL: wanted.authURL, ClientID: wanted.clientID, ClientSecret: wanted.clientSecret,
	})
	if err != nil {
		return nil, err
	}
	c.current, c.access = client, wanted
	return client, nil
}

// organization implements the syncer's need.
func (c *cloud) organization(options configmodel.Options) (syncer.Cloud, error) {
	client, err := c.client(options)
	if err != nil {
		return nil, err
	}
	return orgcloud.New(client), nil
}

// check tells whether a log-in succeeds.
func (c *cloud) check(ctx context.Context, options configmodel.Options, known bool) error {
	if !known {
		return fault.New(fault.Unavailable, "app.cloud", "the options in the Config DB have not been read yet")
	}
	client, err := c.client(options)
	if err != nil {
		return err
	}
	return client.Check(ctx)
}

// lastUses are how the org's operations were last used; lastUse is the newest of them.
func (c *cloud) lastUses() map[string]uses.Use {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return nil
	}
	return c.current.LastUses()
}

func (c *cloud) lastUse() uses.Use {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return uses.Use{}
	}
	return c.current.LastUse()
}
