package configdb

// Model describes the generated center for whoever plays calls in it or checks what was made of it.
type Model struct {
	TenantDBID    int64          `json:"tenantDbid"`
	Tenant        string         `json:"tenant"`
	SwitchDBID    int64          `json:"switchDbid"`
	Switch        string         `json:"switch"`
	Agents        []Agent        `json:"agents"`
	Others        []Person       `json:"others"`
	Queues        []Queue        `json:"queues"`
	RoutingPoints []RoutingPoint `json:"routingPoints"`
	Skills        []string       `json:"skills"`
	Dispositions  []string       `json:"dispositions"`
}

// Person is a row of cfg_person. Email is the address that the guide's order (user name,
// employee id, e-mail) finds; empty when the person has none and can not be synchronised.
type Person struct {
	DBID       int64  `json:"dbid"`
	FirstName  string `json:"firstName"`
	LastName   string `json:"lastName"`
	UserName   string `json:"userName"`
	EmployeeID string `json:"employeeId"`
	Email      string `json:"email,omitempty"`
	IsAgent    bool   `json:"isAgent"`
	Supervisor bool   `json:"supervisor,omitempty"`
	Enabled    bool   `json:"enabled"`
}

// Agent is an enabled agent with a seat: an Extension and an agent login of his own.
type Agent struct {
	Person

	DN        string         `json:"dn"`
	DNDBID    int64          `json:"dnDbid"`
	LoginCode string         `json:"loginCode"`
	Queues    []string       `json:"queues"` // numbers of the Virtual Queues that he is a member of
	Skills    map[string]int `json:"skills"`
}

// Queue is a Virtual Queue and the group that is linked to it.
type Queue struct {
	DBID   int64  `json:"dbid"`
	Number string `json:"number"`
	Switch string `json:"switch"`
	Skill  string `json:"skill"`
	Group  string `json:"group"`
	// Virtual tells that the group's members come from a script, not from a list.
	Virtual bool `json:"virtual"`
}

// RoutingPoint is where calls of one dialled number arrive; its strategy plays the IVR part.
type RoutingPoint struct {
	DBID   int64  `json:"dbid"`
	Number string `json:"number"`
	DNIS   string `json:"dnis"`
}
