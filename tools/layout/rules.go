package layout

import (
	"slices"
	"strings"
)

// rule is one row of the rules of the layout.
type rule struct {
	text   string
	fix    string
	broken func(Import) bool
}

// rulesTable is the list of design rules; each row has its test.
func rulesTable() []rule {
	return []rule{
		{
			text: "pkg and proto know no service",
			fix:  "move what both need down into pkg, or declare an interface in pkg",
			broken: func(i Import) bool {
				return (within(i.Dir, "pkg") || within(i.Dir, "proto")) && service(i.Path) != ""
			},
		},
		{
			text: "proto knows nothing of pkg",
			fix:  "contracts stand alone",
			broken: func(i Import) bool {
				return within(i.Dir, "proto") && strings.HasPrefix(i.Path, modulePrefix+"pkg")
			},
		},
		{
			text: "no service imports another service",
			fix:  "services meet in proto",
			broken: func(i Import) bool {
				own, other := service(i.Dir), service(i.Path)
				return own != "" && other != "" && own != other && strings.HasPrefix(i.Path, modulePrefix)
			},
		},
		{
			text: "the lab shares no code with what it checks",
			fix:  "decide in the lab by its own rules, from the facts",
			broken: func(i Import) bool {
				return service(i.Dir) == "lab" && strings.HasPrefix(i.Path, modulePrefix) && service(i.Path) != "lab"
			},
		},
		{
			text: "what ships imports nothing of tests/",
			fix:  "only a test may use a stand-in; move what the product needs into pkg",
			broken: func(i Import) bool {
				return within(strings.TrimPrefix(i.Path, modulePrefix), "tests") && !within(i.Dir, "tests") && !i.Test
			},
		},
		{
			text: "a domain package is pure: no adapter, network, database or Redis",
			fix:  "pass the value in, or declare an interface where it is consumed",
			broken: func(i Import) bool {
				return isDomain(i.Dir) && !i.Test && isImpure(i)
			},
		},
		{
			text: "only pkg/store speaks to Redis",
			fix:  "add what is missing to pkg/store",
			broken: func(i Import) bool {
				return strings.HasPrefix(i.Path, "github.com/redis/go-redis") && !within(i.Dir, "pkg/store") && service(i.Dir) != "lab"
			},
		},
		{
			text: "pkg/engage and pkg/genesys do not know each other",
			fix:  "translate between the two sides in a service",
			broken: func(i Import) bool {
				return within(i.Dir, "pkg/engage") && within(i.Path, modulePrefix+"pkg/genesys") ||
					within(i.Dir, "pkg/genesys") && within(i.Path, modulePrefix+"pkg/engage")
			},
		},
		{
			text: "the core of pkg/genesys does not know its areas, and no area knows another",
			fix:  "pass the value in, or move what both need into the core",
			broken: func(i Import) bool {
				return within(i.Dir, "pkg/genesys") && !i.Test && strings.HasPrefix(i.Path, modulePrefix+"pkg/genesys/")
			},
		},
	}
}

// domainTable lists the pure packages of each service; a new domain package is added here.
func domainTable() []string {
	return []string{
		"services/agent-state-sync/adherence",
		"services/agent-state-sync/desk",
		"services/agent-state-sync/presence",
		"services/config-sync/configmodel",
		"services/config-sync/desired",
		"services/config-sync/folders",
		"services/config-sync/plan",
		"services/config-sync/review",
		"services/config-sync/vag",
		"services/conversation-provider/callmodel",
		"services/conversation-provider/conversation",
		"services/conversation-provider/segments",
		"pkg/recording",
	}
}

// impureTable lists import prefixes that a domain package must not have.
func impureTable() []string {
	return []string{
		"net", "net/http", "database/sql", "os", "log/slog",
		"github.com/redis/", "github.com/jackc/", "modernc.org/", "google.golang.org/grpc", "github.com/studio-b12/",
		"github.com/prometheus/",
		modulePrefix + "pkg/host", modulePrefix + "pkg/store", modulePrefix + "pkg/pipeline",
	}
}

func isDomain(dir string) bool {
	return slices.ContainsFunc(domainTable(), func(domain string) bool { return within(dir, domain) })
}

// isImpure tells whether an import reaches outside: a forbidden prefix, or a sibling package of
// the same service that is no domain package.
func isImpure(i Import) bool {
	forbidden := slices.ContainsFunc(impureTable(), func(prefix string) bool {
		return i.Path == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(i.Path, prefix) || strings.HasPrefix(i.Path, prefix+"/") && strings.Contains(prefix, ".")
	})
	sibling := service(i.Path) != "" && !isDomain(strings.TrimPrefix(i.Path, modulePrefix))
	return forbidden || sibling
}

func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}
