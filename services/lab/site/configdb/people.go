package configdb

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// queues writes routing points, Virtual Queues and one skill per queue.
func (c *center) queues(n int) {
	topics := []string{"Sales", "Support", "Billing", "Claims", "Orders", "Returns", "Retention", "Travel", "Spanish", "German"}
	for i := range n {
		topic := topics[i%len(topics)]
		if round := i / len(topics); round > 0 {
			topic = fmt.Sprintf("%s_%d", topic, round+1)
		}
		number := "VQ_" + topic
		c.model.Queues = append(c.model.Queues, Queue{
			DBID: c.dn(number, dnVirtualQueue, "dns/Queues"), Number: number, Switch: switchName,
			Skill: topic, Group: groupName(topic, i), Virtual: virtual(i),
		})
		c.skill(topic)
	}
	c.skill("Unused")
	for i := range max(2, n/4) {
		number := fmt.Sprintf("9%03d", i+1)
		c.model.RoutingPoints = append(c.model.RoutingPoints, RoutingPoint{
			DBID: c.dn(number, dnRoutingPoint, "dns/Queues"), Number: number, DNIS: fmt.Sprintf("+1800555%04d", 100+i),
		})
	}
}

// virtual tells whether queue i is linked to a group with a script (every second one).
func virtual(i int) bool { return i%2 == 1 }

func groupName(topic string, i int) string {
	if virtual(i) {
		return "VAG_" + topic
	}
	return "AG_" + topic
}

func (c *center) skill(name string) {
	dbid := int64(101 + len(c.model.Skills))
	c.rows.add("cfg_skill", "dbid name tenant_dbid state", dbid, name, tenantDBID, stateEnabled)
	c.place("skills/ex", objectSkill, dbid)
	c.model.Skills = append(c.model.Skills, name)
}

// agents writes n agents with their seats. Where the e-mail address is found differs from one to the next.
func (c *center) agents(n int) {
	extension, login := 4000, 7000
	if n > 900 {
		extension, login = 40_000, 70_000
	}
	for i := range n {
		a := Agent{
			Person:    c.person(i),
			DN:        fmt.Sprint(extension + 1 + i),
			LoginCode: fmt.Sprint(login + 1 + i),
			Skills:    map[string]int{},
		}
		a.Supervisor = i%agentsPerSup == agentsPerSup-1 || (n < agentsPerSup && i == n-1)
		c.writePerson(a.Person, stateEnabled, []string{"persons/Team A", "persons/Team B"}[i%2])
		a.DNDBID = c.dn(a.DN, dnExtension, "dns/Extensions")
		c.seat(a, int64(101+i))
		c.assign(&a, i)
		c.model.Agents = append(c.model.Agents, a)
	}
}

// person makes up person i; its DBID follows from its place.
func (c *center) person(i int) Person {
	first := firstNames()[c.rng.IntN(len(firstNames()))]
	last := lastNames()[c.rng.IntN(len(lastNames()))]
	p := Person{
		DBID: int64(101 + i), FirstName: first, LastName: last, IsAgent: true, Enabled: true,
		Email: fmt.Sprintf("%s.%s.%d@lab.example", strings.ToLower(first), strings.ToLower(last), i+1),
	}
	short := fmt.Sprintf("%s%s%04d", strings.ToLower(first[:1]), strings.ToLower(last), i+1)
	switch i % 4 {
	case 2: // only the employee id is an address
		p.UserName, p.EmployeeID = short, p.Email
	case 3: // only the e-mail column has one
		p.UserName, p.EmployeeID = short, fmt.Sprintf("E%05d", i+1)
	default:
		p.UserName, p.EmployeeID = p.Email, fmt.Sprintf("E%05d", i+1)
	}
	return p
}

// writePerson writes the person's row, folder and, for a supervisor, the HTCC roles.
func (c *center) writePerson(p Person, state int, folder string) {
	var email any
	if p.Email != "" && p.Email != p.UserName && p.Email != p.EmployeeID {
		email = p.Email
	}
	agent := flagFalse
	if p.IsAgent {
		agent = flagTrue
	}
	c.rows.add("cfg_person",
		"dbid tenant_dbid last_name first_name employee_id user_name is_agent is_admin state "+c.names.EmailColumn,
		p.DBID, tenantDBID, p.LastName, p.FirstName, p.EmployeeID, p.UserName, agent, flagFalse, state, email)
	c.place(folder, objectPerson, p.DBID)
	if p.Supervisor {
		c.rows.annex(c.names, objectPerson, p.DBID, []option{{"htcc", "roles", "Agent,Supervisor"}})
	}
}

// seat writes the agent's login and ties it to him.
func (c *center) seat(a Agent, dbid int64) {
	c.rows.add("cfg_agent_login", "dbid tenant_dbid switch_dbid login_code state",
		dbid, tenantDBID, switchDBID, a.LoginCode, stateEnabled)
	c.place("logins", objectAgentLogin, dbid)
	c.rows.add("cfg_login_info", "person_dbid agent_login_dbid wrapup_time", a.DBID, dbid, 0)
}

// assign gives the agent his queues and the skills that the groups' scripts ask for.
func (c *center) assign(a *Agent, i int) {
	member := []int{i % len(c.model.Queues)}
	if i%3 == 0 {
		member = append(member, (i+1)%len(c.model.Queues))
	}
	for _, q := range member {
		queue := c.model.Queues[q]
		a.Queues = append(a.Queues, queue.Number)
		a.Skills[queue.Skill] = 5 + c.rng.IntN(5)
	}
	// One more skill below every script's bound: it is synchronised but makes no member.
	other := c.model.Skills[c.rng.IntN(len(c.model.Skills))]
	if _, has := a.Skills[other]; !has {
		a.Skills[other] = 1 + c.rng.IntN(3)
	}
	for s, name := range c.model.Skills {
		if level, has := a.Skills[name]; has {
			c.rows.add("cfg_skill_level", "person_dbid skill_dbid level_", a.DBID, int64(101+s), level)
		}
	}
}

// otherPersons writes who is no seated agent: the built-in administrator, a non-agent, an agent
// without any address and a disabled agent.
func (c *center) otherPersons() {
	next := int64(101 + len(c.model.Agents))
	for i, p := range []Person{
		{FirstName: "Nora", LastName: "Office", UserName: "nora.office@lab.example", EmployeeID: "E90001", Email: "nora.office@lab.example", Enabled: true},
		{FirstName: "Max", LastName: "Mailless", UserName: "mmailless", EmployeeID: "E90002", IsAgent: true, Enabled: true},
		{FirstName: "Dora", LastName: "Disabled", UserName: "dora.disabled@lab.example", EmployeeID: "E90003", Email: "dora.disabled@lab.example", IsAgent: true},
	} {
		p.DBID = next + int64(i)
		state := stateEnabled
		if !p.Enabled {
			state = stateDisabled
		}
		c.writePerson(p, state, "persons")
		c.model.Others = append(c.model.Others, p)
	}
	// Person 100 belongs to the environment tenant.
	c.rows.add("cfg_person", "dbid tenant_dbid last_name first_name employee_id user_name is_agent is_admin state "+c.names.EmailColumn,
		100, 1, "default", "default", "default", "default", flagFalse, flagTrue, stateEnabled, nil)
}

// groups writes one agent group per queue, with members or with a script, and one without a queue.
func (c *center) groups() {
	for i, q := range c.model.Queues {
		dbid := int64(101 + i)
		c.group(dbid, q.Group)
		annex := []option{{"hybrid", "WFM_queue_number", q.Number}}
		if q.Virtual {
			annex = append(annex, option{"virtual", "script", script(q.Skill, i)})
		} else {
			for _, a := range c.model.Agents {
				if contains(a.Queues, q.Number) {
					c.rows.add("cfg_agent_group", "group_dbid agent_dbid", dbid, a.DBID)
				}
			}
		}
		c.rows.annex(c.names, objectAgentGroup, dbid, annex)
	}
	unlinked := int64(101 + len(c.model.Queues))
	c.group(unlinked, "AG_Unlinked")
	c.rows.add("cfg_agent_group", "group_dbid agent_dbid", unlinked, c.model.Agents[0].DBID)
}

func (c *center) group(dbid int64, name string) {
	c.rows.add("cfg_group", "dbid group_type tenant_dbid name state", dbid, groupTypeAgent, tenantDBID, name, stateEnabled)
	c.place("groups/ex", objectAgentGroup, dbid)
}

// script is a virtual group's expression: everybody with the skill at 5 or more. The first is
// written at such length, with alternatives that nobody meets, that it takes several annex rows.
func script(skill string, i int) string {
	if i%4 != 1 {
		return fmt.Sprintf(`Skill("%s") >= 5`, skill)
	}
	terms := []string{fmt.Sprintf(`(Skill("%s") >= 5 & SkillExists("%s"))`, skill, skill)}
	for n := range 9 {
		terms = append(terms, fmt.Sprintf(`(Skill("%s") > %d & ~SkillExists("Legacy_%02d") & Skill("Unused") = 77)`, skill, 80+n, n))
	}
	return strings.Join(terms, " | ")
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// sortRows orders rows by two integer columns (rows that were made from a map).
func sortRows(t *table, first, second int) {
	slices.SortFunc(t.rows, func(a, b []any) int {
		return cmp.Or(cmp.Compare(a[first].(int), b[first].(int)), cmp.Compare(a[second].(int), b[second].(int)))
	})
}

func firstNames() []string {
	return []string{"Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gwen", "Hugo", "Ida", "Jon", "Kira", "Leo", "Mia", "Noah", "Olga", "Paul", "Quinn", "Rosa", "Sam", "Tara", "Udo", "Vera", "Will", "Xenia", "Yara", "Zeno"}
}

func lastNames() []string {
	return []string{"Abbott", "Baker", "Carter", "Dietrich", "Evans", "Fischer", "Garcia", "Haas", "Ivanov", "Jensen", "Keller", "Lopez", "Moreau", "Novak", "Olsen", "Peters", "Quist", "Rossi", "Silva", "Tanaka", "Ulrich", "Vargas", "Weber", "Xu", "Young", "Ziegler"}
}
