package contract

import (
	"encoding"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Generator makes schemas of types of one module.
type Generator struct {
	// Module is the path of the module, Root the directory that it is in.
	Module, Root string
	// Open are string types that have constants, but other values too.
	Open []reflect.Type
	// Wider are string types that also have the constants of another type, or of an
	// alias in another package: "module/package.Name".
	Wider map[reflect.Type]string

	sources map[string]*source
	defs    map[string]*Schema
	types   map[string]reflect.Type // name in defs -> type
}

// Definitions are the schemas of all named types that were asked for since the
// last call, for $defs.
func (g *Generator) Definitions() map[string]*Schema {
	defs := g.defs
	g.defs, g.types = nil, nil
	return defs
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	rawType       = reflect.TypeFor[json.RawMessage]()
	marshalerType = reflect.TypeFor[json.Marshaler]()
	textType      = reflect.TypeFor[encoding.TextMarshaler]()
)

// Of makes the schema of a type. Named structs and types with a list of values
// become definitions.
func (g *Generator) Of(t reflect.Type) (*Schema, error) {
	switch {
	case t == timeType:
		return &Schema{Type: "string", Format: "date-time"}, nil
	case t == reflect.TypeFor[time.Duration]():
		return &Schema{Type: "integer", Description: "In nanoseconds."}, nil
	case t == rawType:
		return &Schema{Description: "Any JSON."}, nil
	case t.Kind() == reflect.Pointer:
		return g.Of(t.Elem())
	case t.Implements(marshalerType) || reflect.PointerTo(t).Implements(marshalerType):
		return nil, fmt.Errorf("%s has a MarshalJSON of its own, of which nothing is known", t)
	case t.Name() != "" && t.PkgPath() != "":
		return g.named(t)
	}
	return g.plain(t)
}

// named returns a reference to the definition of a type.
func (g *Generator) named(t reflect.Type) (*Schema, error) {
	name := t.Name()
	if known, ok := g.types[name]; ok && known != t {
		name = filepath.Base(t.PkgPath()) + "." + name
	}
	ref := &Schema{Ref: "#/$defs/" + name}
	if g.types[name] == t {
		return ref, nil
	}
	src, err := g.source(t)
	if err != nil {
		return nil, err
	}
	s := &Schema{}
	if g.defs == nil {
		g.defs, g.types = make(map[string]*Schema), make(map[string]reflect.Type)
	}
	g.defs[name], g.types[name] = s, t
	made, err := g.body(t, src)
	if err != nil {
		return nil, err
	}
	made.Description = strings.TrimSpace(src.types[t.Name()] + " " + made.Description)
	*s = *made
	return ref, nil
}

func (g *Generator) body(t reflect.Type, src *source) (*Schema, error) {
	if t.Implements(textType) {
		values, err := texts(t, src.count[t.Name()])
		return &Schema{Type: "string", Enum: values}, err
	}
	s, err := g.plain(t)
	if err != nil || t.Kind() != reflect.String {
		return s, err
	}
	for _, open := range g.Open {
		if open == t {
			return s, nil
		}
	}
	values := src.values[t.Name()]
	if other, ok := g.Wider[t]; ok {
		path, name, _ := strings.Cut(other, ".")
		more, err := g.sourceOf(path)
		if err != nil {
			return nil, err
		}
		if len(more.values[name]) == 0 {
			return nil, fmt.Errorf("%s has no constants, of which %s should have more", other, t)
		}
		values = slices.Concat(values, more.values[name])
	}
	for _, value := range values {
		s.Enum = append(s.Enum, value)
	}
	return s, nil
}

// texts are the values of a type that an iota counts.
func texts(t reflect.Type, count int) ([]any, error) {
	if count == 0 {
		return nil, fmt.Errorf("%s marshals as text, but no constants of it were found", t)
	}
	var list []any
	for i := range count {
		v := reflect.New(t).Elem()
		if v.CanInt() {
			v.SetInt(int64(i))
		} else {
			v.SetUint(uint64(i))
		}
		marshaler, ok := v.Interface().(encoding.TextMarshaler)
		if !ok {
			return nil, fmt.Errorf("%s does not marshal as text", t)
		}
		text, err := marshaler.MarshalText()
		if err != nil {
			return nil, err
		}
		list = append(list, string(text))
	}
	return list, nil
}

func (g *Generator) plain(t reflect.Type) (*Schema, error) {
	switch t.Kind() {
	case reflect.Struct:
		return g.Object(t)
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return &Schema{Type: "string", Description: "Base64."}, nil
		}
		items, err := g.Of(t.Elem())
		return &Schema{Type: "array", Items: items}, err
	case reflect.Map:
		values, err := g.Of(t.Elem())
		return &Schema{Type: "object", Additional: values}, err
	case reflect.String:
		return &Schema{Type: "string"}, nil
	case reflect.Bool:
		return &Schema{Type: "boolean"}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &Schema{Type: "integer"}, nil
	case reflect.Uint, reflect.Uint64:
		return &Schema{Type: "integer", Format: "uint64", Minimum: new(int), Description: "It may exceed 2^53."}, nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return &Schema{Type: "integer", Minimum: new(int)}, nil
	case reflect.Float32, reflect.Float64:
		return &Schema{Type: "number"}, nil
	}
	return nil, fmt.Errorf("%s has no JSON form that is known here", t)
}

func (g *Generator) source(t reflect.Type) (*source, error) {
	s, err := g.sourceOf(t.PkgPath())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	return s, nil
}

func (g *Generator) sourceOf(path string) (*source, error) {
	if s, ok := g.sources[path]; ok {
		return s, nil
	}
	below, ok := strings.CutPrefix(path, g.Module+"/")
	if !ok {
		return nil, fmt.Errorf("package %s is not of module %s", path, g.Module)
	}
	s, err := readSource(filepath.Join(g.Root, below))
	if g.sources == nil {
		g.sources = make(map[string]*source)
	}
	g.sources[path] = s
	return s, err
}
