package layout

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
)

// literalRule says which text may only stand in string literals of one place.
type literalRule struct {
	text    string
	pattern *regexp.Regexp
	allowed []string
}

// literalTable keeps outside names in one package each. A Redis key has its hash tag behind a colon,
// JSON has a quote before that colon.
func literalTable() []literalRule {
	return []literalRule{
		{text: "only the areas of pkg/genesys know a Genesys Cloud path", pattern: regexp.MustCompile(`/api/v2/`), allowed: []string{"pkg/genesys/*", "services/lab", "tools/layout"}},
		{text: "only pkg/store names a Redis key", pattern: regexp.MustCompile(`[^"]:\{`), allowed: []string{"pkg/store", "services/lab", "tools/layout"}},
	}
}

// CheckLiterals returns every string literal outside of tests that stands in the wrong package.
func CheckLiterals(root string, imports []Import) ([]string, error) {
	var broken []string
	seen := map[string]bool{}
	for _, imported := range imports {
		if imported.Test || seen[imported.File] || strings.HasSuffix(imported.File, ".pb.go") {
			continue
		}
		seen[imported.File] = true
		found, err := literalsOf(root, imported)
		if err != nil {
			return nil, err
		}
		broken = append(broken, found...)
	}
	return broken, nil
}

func literalsOf(root string, imported Import) ([]string, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, filepath.Join(root, filepath.FromSlash(imported.File)), nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", imported.File, err)
	}
	var broken []string
	ast.Inspect(file, func(node ast.Node) bool {
		literal, ok := node.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		for _, rule := range literalTable() {
			if rule.pattern.MatchString(literal.Value) && !allowedIn(imported.Dir, rule.allowed) {
				broken = append(broken, fmt.Sprintf("%s:%d: %s: %s", imported.File, set.Position(literal.Pos()).Line, rule.text, literal.Value))
			}
		}
		return true
	})
	return broken, nil
}

// allowedIn tells whether a folder is one of those listed or within it; "x/*" means only what is
// within x.
func allowedIn(dir string, folders []string) bool {
	for _, folder := range folders {
		below, isBelow := strings.CutSuffix(folder, "/*")
		if within(dir, folder) || isBelow && strings.HasPrefix(dir, below+"/") {
			return true
		}
	}
	return false
}
