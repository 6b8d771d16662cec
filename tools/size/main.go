// Command size counts the lines of Go code of the tree by what they are for: the product, the
// tests with their gear, the lab. Lines without code (blank ones and comments) and generated files
// do not count.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/scanner"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	root := flag.String("root", ".", "the tree to measure")
	flag.Parse()
	if err := run(os.Stdout, *root); err != nil {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, root string) error {
	s, err := Measure(os.DirFS(root))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "size: product=%d tests=%d lab=%d packages=%d\n", s.Product, s.Tests, s.Lab, s.Packages)
	return err
}

// Size is the lines of code of a tree.
type Size struct {
	Product  int // what ships
	Tests    int // tests, their gear, and the proving grounds
	Lab      int // the lab without its tests
	Packages int // of the product
}

// part is what a file counts for.
type part int

const (
	ignored part = iota
	product
	tests
	lab
)

// Measure counts the lines of code of a tree.
func Measure(tree fs.FS) (Size, error) {
	var s Size
	packages := map[string]bool{}
	err := fs.WalkDir(tree, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || partOf(path) == ignored:
			return nil
		}
		source, err := fs.ReadFile(tree, path)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if generated(source) {
			return nil
		}
		switch n := lines(source); partOf(path) {
		case product:
			s.Product += n
			packages[filepath.Dir(path)] = true
		case tests:
			s.Tests += n
		case lab:
			s.Lab += n
		case ignored:
		}
		return nil
	})
	s.Packages = len(packages)
	return s, err
}

// partOf tells what a file counts for, by its place and name.
func partOf(path string) part {
	top, _, _ := strings.Cut(path, "/")
	shipped := top == "pkg" || top == "services" || top == "bootstrap"
	switch {
	case !strings.HasSuffix(path, ".go"):
		return ignored
	case top == "tests", shipped && (strings.HasSuffix(path, "_test.go") || gear(path)):
		return tests
	case strings.HasPrefix(path, "services/lab/"):
		return lab
	case shipped:
		return product
	}
	return ignored
}

// gear tells whether a file belongs to a package that only tests use: its folder, or one above
// it, is named after what it tests, as in storetest.
func gear(path string) bool {
	for folder := range strings.SplitSeq(filepath.Dir(path), "/") {
		if strings.HasSuffix(folder, "test") {
			return true
		}
	}
	return false
}

// generated tells whether a file says that it is generated (go help generate).
func generated(source []byte) bool {
	head, _, _ := bytes.Cut(source, []byte("\npackage "))
	for line := range strings.Lines(string(head)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "// Code generated ") && strings.HasSuffix(line, " DO NOT EDIT.") {
			return true
		}
	}
	return false
}

// lines counts the lines that hold a token. A text over several lines counts with all of them.
func lines(source []byte) int {
	set := token.NewFileSet()
	file := set.AddFile("", set.Base(), len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, 0) // comments are skipped
	n, last := 0, 0
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			return n
		}
		if tok == token.SEMICOLON && text == "\n" {
			continue // inserted at the end of a line
		}
		first := file.Line(pos)
		end := first + strings.Count(text, "\n")
		n += end - max(first-1, last)
		last = end
	}
}
