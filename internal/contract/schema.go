// Package contract makes JSON Schemas (draft 2020-12) of the Go types that are
// printed as JSON, with descriptions from their doc comments and the values of
// typed constants. Only tests import it: no program contains it.
package contract

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Draft is the dialect of the schemas.
const Draft = "https://json-schema.org/draft/2020-12/schema"

// Schema is the part of JSON Schema that is needed here.
type Schema struct {
	Draft       string `json:"$schema,omitempty"`
	ID          string `json:"$id,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Ref         string `json:"$ref,omitempty"`

	Type    any    `json:"type,omitempty"` // a name, or a list of them
	Format  string `json:"format,omitempty"`
	Const   any    `json:"const,omitempty"`
	Enum    []any  `json:"enum,omitempty"`
	Minimum *int   `json:"minimum,omitempty"`

	Properties Properties `json:"properties,omitempty"`
	Required   []string   `json:"required,omitempty"`
	// Additional is false, or the schema of all values of a map.
	Additional any     `json:"additionalProperties,omitempty"`
	Items      *Schema `json:"items,omitempty"`

	AnyOf []*Schema          `json:"anyOf,omitempty"`
	OneOf []*Schema          `json:"oneOf,omitempty"`
	Defs  map[string]*Schema `json:"$defs,omitempty"`
}

// Property is a named member of an object.
type Property struct {
	Name   string
	Schema *Schema
}

// Properties keep the order in which they are printed.
type Properties []Property

// MarshalJSON implements [json.Marshaler].
func (p Properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(p[i].Name)
		if err != nil {
			return nil, err
		}
		schema, err := json.Marshal(p[i].Schema)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(schema)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Property finds a member, nil when there is none.
func (s *Schema) Property(name string) *Schema {
	for i := range s.Properties {
		if s.Properties[i].Name == name {
			return s.Properties[i].Schema
		}
	}
	return nil
}

// Only returns a copy of an object that has the given members, always or perhaps,
// and no other.
func (s *Schema) Only(always, perhaps []string) *Schema {
	c := *s
	c.Properties, c.Required = nil, nil
	for _, p := range s.Properties {
		must := slices.Contains(always, p.Name)
		if must || slices.Contains(perhaps, p.Name) {
			c.Properties = append(c.Properties, p)
		}
		if must {
			c.Required = append(c.Required, p.Name)
		}
	}
	return &c
}

// With returns a copy of an object in which a member has another schema.
func (s *Schema) With(name string, member *Schema) *Schema {
	c := *s
	c.Properties = slices.Clone(s.Properties)
	for i := range c.Properties {
		if c.Properties[i].Name == name {
			c.Properties[i].Schema = member
		}
	}
	return &c
}

// Closed returns a copy in which objects have no members but those described. It
// is for those who print; those who read have to tolerate more.
func (s *Schema) Closed() *Schema {
	if s == nil {
		return nil
	}
	c := *s
	c.Properties = slices.Clone(s.Properties)
	for i := range c.Properties {
		c.Properties[i].Schema = c.Properties[i].Schema.Closed()
	}
	if values, ok := s.Additional.(*Schema); ok {
		c.Additional = values.Closed()
	} else if s.Properties != nil && s.Additional == nil {
		c.Additional = false
	}
	c.Items = s.Items.Closed()
	c.AnyOf, c.OneOf = closed(s.AnyOf), closed(s.OneOf)
	if s.Defs != nil {
		c.Defs = make(map[string]*Schema, len(s.Defs))
		for name, def := range s.Defs {
			c.Defs[name] = def.Closed()
		}
	}
	return &c
}

func closed(list []*Schema) []*Schema {
	var out []*Schema
	for _, s := range list {
		out = append(out, s.Closed())
	}
	return out
}

// DropUnused removes the definitions that nothing refers to.
func (s *Schema) DropUnused() {
	used := make(map[string]*Schema)
	var visit func(*Schema)
	visit = func(part *Schema) {
		if part == nil {
			return
		}
		if name, ok := strings.CutPrefix(part.Ref, "#/$defs/"); ok && used[name] == nil {
			used[name] = s.Defs[name]
			visit(s.Defs[name])
		}
		for i := range part.Properties {
			visit(part.Properties[i].Schema)
		}
		if values, ok := part.Additional.(*Schema); ok {
			visit(values)
		}
		visit(part.Items)
		for _, list := range [][]*Schema{part.AnyOf, part.OneOf} {
			for _, one := range list {
				visit(one)
			}
		}
	}
	visit(s)
	s.Defs = used
}
