package cmd

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestSplitShell(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string // words with | between, commands with ;
	}{
		{"", ""},
		{"  \t ", ""},
		{"display prod", "display|prod"},
		{" display\t prod \r\n", "display|prod"},
		{"a; b c;;\n\n d ;", "a;b|c;d"},
		{`--jq '.a | .b'`, "--jq|.a | .b"},
		{`--jq "a \"b\" \\ \$x \n 'c'"`, `--jq|a "b" \ $x \n 'c'`},
		{`a'b'"c"\d`, "abcd"},
		{`'' ""`, "|"},
		{`a\ b \; \' \"`, `a b|\;|'|"`},
		{"a \\\nb", "a|b"},
		{"a\\\nb", "ab"},
		{"\"a\\\nb\"", "ab"},
		{"'a\\\nb'", "a\\\nb"},
		{"'a\nb'", "a\nb"},
		{"a # b 'c\nd", "a;d"},
		{"# only", ""},
		{"#\na", "a"},
		{"a#b '#' \\#", "a#b|#|#"},
		{"$HOME ~ * ? `x` {a,b} !", "$HOME|~|*|?|`x`|{a,b}|!"},
		{".regions[].id a=b", ".regions[].id|a=b"},
		{"北京 'ü'", "北京|ü"},
	} {
		commands, err := splitShell(tt.text)
		var lines []string
		for _, c := range commands {
			texts := wordTexts(c)
			for i := range texts {
				texts[i] = strings.ReplaceAll(texts[i], ";", `\;`)
			}
			lines = append(lines, strings.Join(texts, "|"))
		}
		if got := strings.Join(lines, ";"); got != tt.want || err != nil {
			t.Errorf("%q: %q, %v, want %q", tt.text, got, err, tt.want)
		}
	}
	for _, open := range []string{"'", `"`, `a 'b; c`, `a "b\"`, `a \`, `"a\`, "'a' '"} {
		if commands, err := splitShell(open); !errors.Is(err, errOpenQuote) || commands != nil {
			t.Errorf("%q: %v, %v, want an open quote", open, commands, err)
		}
	}
	for _, operator := range []string{"a | b", "a & b", "a && b", "a > b", "a < b", "(a)", "a)", "a; b|c"} {
		var usage *usageError
		if _, err := splitShell(operator); !errors.As(err, &usage) || !strings.Contains(usage.hint, "single quotes") {
			t.Errorf("%q: %v", operator, err)
		}
	}
}

func TestSplitShellPlaces(t *testing.T) {
	const text = `x; scale-in  'a b' c\d "" end`
	commands, err := splitShell(text)
	if err != nil || len(commands) != 2 {
		t.Fatalf("%v, %v", commands, err)
	}
	var raw []string
	for _, w := range commands[1] {
		raw = append(raw, text[w.start:w.end])
		if plainly := text[w.start:w.end] == w.text; plainly == w.quoted {
			t.Errorf("%q: quoted is %v", text[w.start:w.end], w.quoted)
		}
	}
	if want := []string{"scale-in", "'a b'", `c\d`, `""`, "end"}; !slices.Equal(raw, want) {
		t.Errorf("places of %q, want %q", raw, want)
	}
}

// One command is split as sh splits it, in all short strings of what matters.
func TestSplitShellAsSh(t *testing.T) {
	const alphabet = `a '"\#`
	var texts []string
	var grow func(string)
	grow = func(text string) {
		texts = append(texts, text)
		if len(text) < 4 {
			for _, c := range alphabet {
				grow(text + string(c))
			}
		}
	}
	grow("")
	// One process for all: each text is a function call behind a marker.
	var b strings.Builder
	b.WriteString("w() { printf '<'; for a do printf 'w%s,' \"$a\"; done; printf '>\\n'; }\n")
	var tried []string
	for _, text := range texts {
		if _, err := splitShell(text); err == nil {
			tried = append(tried, text)
			b.WriteString("w " + text + "\n")
		}
	}
	c := exec.Command("sh", "-f")
	c.Stdin = strings.NewReader(b.String())
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(tried) || len(tried) < 500 {
		t.Fatalf("%d answers for %d texts", len(lines), len(tried))
	}
	for i, text := range tried {
		commands, _ := splitShell(text)
		got := "<"
		for _, words := range commands {
			for _, w := range words {
				got += "w" + w.text + ","
			}
		}
		if got += ">"; got != lines[i] {
			t.Errorf("%q: %s, sh has %s", text, got, lines[i])
		}
	}
}

// Whatever is put into single quotes comes back, whatever is around it.
func FuzzSplitShell(f *testing.F) {
	for _, seed := range []string{"", "a b", "'", `"`, "\\", "#", ";", "\n", "$x", "ü", "a'b\"c\\"} {
		f.Add(seed, seed)
	}
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
	f.Fuzz(func(t *testing.T, a, b string) {
		commands, err := splitShell(quote(a) + " \t" + quote(b) + ";x")
		if err != nil || len(commands) != 2 || !slices.Equal(wordTexts(commands[0]), []string{a, b}) {
			t.Fatalf("%q, %q: %v, %v", a, b, commands, err)
		}
		commands, err = splitShell(a) // anything may be typed
		for _, words := range commands {
			end := 0
			for _, w := range words {
				if w.start < end || w.end <= w.start || w.end > len(a) {
					t.Fatalf("%q: word %+v", a, w)
				}
				end = w.end
			}
		}
		if err != nil && commands != nil {
			t.Fatalf("%q: %v beside %v", a, commands, err)
		}
	})
}
