package contract

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Object makes the schema of a struct itself, no reference to it.
func (g *Generator) Object(t reflect.Type) (*Schema, error) {
	s := &Schema{Type: "object", Properties: Properties{}}
	if err := g.members(s, t); err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	return s, nil
}

// members adds the fields of a struct in their order. Of two with one name the
// outer one counts.
func (g *Generator) members(s *Schema, t reflect.Type) error {
	outer := make(map[string]bool)
	for f := range t.Fields() {
		outer[jsonName(f)] = !f.Anonymous
	}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			if err := g.embedded(s, f.Type, outer); err != nil {
				return err
			}
			continue
		case !f.IsExported() || name == "-":
			continue
		case name == "" || strings.Contains(options, "string"):
			return fmt.Errorf("field %s has no name in its tag, or is a number in quotes", f.Name)
		}
		member, err := g.member(t, f, options)
		if err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
		s.add(Property{name, member}, !strings.Contains(options, "omit"))
	}
	return nil
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func (s *Schema) add(p Property, required bool) {
	s.Properties = append(s.Properties, p)
	if required {
		s.Required = append(s.Required, p.Name)
	}
}

// embedded adds the fields of an embedded struct that no outer one hides.
func (g *Generator) embedded(s *Schema, t reflect.Type, outer map[string]bool) error {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	inner := new(Schema)
	if err := g.members(inner, t); err != nil {
		return err
	}
	for _, p := range inner.Properties {
		if !outer[p.Name] {
			s.add(p, slices.Contains(inner.Required, p.Name))
		}
	}
	return nil
}

// member is a field with what is said of it. A pointer that is always printed may
// be null.
func (g *Generator) member(t reflect.Type, f reflect.StructField, options string) (*Schema, error) {
	m := &Schema{} // of any type
	if f.Type.Kind() != reflect.Interface {
		var err error
		if m, err = g.Of(f.Type); err != nil {
			return nil, err
		}
	}
	if f.Type.Kind() == reflect.Pointer && !strings.Contains(options, "omit") {
		if name, ok := m.Type.(string); ok {
			m.Type = []string{name, "null"}
		} else {
			m = &Schema{AnyOf: []*Schema{m, {Type: "null"}}}
		}
	}
	text := ""
	if t.PkgPath() != "" {
		src, err := g.source(t)
		if err != nil {
			return nil, err
		}
		text = src.fields[t.Name()+"."+f.Name]
	}
	m.Description = strings.TrimSpace(text + " " + m.Description)
	return m, nil
}
