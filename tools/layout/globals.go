package layout

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// CheckGlobals returns every place outside of tests where a package-level variable of the same file's package is
// written. Tables and sentinels may stand at package level; state may not.
func CheckGlobals(root string, imports []Import) ([]string, error) {
	packages := map[string][]*ast.File{}
	set := token.NewFileSet()
	seen := map[string]bool{}
	for _, imported := range imports {
		if imported.Test || seen[imported.File] || strings.HasSuffix(imported.File, ".pb.go") {
			continue
		}
		seen[imported.File] = true
		file, err := parser.ParseFile(set, filepath.Join(root, filepath.FromSlash(imported.File)), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", imported.File, err)
		}
		packages[imported.Dir] = append(packages[imported.Dir], file)
	}
	var broken []string
	for _, files := range packages {
		globals := packageVariables(files)
		for _, file := range files {
			for _, written := range writes(file, globals) {
				place := set.Position(written.Pos())
				name, err := filepath.Rel(root, place.Filename)
				if err != nil {
					return nil, fmt.Errorf("place of %s: %w", place.Filename, err)
				}
				broken = append(broken, fmt.Sprintf("%s:%d: package variable %s is written; inject state instead", filepath.ToSlash(name), place.Line, written.Name))
			}
		}
	}
	return broken, nil
}

// packageVariables returns the names of a package's variables, with the declarations they come from.
func packageVariables(files []*ast.File) map[string]bool {
	names := map[string]bool{}
	for _, file := range files {
		for _, declaration := range file.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok || general.Tok != token.VAR {
				continue
			}
			for _, spec := range general.Specs {
				value, ok := spec.(*ast.ValueSpec)
				if !ok {
					continue
				}
				for _, name := range value.Names {
					names[name.Name] = true
				}
			}
		}
	}
	delete(names, "_")
	return names
}

// writes returns the identifiers of package variables that the file assigns, increments or deletes from.
func writes(file *ast.File, globals map[string]bool) []*ast.Ident {
	var found []*ast.Ident
	local := localNames(file)
	note := func(target ast.Expr) {
		name := rootOf(target)
		if name != nil && globals[name.Name] && !local[name.Name] {
			found = append(found, name)
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch statement := node.(type) {
		case *ast.AssignStmt:
			if statement.Tok != token.DEFINE {
				for _, target := range statement.Lhs {
					note(target)
				}
			}
		case *ast.IncDecStmt:
			note(statement.X)
		case *ast.CallExpr:
			if called, ok := statement.Fun.(*ast.Ident); ok && (called.Name == "delete" || called.Name == "clear") && len(statement.Args) > 0 {
				note(statement.Args[0])
			}
		}
		return true
	})
	return found
}

// rootOf returns the variable that an assignment changes: x of x, x.field, x[i] and *x.
func rootOf(target ast.Expr) *ast.Ident {
	for {
		switch expression := target.(type) {
		case *ast.Ident:
			return expression
		case *ast.SelectorExpr:
			target = expression.X
		case *ast.IndexExpr:
			target = expression.X
		case *ast.StarExpr:
			target = expression.X
		case *ast.ParenExpr:
			target = expression.X
		default:
			return nil
		}
	}
}

// localNames returns every name that is declared inside a function of the file. A package variable
// that shares its name with one of them is left alone: telling them apart needs type information.
func localNames(file *ast.File) map[string]bool {
	names := map[string]bool{}
	add := func(expressions ...ast.Expr) {
		for _, expression := range expressions {
			if name, ok := expression.(*ast.Ident); ok {
				names[name.Name] = true
			}
		}
	}
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok {
			continue
		}
		ast.Inspect(function, func(node ast.Node) bool {
			switch declared := node.(type) {
			case *ast.AssignStmt:
				if declared.Tok == token.DEFINE {
					add(declared.Lhs...)
				}
			case *ast.RangeStmt:
				add(declared.Key, declared.Value)
			case *ast.ValueSpec:
				for _, name := range declared.Names {
					names[name.Name] = true
				}
			case *ast.Field:
				for _, name := range declared.Names {
					names[name.Name] = true
				}
			}
			return true
		})
	}
	return names
}
