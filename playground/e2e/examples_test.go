package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// examples is the directory of the examples, as seen from here.
const examples = "../../examples"

// executedBy says which test runs each file in examples/. Tests get the files by
// readExample and exampleFile only, which look here.
var executedBy = map[string]string{
	"runbooks/rolling-replacement.sh": "TestExampleRollingReplacement",
	"runbooks/dead-host.sh":           "TestExampleDeadHost",
	"runbooks/clean-orphans.sh":       "TestExampleCleanOrphans",
	"runbooks/smoke-test.sh":          "TestExampleSmokeTest",
	"topologies/small.yaml":           "TestExampleSmall",
	"topologies/tls.yaml":             "TestExampleTLS",
	"topologies/tiflash-disks.yaml":   "TestExampleTiFlashDisks",
	"topologies/shared-hosts.yaml":    "TestExampleSharedHosts",
	"topologies/zones.yaml":           "TestExampleZones",
	"topologies/jump-host.yaml":       "TestExampleJumpHost",
	"jq/causes.jq":                    "TestExampleJQ",
	"jq/free-space.jq":                "TestExampleJQ",
	"jq/largest.jq":                   "TestExampleJQ",
	"jq/leaderless.jq":                "TestExampleJQ",
	"jq/leaving.jq":                   "TestExampleJQ",
	"jq/on-both-stores.jq":            "TestExampleJQ",
	"jq/orphans-by-store.jq":          "TestExampleJQ",
	"jq/progress.jq":                  "TestExampleJQ",
	"jq/refusals.jq":                  "TestExampleJQ",
	"jq/senders.jq":                   "TestExampleJQ",
	"jq/short-of-voters.jq":           "TestExampleJQ",
	"jq/silent.jq":                    "TestExampleJQ",
	"jq/to-move.jq":                   "TestExampleJQ",
	"jq/versions.jq":                  "TestExampleJQ",
	"jq/voters-per-zone.jq":           "TestExampleJQ",
	"jq/voters-together.jq":           "TestExampleJQ",
	"jq/without-label.jq":             "TestExampleJQ",
	"jq/zone-of-store.jq":             "TestExampleJQ",
	"topologies/jump-host.ssh_config": "TestExampleJumpHost",
}

// executedElsewhere are the files that other things than tests of this package
// run: a text that stands in the file that does so.
var executedElsewhere = map[string][2]string{
	"demo.sh":   {"../../Makefile", "bash examples/demo.sh"},
	"README.md": {"examples_test.go", "func TestExampleREADME("},
}

// TestEveryExampleIsExecuted walks the tree: a file that no test runs fails it, and
// so does a test that is not there, or does not ask for the file.
func TestEveryExampleIsExecuted(t *testing.T) {
	tests := readsExamples(t)
	found := exampleFiles(t)
	for _, name := range found {
		if by, ok := executedElsewhere[name]; ok {
			text, err := os.ReadFile(by[0])
			if err != nil || !strings.Contains(string(text), by[1]) {
				t.Errorf("examples/%s: %s does not have %q (%v)", name, by[0], by[1], err)
			}
			continue
		}
		switch test, ok := executedBy[name]; {
		case !ok:
			t.Errorf("examples/%s is executed by no test", name)
		case !tests[test]:
			t.Errorf("examples/%s: there is no %s that runs examples", name, test)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(executedBy)) {
		if !slices.Contains(found, name) {
			t.Errorf("examples/%s does not exist", name)
		}
	}
}

// exampleFiles lists the files in examples/.
func exampleFiles(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(examples, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(examples, path) // both are relative
			found = append(found, name)
		}
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("%d examples: %v", len(found), err)
	}
	return found
}

// readsExamples are the tests of this package that run examples: those that have
// the name of one in a text, or go through them.
func readsExamples(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tests := make(map[string]bool)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range parsed.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "TestExample") {
				continue
			}
			ast.Inspect(f.Body, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					if name, ok := call.Fun.(*ast.Ident); ok && slices.Contains([]string{"newExampleBench", "readExample", "exampleFile"}, name.Name) {
						tests[f.Name.Name] = true
					}
				}
				return true
			})
		}
	}
	return tests
}

// exampleFile is the path of an example that the test at hand is said to run.
func exampleFile(t testing.TB, name string) string {
	t.Helper()
	if test, _, _ := strings.Cut(t.Name(), "/"); executedBy[name] != test {
		t.Fatalf("examples/%s is said to be run by %q", name, executedBy[name])
	}
	path, err := filepath.Abs(filepath.Join(examples, name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func readExample(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(exampleFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestExampleREADME compares the list in examples/README.md with the tree: every
// file is there, with the test that runs it.
func TestExampleREADME(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(examples, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range executedBy {
		if !strings.Contains(string(text), "]("+name+")") {
			t.Errorf("examples/README.md does not list %s", name)
		}
		if !strings.Contains(string(text), "`"+test+"`") {
			t.Errorf("examples/README.md does not say that %s runs %s", test, name)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat(filepath.Join(examples, link[1])); err != nil {
			t.Errorf("examples/README.md: %v", err)
		}
	}
}
