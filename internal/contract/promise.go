package contract

import (
	"fmt"
	"slices"
	"strings"
)

// Paths lists what a reader may rely on, a line each: every member of every
// document with its type, and whether it is always there.
func (s *Schema) Paths(name string) []string {
	w := &walker{defs: s.Defs}
	for _, one := range s.OneOf {
		document := strings.TrimPrefix(one.Ref, "#/$defs/")
		w.visit(name+"#"+document, s.Defs[document], "always", nil)
	}
	return w.lines
}

type walker struct {
	defs  map[string]*Schema
	lines []string
}

func (w *walker) visit(path string, s *Schema, presence string, inside []string) {
	null := ""
	for {
		if i := slices.IndexFunc(s.AnyOf, func(o *Schema) bool { return o.Type == "null" }); i >= 0 && len(s.AnyOf) == 2 {
			null, s = " or null", s.AnyOf[1-i]
		}
		definition, ok := strings.CutPrefix(s.Ref, "#/$defs/")
		if !ok {
			break
		}
		if slices.Contains(inside, definition) {
			return // it contains itself
		}
		inside = append(slices.Clone(inside), definition)
		s = w.defs[definition]
	}
	w.lines = append(w.lines, fmt.Sprintf("%s %s %s%s", path, presence, kindOf(s), null))
	for i := range s.Properties {
		p := &s.Properties[i]
		presence := "optional"
		if slices.Contains(s.Required, p.Name) {
			presence = "always"
		}
		w.visit(path+"."+p.Name, p.Schema, presence, inside)
	}
	if s.Items != nil {
		w.visit(path+"[]", s.Items, "always", inside)
	}
	if values, ok := s.Additional.(*Schema); ok {
		w.visit(path+".*", values, "always", inside)
	}
}

func kindOf(s *Schema) string {
	switch t := s.Type.(type) {
	case string:
		return t
	case []string:
		return strings.Join(t, " or ")
	}
	if s.Const != nil {
		return fmt.Sprintf("%v", s.Const)
	}
	return "any"
}

// Broken are the promises that are not kept: a member that has gone, has another
// type, may be null now, or is not always there any more. One that was optional may
// become certain.
func Broken(promised, kept []string) []string {
	var broken []string
	for _, line := range promised {
		if line == "" || slices.Contains(kept, line) || slices.Contains(kept, strings.Replace(line, " optional ", " always ", 1)) ||
			slices.Contains(kept, strings.TrimSuffix(line, " or null")) {
			continue
		}
		broken = append(broken, line)
	}
	return broken
}
