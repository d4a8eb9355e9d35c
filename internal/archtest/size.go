package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// Limits on length. Tests are exempt: a long table of cases is easy to read.
const (
	MaxFileLines     = 250
	MaxFunctionLines = 60 // from "func" to the closing brace
)

// vagueNames say nothing about what is inside, so everything ends up there.
var vagueNames = []string{
	"util", "utils", "common", "commons", "helper", "helpers", "misc", "shared", "base", "stuff",
}

// CheckSize finds files and functions that are too long.
func CheckSize(files []*File) []Violation {
	var found []Violation
	for _, f := range files {
		if f.Test {
			continue
		}
		if f.Lines > MaxFileLines {
			found = append(found, Violation{
				Where: f.Path, What: fmt.Sprintf("%d lines, at most %d", f.Lines, MaxFileLines),
				Why: "a file holds one noun or one verb and is read in one go",
			})
		}
		for _, decl := range f.syntax.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
			if lines > MaxFunctionLines {
				found = append(found, Violation{
					Where: f.at(fn), What: fmt.Sprintf("function %s has %d lines, at most %d", fn.Name.Name, lines, MaxFunctionLines),
					Why: "a function that does not fit a screen does more than its name says",
				})
			}
		}
	}
	return found
}

// CheckNames finds packages and files that are named after nothing.
func CheckNames(files []*File) []Violation {
	var found []Violation
	seen := map[string]bool{}
	report := func(where, name string) {
		if slices.Contains(vagueNames, name) && !seen[where] {
			seen[where] = true
			found = append(found, Violation{
				Where: where, What: fmt.Sprintf("is named %q", name),
				Why: "such a name says nothing about what belongs inside, so everything ends up there",
			})
		}
	}
	for _, f := range files {
		for dir := range strings.SplitSeq(f.Package(), "/") {
			report(f.Package(), dir)
		}
		report(f.Package(), strings.TrimSuffix(f.syntax.Name.Name, "_test"))
		stem := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.Path), ".go"), "_test")
		for word := range strings.SplitSeq(stem, "_") {
			report(f.Path, word)
		}
	}
	return found
}
