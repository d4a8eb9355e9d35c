// Package archtest checks the rules about the shape of the code that a compiler
// does not: which package may import which, who may touch the process's own
// streams, how long files and functions may be. Its test runs them over the
// repository; each violation comes with the reason for the rule.
package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// Violation is one place that breaks a rule.
type Violation struct {
	Where string // file or package, with a line where there is one
	What  string
	Why   string
}

func (v Violation) String() string { return v.Where + ": " + v.What + "\n\twhy: " + v.Why }

// File is one parsed Go file.
type File struct {
	Path    string // relative to the root of its module, with slashes
	Lines   int
	Test    bool // name ends in _test.go
	Imports []string
	syntax  *ast.File
	fset    *token.FileSet
}

// Package is the directory of the file, "." for the root of the module.
func (f *File) Package() string { return path.Dir(f.Path) }

// Load parses every Go file of the module at root. Nested modules, testdata,
// hidden directories and generated files are left out.
func Load(root fs.FS) ([]*File, error) {
	var files []*File
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return skipDir(root, name)
		case filepath.Ext(name) != ".go":
			return nil
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := Parse(name, source)
		if err != nil {
			return err
		}
		if !ast.IsGenerated(file.syntax) {
			files = append(files, file)
		}
		return nil
	})
	return files, err
}

func skipDir(root fs.FS, name string) error {
	if name == "." {
		return nil
	}
	base := path.Base(name)
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if _, err := fs.Stat(root, path.Join(name, "go.mod")); err == nil {
		return fs.SkipDir // another module
	}
	return nil
}

// Parse parses one file, whose name is relative to the root of its module.
func Parse(name string, source []byte) (*File, error) {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	file := &File{
		Path:   name,
		Lines:  strings.Count(string(source), "\n"),
		Test:   strings.HasSuffix(name, "_test.go"),
		syntax: syntax,
		fset:   fset,
	}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		file.Imports = append(file.Imports, imported)
	}
	return file, nil
}

func (f *File) at(node ast.Node) string {
	return fmt.Sprintf("%s:%d", f.Path, f.fset.Position(node.Pos()).Line)
}
