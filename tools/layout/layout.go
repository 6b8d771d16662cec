// Package layout holds the rules of the layout that the compiler cannot see: which package may import
// which. The arrows point down: services -> pkg -> proto, adapters -> domain.
package layout

import (
	"cmp"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const modulePrefix = "engage.connector/"

// Import is one import of one file.
type Import struct {
	File string // path from the root, with slashes
	Line int
	Dir  string // folder of the file, from the root
	Test bool
	Path string // what is imported
}

// Violation is a broken rule with the place and the way out.
type Violation struct {
	Import Import
	Rule   string
	Fix    string
}

func (v Violation) String() string {
	return fmt.Sprintf("%s:%d imports %s: %s; %s", v.Import.File, v.Import.Line, v.Import.Path, v.Rule, v.Fix)
}

// Scan reads the imports of every Go file below root, generated ones included.
func Scan(root string) ([]Import, error) {
	var found []Import
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != root || entry.Name() == "testdata" || entry.Name() == "bin"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		imports, err := scanFile(root, path)
		found = append(found, imports...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("scan %s: %w", root, err)
	}
	slices.SortFunc(found, func(a, b Import) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return found, nil
}

func scanFile(root, path string) ([]Import, error) {
	set := token.NewFileSet()
	source, err := os.ReadFile(path) //nolint:gosec // the path comes from walking our own tree
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	file, err := parser.ParseFile(set, path, source, parser.ImportsOnly)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", path, err)
	}
	relative, err := filepath.Rel(root, path)
	if err != nil {
		return nil, fmt.Errorf("place of %s: %w", path, err)
	}
	relative = filepath.ToSlash(relative)
	imports := make([]Import, 0, len(file.Imports))
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("import in %s: %w", path, err)
		}
		imports = append(imports, Import{
			File: relative, Line: set.Position(spec.Pos()).Line, Dir: filepath.ToSlash(filepath.Dir(relative)),
			Test: strings.HasSuffix(relative, "_test.go"), Path: name,
		})
	}
	return imports, nil
}

// Check returns every import that breaks a rule.
func Check(imports []Import) []Violation {
	var broken []Violation
	for _, imported := range imports {
		for _, rule := range rulesTable() {
			if rule.broken(imported) {
				broken = append(broken, Violation{Import: imported, Rule: rule.text, Fix: rule.fix})
			}
		}
	}
	return broken
}

// service returns the service that a folder or import path belongs to, or "".
func service(path string) string {
	path = strings.TrimPrefix(path, modulePrefix)
	rest, ok := strings.CutPrefix(path, "services/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}
