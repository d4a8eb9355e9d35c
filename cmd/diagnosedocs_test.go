package cmd

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"ebb/diagnose"
	"ebb/ui"
)

const causesDir = "../docs/causes"

// Every rule has a page, every page a rule, and the two agree.
func TestCausePages(t *testing.T) {
	index, err := os.ReadFile(causesDir + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"README.md": true, "zh-CN": true} // the Chinese pages are held to these by docstest
	for _, r := range diagnose.Rules() {
		name := filepath.Base(r.Doc())
		known[name] = true
		data, err := os.ReadFile("../" + r.Doc())
		if err != nil {
			t.Error(err)
			continue
		}
		text := string(data)
		if first, _, _ := strings.Cut(text, "\n"); first != fmt.Sprintf("# %s %s: %s", r.ID, r.Name, r.Title) {
			t.Errorf("%s: title %q, of the rule %q", name, first, r.Title)
		}
		for _, want := range []string{
			"\nPD versions: " + r.Versions + ".\n", "\nResult: ", "\n## What you see\n", "\n## Why\n",
			"\n## How ebb sees it\n", "\n## What to do\n", "\nRisk: ", "\n## What ebb cannot see\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: has no %q", name, strings.TrimSpace(want))
			}
		}
		if n := strings.Count(text, "\n"); n < 15 || n > 45 {
			t.Errorf("%s: %d lines", name, n)
		}
		if line := fmt.Sprintf("| [%s](%s) | %s | ", r.ID, name, r.Title); !strings.Contains(string(index), line) {
			t.Errorf("README.md: has no row %q", line)
		}
	}
	files, err := os.ReadDir(causesDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f.Name()] {
			t.Errorf("%s: there is no such rule", f.Name())
		}
	}
}

// The list says of each cause whether the scenarios in the playground have it.
func TestCausesSayHowTheyAreTested(t *testing.T) {
	files, err := filepath.Glob("../playground/e2e/diagnose_*_test.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	named := make(map[string]bool)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:cause: |of\()"([DP]\d\d)"`).FindAllStringSubmatch(string(data), -1) {
			named[m[1]] = true
		}
	}
	index, err := os.ReadFile(causesDir + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range diagnose.Rules() {
		if excused := strings.Contains(string(index), "\n- "+r.ID+": "); excused == named[r.ID] {
			t.Errorf("%s: the playground has it: %t; README.md says why it cannot: %t", r.ID, named[r.ID], excused)
		}
	}
}

// checkCommandLine parses a command of ebb and runs nothing.
func checkCommandLine(t *testing.T, where, line string) {
	t.Helper()
	args := strings.Fields(line)[1:]
	root := newRoot(systemEnv(ui.Test("").Streams))
	c, rest, err := root.Find(args)
	if err != nil || c == root {
		t.Errorf("%s: %q: no such command: %v", where, line, err)
		return
	}
	if err := c.ParseFlags(rest); err != nil {
		t.Errorf("%s: %q: %v", where, line, err)
		return
	}
	if err := c.ValidateArgs(c.Flags().Args()); err != nil {
		t.Errorf("%s: %q: %v", where, line, err)
	}
}

func TestCommandsInCausePages(t *testing.T) {
	files, err := filepath.Glob(causesDir + "/*.md")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		inside, commands := false, 0
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(line, "```"):
				inside = !inside
			case inside && strings.HasPrefix(line, "ebb "):
				commands++
				checkCommandLine(t, filepath.Base(file), line)
			case inside && !strings.HasPrefix(line, "# "):
				t.Errorf("%s: %q is neither a command of ebb nor a comment", filepath.Base(file), line)
			}
		}
		if commands == 0 {
			t.Errorf("%s: no command", filepath.Base(file))
		}
	}
}

// sample writes what an expression for the next command may come to.
func sample(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return regexp.MustCompile(`%[a-z]`).ReplaceAllString(text, "1")
		}
	case *ast.BinaryExpr:
		return sample(e.X) + sample(e.Y)
	case *ast.CallExpr:
		switch f := e.Fun.(type) {
		case *ast.SelectorExpr:
			if f.Sel.Name == "Sprintf" {
				return sample(e.Args[0])
			}
			if f.Sel.Name == "nodeFlag" {
				return "-N 1"
			}
		}
	}
	return "1"
}

// nextCommands are the expressions that a file gives causes as the next command.
func nextCommands(file *ast.File) []ast.Expr {
	var list []ast.Expr
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Next" {
				list = append(list, n.Value)
			}
		case *ast.AssignStmt:
			for i := range n.Lhs {
				if field, ok := n.Lhs[i].(*ast.SelectorExpr); ok && field.Sel.Name == "Next" {
					list = append(list, n.Rhs[i])
				}
			}
		}
		return true
	})
	return list
}

// The commands that causes recommend exist, with the flags that they are given.
func TestCommandsOfCauses(t *testing.T) {
	files, err := filepath.Glob("../diagnose/rules_*.go")
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`\bebb [^;:,]*`)
	found := 0
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range nextCommands(parsed) {
			for _, line := range command.FindAllString(sample(e), -1) {
				found++
				checkCommandLine(t, filepath.Base(file), line)
			}
		}
	}
	if found < 20 {
		t.Errorf("found %d commands only", found)
	}
}
