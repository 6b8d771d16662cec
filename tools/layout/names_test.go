package layout

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOneWordNamesOnePackage(t *testing.T) {
	imports, err := Scan(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range CheckNames(imports) {
		t.Error(broken)
	}
}

func TestADoubleNameIsFound(t *testing.T) {
	var tree []Import
	for _, name := range doubleNames() {
		tree = append(tree, Import{Dir: "pkg/" + name}, Import{Dir: "services/x/" + name})
	}
	for _, dir := range []string{"services/x/app", "services/y/app", "services/x/thing", "services/x/thing"} {
		tree = append(tree, Import{Dir: dir})
	}
	if got := CheckNames(append(slices.Clone(tree), Import{Dir: "pkg/thing", Test: true})); len(got) != 0 {
		t.Fatalf("must be allowed, got %v", got)
	}
	if got := CheckNames(append(slices.Clone(tree), Import{Dir: "services/lab/site/thing"})); len(got) != 0 {
		t.Fatalf("the lab may name its parts after what they play, got %v", got)
	}
	got := CheckNames(append(slices.Clone(tree), Import{Dir: "pkg/thing"}))
	if len(got) != 1 || !strings.Contains(got[0], "thing names several packages (pkg/thing, services/x/thing)") {
		t.Fatalf("want the double name, got %v", got)
	}
	if got := CheckNames(tree[1:]); len(got) != 1 || !strings.Contains(got[0], "take it out of doubleNames") {
		t.Fatalf("want the row that is not needed, got %v", got)
	}
}
