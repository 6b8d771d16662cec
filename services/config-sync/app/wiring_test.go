package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/host"
	configsyncv1 "engage.connector/proto/configsync/v1"
	"engage.connector/services/config-sync/app"
	"engage.connector/services/config-sync/internal/orgtest"
	"engage.connector/tests/databases/pgtest"
	"engage.connector/tests/databases/tdsstandin"
	"engage.connector/tests/databases/tnsstandin"
)

// The tests of this file go the whole way: an environment or an option of the transaction at one end, the
// organization at the other.

// arrives waits for a user with these attributes.
func (s *site) arrives(t *testing.T, name, attributes string) {
	t.Helper()
	eventually(t, func() bool { return strings.Contains(s.org.State().Users[name], attributes) }, name+": "+attributes)
}

// roles sets the options that name roles.
func (s *site) roles(t *testing.T, options map[string]string) {
	t.Helper()
	options["client_id"], options["client_secret"] = orgtest.ClientID, orgtest.ClientSecret
	s.option(t, "config_sync", options)
}

// A supervisor who becomes an agent gets the roles of agents on top of those that it has.
//
// ledger: E-EXCS-082
func TestSupervisorWhoBecomesAnAgent(t *testing.T) {
	s := newSite(t)
	s.roles(t, map[string]string{"supervisor_role_names": "Supervisor"})
	s.start(t).waitForSuccess(t)
	require.Contains(t, s.org.State().Users["ann@x.example"], "|[Supervisor]|")
	s.exec(t, "DELETE FROM cfg_flex_prop WHERE object_dbid = 301 AND object_type = 3")
	s.arrives(t, "ann@x.example", "|[Supervisor User employee]|")
}

// Non-agents get the role Employee, or those that the option names.
//
// ledger: E-EXCS-073
// ledger: E-EXCS-076
func TestRolesOfNonAgents(t *testing.T) {
	for option, want := range map[string]string{"": "|[employee]|", " User , Supervisor": "|[Supervisor User]|"} {
		s := newSite(t)
		if option != "" {
			s.roles(t, map[string]string{"nonagent_role_names": option})
		}
		s.exec(t, "UPDATE cfg_person SET employee_id = 'zoe@x.example' WHERE dbid = 303")
		s.start(t).waitForSuccess(t)
		require.Contains(t, s.org.State().Users["zoe@x.example"], want)
	}
}

// A change of a mapped object in the Config DB reaches its object in the organization.
//
// ledger: E-EXCS-020
func TestChangesReachTheOrganization(t *testing.T) {
	s := newSite(t)
	s.start(t).waitForSuccess(t)
	id := s.org.UserID("bob@x.example")
	s.exec(t, "UPDATE cfg_person SET last_name = 'Rayner', user_name = 'robert@x.example' WHERE dbid = 302")
	s.arrives(t, "robert@x.example", "Bob Rayner|302_robert@x.example|true")
	require.Equal(t, id, s.org.UserID("robert@x.example"), "the same user")
	s.exec(t, "UPDATE cfg_dn SET number_ = 'VQ_Leads' WHERE dbid = 201")
	eventually(t, func() bool { return s.org.QueueID("VQ_Leads__SIP_Switch__Engage-external") != "" }, "the queue")
}

// Names that differ in case only, from the beginning or later, become one object, which every Engage object is
// mapped to; the organization is not asked for a second one that it would refuse.
//
// ledger: E-EXCS-026
// ledger: E-EXCS-029
func TestNamesThatDifferInCaseOnly(t *testing.T) {
	s := newSite(t)
	s.exec(t, "INSERT INTO cfg_skill(dbid,name,tenant_dbid,state) VALUES (405,'SPANISH',101,1)")
	service := s.start(t)
	service.waitForSuccess(t)
	s.exec(t, "INSERT INTO cfg_dn(dbid,switch_dbid,number_,name,type,state) VALUES (209,101,'vq_sales_leads','',5,1)")
	s.exec(t, "INSERT INTO cfg_enumerator_value(dbid,enumerator_dbid,name,display_name,state) VALUES (719,701,'RESOLVED','',1)")
	s.exec(t, "INSERT INTO cfg_person(dbid,tenant_dbid,user_name,is_agent,state) VALUES (309,101,'BOB@x.example',2,1)")
	for _, pair := range [][3]string{{"skills", "401", "405"}, {"queues", "201", "209"}, {"wrapupcodes", "Resolved", "RESOLVED"}, {"users", "302", "309"}} {
		eventually(t, func() bool {
			return service.cloudID(t, pair[0], pair[2]) != "" && service.cloudID(t, pair[0], pair[1]) == service.cloudID(t, pair[0], pair[2])
		}, fmt.Sprint(pair))
	}
	state := s.org.State()
	require.Len(t, state.Users, 2)
	require.Len(t, state.Queues, 1)
	require.Equal(t, []string{"Spanish"}, state.Skills)
	require.Equal(t, []string{"Resolved"}, state.Codes)
	require.Equal(t, "Success", service.status(t))
}

// cloudID is the object that an Engage object is mapped to.
func (s *service) cloudID(t *testing.T, kind, id string) string {
	t.Helper()
	_, body := s.get(t, "/api/v1/mappings/"+kind+"/"+id)
	var answer struct{ Data struct{ CloudID string } }
	require.NoError(t, json.Unmarshal([]byte(body), &answer), body)
	return answer.Data.CloudID
}

// The annex option hybrid/WFM_queue_number links a group to its queue; with another value its members
// move.
//
// ledger: E-EXCS-047
func TestGroupsAreLinkedByTheirAnnex(t *testing.T) {
	s := newSite(t)
	s.exec(t, "INSERT INTO cfg_dn(dbid,switch_dbid,number_,name,type,state) VALUES (206,101,'VQ_Support','VQ_Support',5,1)")
	s.annex(t, 502, 5, "hybrid", "WFM_queue_number", " VQ_Support ")
	s.start(t).waitForSuccess(t)
	const support, leads = "VQ_Support__SIP_Switch__Engage-external", "VQ_Sales_Leads__SIP_Switch__Engage-external"
	require.Contains(t, s.org.State().Queues[support], "[bob@x.example]")
	s.exec(t, "UPDATE cfg_flex_prop SET prop_value = 'VQ_Sales_Leads' WHERE prop_value = ' VQ_Support '")
	eventually(t, func() bool {
		queues := s.org.State().Queues
		return strings.Contains(queues[leads], "[ann@x.example bob@x.example]") && strings.Contains(queues[support], "|[]|")
	}, "the members move")
}

// The description of a queue names the tenant by TENANT_NAME, else by TENANT_ID. An instance has either: one
// without TENANT_ID does not start, so that default_tenant is never needed.
//
// ledger: E-EXCS-057
func TestTenantOfTheDescription(t *testing.T) {
	s := newSite(t)
	delete(s.env, "TENANT_NAME")
	s.start(t).waitForSuccess(t)
	require.Contains(t, s.org.State().Queues["VQ_Sales_Leads__SIP_Switch__Engage-external"], "Engage Reference: 101-SIP_Switch-VQ_Sales_Leads;")
	delete(s.env, "TENANT_ID")
	_, err := app.Load(s.environ())
	require.ErrorContains(t, err, "TENANT_ID")
}

// By default Virtual Queues become queues; with SYNC_QUEUE_DN_TYPES the other types do too.
//
// ledger: E-EXCS-100
func TestDNTypesThatBecomeQueues(t *testing.T) {
	s := newSite(t)
	s.env["SYNC_QUEUE_DN_TYPES"] = "virtual_queue, acd_queue,routing_queue,routing_point"
	s.exec(t, "INSERT INTO cfg_dn(dbid,switch_dbid,number_,name,type,state) VALUES (206,101,'ACD','',3,1), (207,101,'RQ','',22,1)")
	s.start(t).waitForSuccess(t)
	require.Len(t, s.org.State().Queues, 4)
	for _, number := range []string{"VQ_Sales_Leads", "7000", "ACD", "RQ"} {
		require.NotEmpty(t, s.org.QueueID(number+"__SIP_Switch__Engage-external"), number)
	}
}

// GC_QUEUE_NAME_SUFFIX ends the names of queues.
//
// ledger: E-EXCS-118
func TestSuffixOfQueues(t *testing.T) {
	s := newSite(t)
	s.env["GC_QUEUE_NAME_SUFFIX"] = "-From-Engage"
	s.start(t).waitForSuccess(t)
	require.NotEmpty(t, s.org.QueueID("VQ_Sales_Leads__SIP_Switch__From-Engage"))
}

// With SYNC_CUSTOMER_OBJECTS_ONLY only what is in the folders is synchronised, without it everything.
//
// ledger: E-EXCS-113
func TestCustomerObjectsOnly(t *testing.T) {
	for only, want := range map[string]int{"false": 2, "true": 1} {
		s := newSite(t)
		s.env["SYNC_CUSTOMER_OBJECTS_ONLY"], s.env["SYNC_CUSTOMER_FOLDER_NAME"] = only, "Other, EX_EVOLUTION"
		s.start(t).waitForSuccess(t)
		require.Len(t, s.org.State().Users, want, only)
		require.NotEmpty(t, s.org.UserID("ann@x.example"))
	}
}

// The port of the service is the one that is set.
//
// ledger: E-EXCS-105
func TestPortOfTheService(t *testing.T) {
	s := newSite(t)
	port := pgtest.FreePort(t)
	s.env["HTTP_ADDR"] = "127.0.0.1:" + strconv.Itoa(port)
	service := s.start(t)
	service.waitForSuccess(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+strconv.Itoa(port)+"/health", http.NoBody)
	require.NoError(t, err)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

// The presences that the other services learn are the organization's system presences; secondary ones of
// the organization's own are left alone.
//
// ledger: E-EXCS-008
func TestOnlySystemPresencesAreMapped(t *testing.T) {
	s := newSite(t)
	service := s.start(t)
	service.waitForSuccess(t)
	conn, err := host.DialGRPC(service.GRPCAddr(), host.TLSFiles{}, "shared")
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	resp, err := configsyncv1.NewConfigSyncServiceClient(conn).Resolve(t.Context(), &configsyncv1.ResolveRequest{Keys: []*configsyncv1.MappingKey{
		{Kind: configsyncv1.MappingKind_MAPPING_KIND_PRESENCE, EngageId: "Break"}, {Kind: configsyncv1.MappingKind_MAPPING_KIND_PRESENCE, EngageId: "own"},
	}})
	require.NoError(t, err)
	require.Len(t, resp.GetMappings(), 1)
	require.Equal(t, "presence-Break", resp.GetMappings()[0].GetCloudId())
	for _, path := range s.org.Paths() {
		require.NotRegexp(t, `^(POST|PUT|PATCH|DELETE) .*presence/definitions`, path)
	}
}

// A first synchronisation of 1,000 agents takes less than five minutes at the allowance that an OAuth client
// has by default, a tenth of what the guide says.
//
// ledger: E-EXCS-120
func TestTimeOfTheFirstSynchronisation(t *testing.T) {
	s := newSite(t)
	delete(s.env, "GENESYS_CLOUD_REQUESTS_PER_MINUTE")
	s.exec(t, `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 997)
		INSERT INTO cfg_person(dbid,tenant_dbid,first_name,last_name,user_name,is_agent,state)
		SELECT 10000 + i, 101, 'Agent', i, 'agent' || i || '@x.example', 2, 1 FROM n`)
	code, stdout, stderr := s.command(t, "plan", "-json", "-refresh=false")
	require.Equal(t, 3, code, stderr)
	var plan struct {
		RequestsPerMinute, Calls, ExpectedSeconds int
		Totals                                    []struct {
			Action, Kind string
			Objects      int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &plan))
	require.Equal(t, 291, plan.RequestsPerMinute)
	require.Greater(t, plan.Calls, 1000)
	require.Less(t, plan.ExpectedSeconds, 300)
	require.Contains(t, fmt.Sprintf("%+v", plan.Totals), "{Action:create Kind:users Objects:1000}")
}

// backend makes the site's Config DB in a PostgreSQL server, in a schema, for stand-ins of other servers.
func (s *site) backend(t *testing.T, schema string, first ...string) string {
	t.Helper()
	server := pgtest.Start(t)
	statements := append(first, "CREATE SCHEMA "+schema, "SET search_path TO "+schema)
	for _, file := range []string{"schema.sql", "seed.sql"} {
		text, err := os.ReadFile(filepath.Join("..", "configdb", "testdata", file))
		require.NoError(t, err)
		statements = append(statements, string(text))
	}
	id := 30_000
	for section, options := range map[string]map[string]string{
		"general":     {"organization_id": "org-1", "base_service_url": s.orgURL + " ", "base_auth_url": " " + s.orgURL},
		"config_sync": {"client_id": orgtest.ClientID, "client_secret": orgtest.ClientSecret},
	} {
		id++
		statements = append(statements, "DELETE FROM cfg_flex_prop WHERE object_dbid = 801 AND object_type = 16 AND dbid IN (9010, 9011)",
			fmt.Sprintf("INSERT INTO cfg_flex_prop VALUES (%d,801,16,0,3,'%s',NULL,1)", id, section))
		parent := id
		for option, value := range options {
			id++
			statements = append(statements, fmt.Sprintf("INSERT INTO cfg_flex_prop VALUES (%d,801,16,%d,0,'%s','%s',1)", id, parent, option, value))
		}
	}
	server.Database(t, "config", statements...)
	return server.URL("config")
}

// A center whose Config DB is Oracle or SQL Server arrives in the organization, and only with the right
// password. The servers are stand-ins that speak their protocols.
//
// ledger: E-EXCS-096
// ledger: E-EXCS-098
// ledger: E-EXCS-110
func TestConfigDBsOfOtherVendors(t *testing.T) {
	const password = "p@ss:w/rd?&=%20"
	for dbType, start := range map[string]func(*site) int{
		"oracle": func(s *site) int {
			return tnsstandin.Start(t, tnsstandin.Options{Backend: s.backend(t, "ccadmin", tnsstandin.Catalogue()...), User: "reader", Service: "CFGDB"}).Port
		},
		"mssql": func(s *site) int {
			return tdsstandin.Start(t, tdsstandin.Options{
				Backend: s.backend(t, "dbo", tdsstandin.Catalogue(true)...), User: "reader", Password: password, Database: "CFGDB", Snapshots: true,
			}).Port
		},
	} {
		t.Run(dbType, func(t *testing.T) {
			s := newSite(t)
			s.env["CONFIG_DB_TYPE"], s.env["CONFIG_DB_HOST"], s.env["CONFIG_DB_NAME"] = dbType, "127.0.0.1", "CFGDB"
			s.env["CONFIG_DB_PORT"] = strconv.Itoa(start(s))
			s.env["CONFIG_DB_USER"], s.env["CONFIG_DB_PASSWORD"] = "reader", password
			service := s.start(t)
			service.waitForSuccess(t)
			require.Len(t, s.org.State().Users, 2)
			require.Len(t, s.org.State().Queues, 1)
			service.stop()
			if dbType == "mssql" { // the other stand-in does not know passwords
				s.env["CONFIG_DB_PASSWORD"] = "wrong"
				refused := s.start(t)
				eventually(t, func() bool { return refused.status(t) == "Failed" }, "refused")
				require.NotContains(t, refused.log.String(), "wrong\"")
			}
		})
	}
}
