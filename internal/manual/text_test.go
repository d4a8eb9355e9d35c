package manual

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []Section
	}{
		{"empty", "", nil},
		{"paragraphs", "one\ntwo\n\nthree\n", []Section{{Blocks: []Block{
			{Kind: Paragraph, Text: "one two"}, {Kind: Paragraph, Text: "three"},
		}}}},
		{"sections", "one\n\nEXIT STATUS\n    0  done\n  130  cut off", []Section{
			{Blocks: []Block{{Kind: Paragraph, Text: "one"}}},
			{Heading: "EXIT STATUS", Blocks: []Block{{Kind: List, Items: []Item{{"0", "done"}, {"130", "cut off"}}}}},
		}},
		{"only a section", "FILES\nnone", []Section{{Heading: "FILES", Blocks: []Block{{Kind: Paragraph, Text: "none"}}}}},
		{"a list", "kinds:\n\n  a b   one\n        two\n  c     three\nand so on", []Section{{Blocks: []Block{
			{Kind: Paragraph, Text: "kinds:"},
			{Kind: List, Items: []Item{{"a b", "one two"}, {"c", "three"}}},
			{Kind: Paragraph, Text: "and so on"},
		}}}},
		{"a long term", "  a   one\n  long term\n        two\n        three", []Section{{Blocks: []Block{
			{Kind: List, Items: []Item{{"a", "one"}, {"long term", "two three"}}},
		}}}},
		{"two lists", "  a  one\n\n  b  two", []Section{{Blocks: []Block{
			{Kind: List, Items: []Item{{"a", "one"}}}, {Kind: List, Items: []Item{{"b", "two"}}},
		}}}},
		{"headings", "Being asked\n  It asks.\n  Twice.\n\nNot at all\n  no", []Section{{Blocks: []Block{
			{Kind: Heading, Text: "Being asked"},
			{Kind: Indented, Text: "It asks. Twice."},
			{Kind: Heading, Text: "Not at all"},
			{Kind: Indented, Text: "no"},
		}}}},
		{"what ends a sentence is no heading", "One line,\n  set in", []Section{{Blocks: []Block{
			{Kind: Paragraph, Text: "One line,"}, {Kind: Indented, Text: "set in"},
		}}}},
		{"a second line is no heading", "one\ntwo\n  set in", []Section{{Blocks: []Block{
			{Kind: Paragraph, Text: "one two"}, {Kind: Indented, Text: "set in"},
		}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parse(tt.text), cmp.Transformer("none", func(s []Section) []Section {
				return append([]Section(nil), s...)
			})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// No word of a help text is lost, and none changes its place.
func FuzzParse(f *testing.F) {
	f.Add("one\n  a  b\n    c\n\nEXIT STATUS\n  0  done")
	f.Add("Head\n  text\n  x  y\nz")
	f.Fuzz(func(t *testing.T, text string) {
		var got []string
		for _, s := range parse(text) {
			got = append(got, strings.Fields(s.Heading)...)
			for _, b := range s.Blocks {
				got = append(got, strings.Fields(b.Text)...)
				for _, it := range b.Items {
					got = append(got, strings.Fields(it.Term+" "+it.Text)...)
				}
			}
		}
		if want := strings.Fields(text); !slices.Equal(got, want) {
			t.Errorf("%q became %q", want, got)
		}
	})
}
