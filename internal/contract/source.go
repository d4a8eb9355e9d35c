package contract

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// source is what schemas take from the text of a package.
type source struct {
	types  map[string]string   // type -> doc comment
	fields map[string]string   // type.Field -> comment
	values map[string][]string // type -> its string constants, in order
	count  map[string]int      // type -> how many constants an iota gives it
}

// readSource parses the files of a package, without its tests.
func readSource(dir string) (*source, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	s := &source{types: map[string]string{}, fields: map[string]string{}, values: map[string][]string{}, count: map[string]int{}}
	files := token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, name, nil, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("read doc comments: %w", err)
		}
		for _, d := range f.Decls {
			if group, ok := d.(*ast.GenDecl); ok {
				s.add(group)
			}
		}
	}
	return s, nil
}

func (s *source) add(group *ast.GenDecl) {
	switch group.Tok {
	case token.TYPE:
		for _, spec := range group.Specs {
			t, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			doc := t.Doc
			if doc == nil {
				doc = group.Doc
			}
			s.types[t.Name.Name] = prose(doc)
			if body, ok := t.Type.(*ast.StructType); ok {
				s.addFields(t.Name.Name, body)
			}
		}
	case token.CONST:
		s.addConstants(group)
	}
}

func (s *source) addFields(typeName string, body *ast.StructType) {
	for _, f := range body.Fields.List {
		text := prose(f.Doc)
		if text == "" {
			text = prose(f.Comment)
		}
		for _, name := range f.Names {
			s.fields[typeName+"."+name.Name] = text
		}
	}
}

// addConstants knows the two forms in use: texts, and a count from iota.
func (s *source) addConstants(group *ast.GenDecl) {
	counted := ""
	for _, spec := range group.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		if t, ok := v.Type.(*ast.Ident); ok && len(v.Values) == 1 {
			counted = ""
			switch value := v.Values[0].(type) {
			case *ast.BasicLit:
				if text, err := strconv.Unquote(value.Value); err == nil && value.Kind == token.STRING {
					s.values[t.Name] = append(s.values[t.Name], text)
				}
			case *ast.Ident:
				if value.Name == "iota" {
					counted = t.Name
				}
			}
		} else if v.Type != nil || len(v.Values) > 0 {
			counted = ""
		}
		if counted != "" {
			s.count[counted]++
		}
	}
}

// prose is a comment as one line.
func prose(c *ast.CommentGroup) string {
	if c == nil {
		return ""
	}
	return strings.Join(strings.Fields(c.Text()), " ")
}
