package archtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const module = "ebb"

// root is the top of the repository, seen from this package.
const root = "../.."

func load(t *testing.T, dir string) []*File {
	t.Helper()
	files, err := Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no Go files in %s", dir)
	}
	return files
}

func report(t *testing.T, violations []Violation) {
	t.Helper()
	for _, v := range violations {
		t.Error(v)
	}
}

func TestImports(t *testing.T) { report(t, CheckImports(module, Graph, load(t, root))) }
func TestProcess(t *testing.T) {
	report(t, CheckProcess(load(t, root), "cmd/ebb", "internal/manual/write", "ui"))
}
func TestSize(t *testing.T)  { report(t, CheckSize(load(t, root))) }
func TestNames(t *testing.T) { report(t, CheckNames(load(t, root))) }

// The playground is a module of its own: its imports are free, its shape not.
func TestPlayground(t *testing.T) {
	files := load(t, filepath.Join(root, "playground"))
	report(t, CheckSize(files))
	report(t, CheckNames(files))
}

func TestModFile(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	violations, err := CheckModFile("go.mod", content)
	if err != nil {
		t.Fatal(err)
	}
	report(t, violations)
}

// A workspace would let the requirements of the playground raise the versions
// that the main module is built with.
func TestNoWorkspace(t *testing.T) {
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.work")); err == nil && !strings.Contains(string(ignored), "go.work") {
		t.Error("go.work must not be committed")
	}
}
