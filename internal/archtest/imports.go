package archtest

import (
	"path"
	"slices"
	"strings"
)

// CheckImports holds the files of the module against its import graph.
func CheckImports(module string, graph []Rule, files []*File) []Violation {
	var found []Violation
	unruled := map[string]bool{}
	for _, f := range files {
		if f.Test {
			continue
		}
		pkg := f.Package()
		rule, ok := ruleFor(graph, pkg)
		if !ok {
			if !unruled[pkg] {
				unruled[pkg] = true
				found = append(found, Violation{
					Where: pkg, What: "package has no rule in the import graph",
					Why: "where a package stands is decided before it grows imports",
				})
			}
			continue
		}
		for _, imported := range f.Imports {
			if what, why := judge(module, rule, pkg, imported); what != "" {
				found = append(found, Violation{Where: f.Path, What: what, Why: why})
			}
		}
	}
	return found
}

// ruleFor finds the rule of the package or of the nearest one above it.
func ruleFor(graph []Rule, pkg string) (Rule, bool) {
	for dir := pkg; dir != "."; dir = path.Dir(dir) {
		if i := slices.IndexFunc(graph, func(r Rule) bool { return r.Package == dir }); i >= 0 {
			return graph[i], true
		}
	}
	return Rule{}, false
}

// judge returns what is wrong with one import and why, or nothing.
func judge(module string, rule Rule, pkg, imported string) (what, why string) {
	for _, ban := range rule.Banned {
		if within(imported, ban.Path) {
			return "imports " + imported, ban.Why
		}
	}
	if !within(imported, module) {
		if rule.StdOnly && !isStandard(imported) {
			return "imports " + imported + ", which is not the standard library", rule.Why
		}
		return "", ""
	}
	target := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
	if isFake(target) && !isFake(pkg) {
		return "imports " + imported, "a fake belongs into tests; linked into the program it could answer for the real thing"
	}
	if within(target, pkg) || within(target, rule.Package) {
		return "", ""
	}
	for _, allowed := range rule.Module {
		if allowed == everything || within(target, allowed) {
			return "", ""
		}
	}
	return "imports " + imported, rule.Why
}

// isFake reports packages that exist for tests only: those that stand in for
// something (pdtest, uitest) and the conformance test that holds them to it.
func isFake(pkg string) bool {
	return (strings.HasSuffix(pkg, "test") || strings.HasSuffix(pkg, "/conformance")) && pkg != "internal/archtest"
}

// within reports whether an import path is parent or below it. A major version
// suffix ("survey/v2") counts as below.
func within(imported, parent string) bool {
	return imported == parent || strings.HasPrefix(imported, parent+"/")
}

// isStandard: only the standard library has no dot in its first element.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}
