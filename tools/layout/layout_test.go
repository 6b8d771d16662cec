package layout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The tree itself is the main case: this is the architecture part of `make lint`.
func TestTheLayoutKeepsItsRules(t *testing.T) {
	imports, err := Scan(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if len(imports) < 100 {
		t.Fatalf("only %d imports found: the scan does not see the tree", len(imports))
	}
	for _, violation := range Check(imports) {
		t.Error(violation)
	}
}

func TestEveryDomainPackageOfTheTableExists(t *testing.T) {
	for _, domain := range domainTable() {
		if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(domain))); err != nil {
			t.Errorf("%s is in the table but not in the tree", domain)
		}
	}
}

func TestEachRuleCatchesItsViolation(t *testing.T) {
	tests := []struct {
		dir, path string
		test      bool
		want      string // part of the rule's text, "" when allowed
	}{
		{dir: "pkg/store", path: modulePrefix + "services/config-sync/plan", want: "know no service"},
		{dir: "proto/configsync/v1", path: modulePrefix + "pkg/fault", want: "nothing of pkg"},
		{dir: "services/config-sync/api", path: modulePrefix + "services/recording-provider/api", want: "another service"},
		{dir: "services/config-sync/api", path: modulePrefix + "services/config-sync/plan"},
		{dir: "services/lab/org", path: modulePrefix + "pkg/genesys", want: "shares no code"},
		{dir: "services/lab/org", path: modulePrefix + "proto/configsync/v1", want: "shares no code"},
		{dir: "services/lab/demo", path: modulePrefix + "services/lab/org"},
		{dir: "services/config-sync/configdb", path: modulePrefix + "tests/databases/pgtest", want: "nothing of tests/"},
		{dir: "services/config-sync/configdb", path: modulePrefix + "tests/databases/pgtest", test: true},
		{dir: "tests/bench/configsync", path: modulePrefix + "tests/databases/pgtest"},
		{dir: "services/conversation-provider/callmodel", path: "net/http", want: "pure"},
		{dir: "services/conversation-provider/callmodel", path: "net/netip"},
		{dir: "services/conversation-provider/callmodel", path: "net/http", test: true},
		{dir: "services/conversation-provider/callmodel", path: modulePrefix + "pkg/engage"},
		{dir: "services/conversation-provider/callmodel", path: modulePrefix + "pkg/store", want: "pure"},
		{dir: "services/conversation-provider/conversation", path: modulePrefix + "services/conversation-provider/injection", want: "pure"},
		{dir: "services/conversation-provider/conversation", path: modulePrefix + "services/conversation-provider/callmodel"},
		{dir: "services/config-sync/apply", path: "github.com/redis/go-redis/v9", want: "speaks to Redis"},
		{dir: "pkg/store", path: "github.com/redis/go-redis/v9"},
		{dir: "pkg/engage", path: modulePrefix + "pkg/genesys", want: "know each other"},
		{dir: "pkg/genesys", path: modulePrefix + "pkg/engage", want: "know each other"},
		{dir: "pkg/genesys/users", path: modulePrefix + "pkg/engage", want: "know each other"},
		{dir: "pkg/genesys", path: modulePrefix + "pkg/genesys/users", want: "does not know its areas"},
		{dir: "pkg/genesys/users", path: modulePrefix + "pkg/genesys/routing", want: "does not know its areas"},
		{dir: "pkg/genesys/users", path: modulePrefix + "pkg/genesys"},
		{dir: "pkg/genesys", path: modulePrefix + "pkg/genesys/users", test: true},
	}
	for _, test := range tests {
		t.Run(test.dir+" imports "+test.path, func(t *testing.T) {
			broken := Check([]Import{{File: test.dir + "/x.go", Dir: test.dir, Path: test.path, Test: test.test}})
			switch {
			case test.want == "" && len(broken) > 0:
				t.Fatalf("must be allowed, got %v", broken)
			case test.want != "" && (len(broken) == 0 || !strings.Contains(broken[0].Rule, test.want)):
				t.Fatalf("want a violation of %q, got %v", test.want, broken)
			}
		})
	}
}

func TestOutsideNamesStandInOnePackageEach(t *testing.T) {
	root := filepath.Join("..", "..")
	imports, err := Scan(root)
	if err != nil {
		t.Fatal(err)
	}
	broken, err := CheckLiterals(root, imports)
	if err != nil {
		t.Fatal(err)
	}
	for _, literal := range broken {
		t.Error(literal)
	}
}

func TestOnlyTheAreasOfTheAPIMayNameAPath(t *testing.T) {
	allowed := literalTable()[0].allowed
	for dir, want := range map[string]bool{
		"pkg/genesys": false, "pkg/genesys/users": true, "pkg/genesysx/y": false, "services/lab/org": true, "services/config-sync/apply": false,
	} {
		if allowedIn(dir, allowed) != want {
			t.Errorf("%s: want %t", dir, want)
		}
	}
}

func TestALiteralInTheWrongPackageIsFound(t *testing.T) {
	root := t.TempDir()
	place := filepath.Join(root, "services", "config-sync", "apply")
	if err := os.MkdirAll(place, 0o750); err != nil {
		t.Fatal(err)
	}
	source := "package apply\n\nimport \"fmt\"\n\nfunc path() string { return fmt.Sprint(\"/api/v2/routing/queues\") }\n"
	if err := os.WriteFile(filepath.Join(place, "apply.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	imports, err := Scan(root)
	if err != nil {
		t.Fatal(err)
	}
	broken, err := CheckLiterals(root, imports)
	if err != nil {
		t.Fatal(err)
	}
	if len(broken) != 1 || !strings.Contains(broken[0], "services/config-sync/apply/apply.go:5") {
		t.Fatalf("want one finding at line 5, got %v", broken)
	}
}

func TestNoPackageVariableIsWritten(t *testing.T) {
	root := filepath.Join("..", "..")
	imports, err := Scan(root)
	if err != nil {
		t.Fatal(err)
	}
	broken, err := CheckGlobals(root, imports)
	if err != nil {
		t.Fatal(err)
	}
	for _, written := range broken {
		t.Error(written)
	}
}

func TestAWrittenPackageVariableIsFound(t *testing.T) {
	root := t.TempDir()
	source := `package x

import "fmt"

var (
	counter int
	cache   = map[string]int{}
	table   = []string{"a"}
	shadow  int
)

func touch() {
	counter++
	cache["a"] = 1
	delete(cache, "a")
	shadow := 1
	shadow = 2
	fmt.Println(table, shadow)
}
`
	if err := os.WriteFile(filepath.Join(root, "x.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	imports, err := Scan(root)
	if err != nil {
		t.Fatal(err)
	}
	broken, err := CheckGlobals(root, imports)
	if err != nil {
		t.Fatal(err)
	}
	if len(broken) != 3 || !strings.Contains(broken[0], "x.go:13: package variable counter") {
		t.Fatalf("want the writes of counter and cache, got %v", broken)
	}
}
