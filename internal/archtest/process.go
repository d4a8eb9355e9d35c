package archtest

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// processWide lists, by import path, the names that reach for the process
// itself: its streams, its end.
var processWide = map[string][]string{
	"os":  {"Stdin", "Stdout", "Stderr", "Exit"},
	"fmt": {"Print", "Printf", "Println"},
	"log": {"Fatal", "Fatalf", "Fatalln", "Print", "Printf", "Println"},
}

// CheckProcess finds uses of the process's streams and of its exit outside the
// given packages.
func CheckProcess(files []*File, allowed ...string) []Violation {
	var found []Violation
	for _, f := range files {
		if f.Test || slices.ContainsFunc(allowed, func(a string) bool { return within(f.Package(), a) }) {
			continue
		}
		names := importNames(f.syntax)
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if ok && slices.Contains(processWide[names[pkg.Name]], sel.Sel.Name) {
				found = append(found, Violation{
					Where: f.at(sel), What: "uses " + names[pkg.Name] + "." + sel.Sel.Name,
					Why: "output and exit go through ui.Streams and the code that main returns; otherwise commands cannot be tested in process, nor run from the shell",
				})
			}
			return true
		})
	}
	return found
}

// importNames maps the names under which a file uses its imports to their paths.
func importNames(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser accepts no such import
		}
		name := imported[strings.LastIndex(imported, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
	}
	return names
}
