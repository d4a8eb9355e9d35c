package jq

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// run collects the results up to the first error.
func run(t *testing.T, source, document string) (results []string, err error) {
	t.Helper()
	program, err := Compile(source, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for out, err := range program.Run(t.Context(), []byte(document)) {
		if err != nil {
			return results, err
		}
		results = append(results, string(out))
	}
	return results, nil
}

func TestRun(t *testing.T) {
	tests := []struct {
		name, source, document string
		want                   []string
	}{
		{"identity", ".", `{"b":1,"a":[true,null]}`, []string{`{"a":[true,null],"b":1}`}},
		{"several", ".[]", `[1,"two",{}]`, []string{"1", `"two"`, "{}"}},
		{"none", "empty", `{}`, nil},
		{"an id above 2^53", ".id", `{"id":9007199254740993}`, []string{"9007199254740993"}},
		{"the highest id", ".id", `{"id":18446744073709551615}`, []string{"18446744073709551615"}},
		{"an id in an array", "[.[].id]", `[{"id":9007199254740993},{"id":18446744073709551614}]`, []string{"[9007199254740993,18446744073709551614]"}},
		{"ids compare exactly", ".[0] == .[1]", `[9007199254740993,9007199254740992]`, []string{"false"}},
		{"ids count exactly", ".id + 1", `{"id":9007199254740993}`, []string{"9007199254740994"}},
		{"ids sort exactly", "sort", `[9007199254740993,9007199254740992]`, []string{"[9007199254740992,9007199254740993]"}},
		{"a literal id", "9007199254740993", `null`, []string{"9007199254740993"}},
		{"text of an id", ".id | tostring", `{"id":9007199254740993}`, []string{`"9007199254740993"`}},
		{"large floats stay", ".left", `{"left":1.7976931348623157e308}`, []string{"1.7976931348623157e308"}},
		{"wide characters", ".zone", `{"zone":"北京"}`, []string{`"北京"`}},
		{"no environment", "env", `null`, []string{"{}"}},
		{"no $ENV", "$ENV | length", `null`, []string{"0"}},
		{"halt", "1, halt, 2", `null`, []string{"1"}},
		{"caught error", `try error("x") catch .`, `null`, []string{`"x"`}},
		{"definitions over lines", "def id:\n  .id;\nid", `{"id":1}`, []string{"1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := run(t, tt.source, tt.document)
			if err != nil {
				t.Fatal(err)
			}
			if tt.name == "large floats stay" {
				for i := range got {
					got[i] = strings.ReplaceAll(strings.ToLower(got[i]), "e+", "e")
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRuntimeErrors(t *testing.T) {
	tests := []struct {
		name, source, document string
		before                 []string // results in front of the error
		says                   string
	}{
		{"wrong type", ".[0], (.[1] | keys)", `[1,2]`, []string{"1"}, "keys"},
		{"error", `error("no such store")`, `null`, nil, "no such store"},
		{"error of an object", `error({"id":4})`, `null`, nil, `{"id":4}`},
		{"halt_error", `"gone" | halt_error`, `null`, nil, "gone"},
		{"no JSON", ".", `{"a":`, nil, "read document"},
		{"HTML", ".", `<html>`, nil, "read document"},
		{"nothing", ".", ``, nil, "read document"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := run(t, tt.source, tt.document)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want one with %q", err, tt.says)
			}
			if !slices.Equal(got, tt.before) {
				t.Errorf("got %q before the error, want %q", got, tt.before)
			}
		})
	}
}

// The caret stands under the first character of what was not expected. In
// these pictures a wide character takes two columns, as on a terminal.
func TestSyntaxErrors(t *testing.T) {
	tests := []struct{ name, source, picture string }{
		{"token", ".nodes[] | select(]", "" +
			"  .nodes[] | select(]\n" +
			"                    ^"},
		{"the end", ".nodes[] | select(.id", "" +
			"  .nodes[] | select(.id\n" +
			"                       ^"},
		{"empty alternative", ". |", "" +
			"  . |\n" +
			"     ^"},
		{"second line", ".nodes[]\n| | .id\n| .x", "" +
			"  | | .id\n" +
			"    ^"},
		{"the end of several lines", ".nodes[]\n| .id |", "" +
			"  | .id |\n" +
			"         ^"},
		{"behind wide characters", `select(.zone == "北京" ]`, "" +
			`  select(.zone == "北京" ]` + "\n" +
			"                         ^"},
		{"behind a tab", ".a\t| ]", "" +
			"  .a | ]\n" +
			"       ^"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Compile(tt.source, Options{})
			if _, ok := errors.AsType[*SyntaxError](err); !ok {
				t.Fatalf("error %v, want a *SyntaxError", err)
			}
			first, picture, _ := strings.Cut(err.Error(), "\n")
			if !strings.HasPrefix(first, "compile jq program: ") || picture != tt.picture {
				t.Errorf("got\n%s\nwant\n%s", err, tt.picture)
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	for source, says := range map[string]string{
		".a | nosuch":      "function not defined: nosuch/0",
		"$x":               "variable not defined: $x",
		`import "x" as x;`: "",
		"input":            "",
		`"\(`:              "",
	} {
		_, err := Compile(source, Options{})
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: error %v, want a *SyntaxError with %q", source, err, says)
		}
	}
}

// A program without end stops with the context.
func TestCancel(t *testing.T) {
	for _, source := range []string{"def f: f; f", "range(infinite) | empty", "repeat(.)", "[range(infinite)]"} {
		t.Run(source, func(t *testing.T) {
			program, err := Compile(source, Options{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			var last error
			for _, err := range program.Run(ctx, []byte("null")) {
				last = err
			}
			if !errors.Is(last, context.DeadlineExceeded) {
				t.Errorf("ended with %v", last)
			}
		})
	}
}

// Who has seen enough gets no more.
func TestStopEarly(t *testing.T) {
	program, err := Compile("range(infinite)", Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range program.Run(t.Context(), []byte("null")) {
		if n++; n == 3 || err != nil {
			break
		}
	}
	if n != 3 {
		t.Errorf("got %d results, want 3", n)
	}
}

// One program runs over many documents.
func TestRunAgain(t *testing.T) {
	program, err := Compile(".id", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "2"} {
		for out, err := range program.Run(t.Context(), []byte(`{"id":`+id+`}`)) {
			if err != nil || string(out) != id {
				t.Errorf("got %s, %v, want %s", out, err, id)
			}
		}
	}
}
