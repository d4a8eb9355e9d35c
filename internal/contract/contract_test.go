package contract

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"
)

// colour has a few values.
type colour string

// level is counted.
type level int

func (l level) MarshalText() ([]byte, error) { return []byte{'a' + byte(l)}, nil }

type base struct {
	Type string `json:"type"`
	Same int    `json:"same"`
}

type sample struct {
	base
	Same   string           `json:"same"`
	ID     uint64           `json:"id"`
	Colour colour           `json:"colour,omitempty"`
	Level  level            `json:"level"`
	At     *time.Time       `json:"at"`
	Next   *sample          `json:"next,omitempty"`
	Other  *inner           `json:"other"`
	List   []inner          `json:"list"`
	Names  map[string]inner `json:"names"`
	Any    any              `json:"any,omitempty"`
	Hidden int              `json:"-"`
	For    time.Duration    `json:"for_ns"`
}

type inner struct {
	N int `json:"n"`
}

func samples() *Generator {
	return &Generator{Module: "ebb/internal/contract", Root: ".", sources: map[string]*source{
		reflect.TypeFor[sample]().PkgPath(): {
			types:  map[string]string{"colour": "colour has a few values."},
			fields: map[string]string{"sample.ID": "ID is the store's."},
			values: map[string][]string{"colour": {"red", "blue"}}, count: map[string]int{"level": 2},
		},
	}}
}

func sampleSchema(t *testing.T) *Schema {
	t.Helper()
	g := samples()
	s, err := g.Object(reflect.TypeFor[sample]())
	if err != nil {
		t.Fatal(err)
	}
	s.Defs = g.Definitions()
	return s
}

func TestObject(t *testing.T) {
	s := sampleSchema(t)
	for name, want := range map[string]string{
		"type":   `{"type":"string"}`,
		"same":   `{"type":"string"}`,
		"id":     `{"description":"ID is the store's. It may exceed 2^53.","type":"integer","format":"uint64","minimum":0}`,
		"colour": `{"$ref":"#/$defs/colour"}`,
		"level":  `{"$ref":"#/$defs/level"}`,
		"at":     `{"type":["string","null"],"format":"date-time"}`,
		"next":   `{"$ref":"#/$defs/sample"}`,
		"other":  `{"anyOf":[{"$ref":"#/$defs/inner"},{"type":"null"}]}`,
		"list":   `{"type":"array","items":{"$ref":"#/$defs/inner"}}`,
		"names":  `{"type":"object","additionalProperties":{"$ref":"#/$defs/inner"}}`,
		"any":    `{}`,
		"for_ns": `{"description":"In nanoseconds.","type":"integer"}`,
		"Hidden": `null`,
	} {
		if got, err := json.Marshal(s.Property(name)); err != nil || string(got) != want {
			t.Errorf("%s: got %s, want %s (%v)", name, got, want, err)
		}
	}
	if want := []string{"type", "same", "id", "level", "at", "other", "list", "names", "for_ns"}; !slices.Equal(s.Required, want) {
		t.Errorf("required are %q, want %q", s.Required, want)
	}
	for name, want := range map[string]string{
		"colour": `{"description":"colour has a few values.","type":"string","enum":["red","blue"]}`,
		"level":  `{"type":"string","enum":["a","b"]}`,
	} {
		if got, err := json.Marshal(s.Defs[name]); err != nil || string(got) != want {
			t.Errorf("%s: got %s, want %s (%v)", name, got, want, err)
		}
	}
}

func TestClosed(t *testing.T) {
	got, err := json.Marshal(sampleSchema(t).Closed().Defs["inner"])
	if want := `{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}`; err != nil || string(got) != want {
		t.Errorf("got %s, want %s (%v)", got, want, err)
	}
	if sampleSchema(t).Defs["inner"].Additional != nil {
		t.Error("the published one is closed, too")
	}
}

func TestUnknownFormsAreRefused(t *testing.T) {
	type untagged struct{ N int }
	type channel struct {
		C chan int `json:"c"`
	}
	type quoted struct {
		N int `json:"n,string"`
	}
	for _, bad := range []reflect.Type{
		reflect.TypeFor[untagged](), reflect.TypeFor[channel](), reflect.TypeFor[quoted](),
		reflect.TypeFor[struct {
			N json.Number `json:"n"`
		}](),
	} {
		if s, err := samples().Object(bad); err == nil {
			t.Errorf("%s became %+v", bad, s)
		}
	}
}

func TestSource(t *testing.T) {
	s, err := readSource(".")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.types["Property"]; got != "Property is a named member of an object." {
		t.Errorf("comment of a type: %q", got)
	}
	if got := s.fields["Schema.Type"]; got != "a name, or a list of them" {
		t.Errorf("comment of a field: %q", got)
	}
}

func TestBroken(t *testing.T) {
	promised := []string{"a always string", "b optional integer", "c always string or null", "d always string", "e always integer", "f always string"}
	kept := []string{"a always string", "b always integer", "c always string", "d optional string", "e always string", "new always string", "f always string or null"}
	if got, want := Broken(promised, kept), []string{"d always string", "e always integer", "f always string"}; !slices.Equal(got, want) {
		t.Errorf("broken are %q, want %q", got, want)
	}
	if got := Broken(kept, kept); len(got) > 0 {
		t.Errorf("nothing has changed, and broken are %q", got)
	}
}
