// Package history makes random but legal histories of a contact center: what the links of two
// Engage sites say about inbound, outbound, internal and consultation calls, with every event in
// its place and a record of what really happened. One function picks every choice, so the same
// picks give the same history, and smaller picks give a smaller one.
package history

// Desk is an extension, with the log-in of the agent who uses it.
type Desk struct {
	DN    string
	Site  string
	Login string // empty: nobody ever logs in
	User  bool   // the agent has a user in the org
}

// Line is a routing point or a virtual queue.
type Line struct {
	DN     string
	Site   string
	Mapped bool // the queue has a queue in the org
}

// The sites.
const (
	SiteA = "A"
	SiteB = "B"
)

// Desks are the extensions of both sites.
func Desks() []Desk {
	return []Desk{
		{DN: "4001", Site: SiteA, Login: "1001", User: true},
		{DN: "4002", Site: SiteA, Login: "1002", User: true},
		{DN: "4003", Site: SiteA, Login: "1003", User: true},
		{DN: "4004", Site: SiteA, Login: "1004", User: true},
		{DN: "4008", Site: SiteA, Login: "9008"}, // not in the sync-scope
		{DN: "4009", Site: SiteA},
		{DN: "5001", Site: SiteB, Login: "2001", User: true},
		{DN: "5002", Site: SiteB, Login: "2002", User: true},
		{DN: "5003", Site: SiteB, Login: "2003", User: true},
	}
}

// Queues are the virtual queues of both sites.
func Queues() []Line {
	return []Line{
		{DN: "VQ_Sales", Site: SiteA, Mapped: true},
		{DN: "VQ_Support", Site: SiteA, Mapped: true},
		{DN: "VQ_Hidden", Site: SiteA},
		{DN: "VQ_Remote", Site: SiteB, Mapped: true},
		{DN: "VQ_Remote_2", Site: SiteB, Mapped: true},
	}
}

// RoutingPoints are the routing points of both sites, one each.
func RoutingPoints() map[string]string { return map[string]string{SiteA: "8001", SiteB: "8501"} }

// Dispositions are the values that an agent's desktop attaches; the org has a code for the first
// two only.
func Dispositions() []string { return []string{"Resolved", "Callback", "Unheard of"} }
