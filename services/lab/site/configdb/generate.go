package configdb

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// Options says which center to generate.
type Options struct {
	Agents int   // agents with a seat, 1..20000
	Seed   int64 // same seed and options, same center
	Hybrid Hybrid
	Names  Names // undocumented names; empty ones take the reference schema's
}

const (
	tenantDBID   = 101
	tenantName   = "Resources"
	switchDBID   = 101
	switchName   = "SIP_Switch"
	folderName   = "EX_EVOLUTION"
	maxAgents    = 20_000
	agentsPerVQ  = 10
	agentsPerSup = 10
)

// center is a generated Config DB: rows to write and the model of what they mean.
type center struct {
	names Names
	rows  *rowSet
	model Model
	rng   *rand.Rand
	// folders holds the dbid of the folder for each purpose, see folderTree.
	folders map[string]int64
}

// generate builds the rows of a center. It does no I/O.
func generate(o Options) (*center, error) {
	if o.Agents < 1 || o.Agents > maxAgents {
		return nil, fmt.Errorf("configdb: %d agents, want 1..%d", o.Agents, maxAgents)
	}
	names := o.Names.withDefaults()
	if err := names.validate(); err != nil {
		return nil, errors.Join(errors.New("configdb: bad names"), err)
	}
	c := &center{
		names:   names,
		rows:    newRowSet(),
		rng:     rand.New(rand.NewPCG(uint64(o.Seed), 0x636f6e666967)), //nolint:gosec // a seeded lab, not a secret
		folders: map[string]int64{},
		model:   Model{TenantDBID: tenantDBID, Tenant: tenantName, SwitchDBID: switchDBID, Switch: switchName},
	}
	c.infrastructure()
	c.folderTree()
	c.queues(max(2, (o.Agents+agentsPerVQ-1)/agentsPerVQ))
	c.agents(o.Agents)
	c.otherPersons()
	c.groups()
	c.businessAttributes()
	c.transaction(o.Hybrid)
	return c, nil
}

// infrastructure writes tenants, the switch and the caption rows by which a reader can check the enumerations.
func (c *center) infrastructure() {
	const tenant = "dbid name state is_super_tenant is_serv_provider parent_tenant_dbid"
	c.rows.add("cfg_tenant", tenant, 1, "Environment", stateEnabled, flagTrue, flagTrue, nil)
	c.rows.add("cfg_tenant", tenant, tenantDBID, tenantName, stateEnabled, flagFalse, flagFalse, 1)
	c.rows.add("cfg_switch", "dbid tenant_dbid phys_switch_dbid type name link_type state",
		switchDBID, tenantDBID, 101, switchTypeSIP, switchName, 1, stateEnabled)
	for number, caption := range map[int]string{1: "Extension", 2: "ACD Position", 3: "ACD Queue", 4: "Routing Point", 5: "Virtual Queue", 22: "Routing Queue"} {
		c.caption(5, number, caption)
	}
	for number, caption := range map[int]string{1: "Enabled", 2: "Disabled", 3: "Deleted"} {
		c.caption(0, number, caption)
	}
	sortRows(c.rows.byName["cfg_locale"], 2, 3)
}

func (c *center) caption(kind, number int, text string) {
	c.rows.add("cfg_locale", "lcid lc_class lc_type lc_subtype lc_value", 1, 8, kind, number, text)
}

// folderTree makes the configuration units (roots) and, below persons, skills, agent groups and
// DNs, a folder of the same name that a folder filter can select.
func (c *center) folderTree() {
	dbid := int64(600)
	add := func(key, name string, kind int, owner int64, ownerType int, parent int64, parentType int) int64 {
		dbid++
		c.rows.add(c.names.Folder, "dbid name type owner_dbid owner_type parent_dbid parent_type state",
			dbid, name, kind, owner, ownerType, parent, parentType, stateEnabled)
		c.folders[key] = dbid
		return dbid
	}
	for _, root := range []struct {
		key, name        string
		kind             int
		owner, ownerType int
		sub              []string
	}{
		{"persons", "Persons", objectPerson, tenantDBID, objectTenant, []string{"Team A", "Team B"}},
		{"skills", "Skills", objectSkill, tenantDBID, objectTenant, nil},
		{"groups", "Agent Groups", objectAgentGroup, tenantDBID, objectTenant, nil},
		{"dns", "DNs", objectDN, switchDBID, objectSwitch, []string{"Extensions", "Queues"}},
	} {
		top := add(root.key, root.name, root.kind, int64(root.owner), root.ownerType, int64(root.owner), root.ownerType)
		chosen := add(root.key+"/ex", folderName, root.kind, int64(root.owner), root.ownerType, top, objectFolder)
		for _, name := range root.sub {
			add(root.key+"/"+name, name, root.kind, int64(root.owner), root.ownerType, chosen, objectFolder)
		}
	}
	add("logins", "Agent Logins", objectAgentLogin, switchDBID, objectSwitch, switchDBID, objectSwitch)
	add("transactions", "Transactions", objectTransaction, tenantDBID, objectTenant, tenantDBID, objectTenant)
	add("attributes", "Business Attributes", objectEnumerator, tenantDBID, objectTenant, tenantDBID, objectTenant)
}

// place puts an object into a folder.
func (c *center) place(folder string, objectType int, dbid int64) {
	c.rows.add(c.names.FolderObject, "folder_dbid object_dbid object_type", c.folders[folder], dbid, objectType)
}

// dn writes a DN of the switch; the alias differs from the number for everything but Virtual Queues.
func (c *center) dn(number string, kind int, folder string) int64 {
	dbid := int64(101)
	if t := c.rows.byName["cfg_dn"]; t != nil {
		dbid += int64(len(t.rows))
	}
	alias := number
	if kind != dnVirtualQueue {
		alias = number + "_" + switchName
	}
	c.rows.add("cfg_dn", "dbid tenant_dbid switch_dbid number_ name type state",
		dbid, tenantDBID, switchDBID, number, alias, kind, stateEnabled)
	c.place(folder, objectDN, dbid)
	return dbid
}

// businessAttributes writes the disposition codes a reader must take and three attributes that it must leave.
func (c *center) businessAttributes() {
	values := int64(700)
	for i, a := range []struct {
		name     string
		kind     int
		state    int
		contains string
		values   []string
		disabled string
		usable   bool
	}{
		{"DispositionCode", enumInteractionOperational, stateEnabled, "", []string{"Resolved", "Callback", "Escalated", "Sale", "Complaint"}, "Retired Code", true},
		{"TechSupportDispositions", enumInteractionOperational, stateEnabled, "dispositions", []string{"Resolved", "Hardware Fault", "Software Fault"}, "", true},
		{"OldDispositions", enumInteractionOperational, stateDisabled, "dispositions", []string{"Obsolete"}, "", false},
		{"CustomerSegment", enumInteractionOperational, stateEnabled, "segments", []string{"Gold", "Silver"}, "", false},
		{"CustomList", enumCustom, stateEnabled, "dispositions", []string{"Custom One"}, "", false},
	} {
		dbid := int64(101 + i)
		c.rows.add(c.names.Enumerator, "dbid tenant_dbid name display_name type state",
			dbid, tenantDBID, a.name, a.name, a.kind, a.state)
		c.place("attributes", objectEnumerator, dbid)
		if a.contains != "" {
			c.rows.annex(c.names, objectEnumerator, dbid, []option{{"htcc", "contains", a.contains}})
		}
		add := func(name string, state int) {
			values++
			c.rows.add(c.names.EnumeratorValue, "dbid tenant_dbid enumerator_dbid name display_name state",
				values, tenantDBID, dbid, name, name, state)
		}
		for _, name := range a.values {
			add(name, stateEnabled)
			if a.usable && !contains(c.model.Dispositions, name) {
				c.model.Dispositions = append(c.model.Dispositions, name)
			}
		}
		if a.disabled != "" {
			add(a.disabled, stateDisabled)
		}
	}
}

// transaction writes hybrid_integration, and one of the same name and another type that must not be taken for it.
func (c *center) transaction(h Hybrid) {
	const columns = "dbid tenant_dbid name type record_period alias description state"
	c.rows.add(c.names.Transaction, columns, 101, tenantDBID, "hybrid_integration", 1, 0, "hybrid_integration", "Not the one", stateEnabled)
	c.rows.add(c.names.Transaction, columns, 102, tenantDBID, "hybrid_integration", transactionList, 0, "hybrid_integration", "EX Engage Connector", stateEnabled)
	c.place("transactions", objectTransaction, 101)
	c.place("transactions", objectTransaction, 102)
	c.rows.annex(c.names, objectTransaction, 102, h.options())
}
