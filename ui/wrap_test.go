package ui

import (
	"slices"
	"testing"
)

func TestWrap(t *testing.T) {
	tests := []struct {
		text  string
		width int
		want  []string
	}{
		{"one two three", 0, []string{"one two three"}},
		{"one two three", 13, []string{"one two three"}},
		{"one two three", 12, []string{"one two", "three"}},
		{"one two three", 3, []string{"one", "two", "three"}},
		{"antidisestablishment is long", 5, []string{"antidisestablishment", "is", "long"}},
		{"机架 一号 二号", 9, []string{"机架 一号", "二号"}},
		{"", 5, []string{""}},
	}
	for _, tt := range tests {
		if got := Wrap(tt.text, tt.width); !slices.Equal(got, tt.want) {
			t.Errorf("Wrap(%q, %d) = %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}

func TestHang(t *testing.T) {
	s := Test("")
	s.SetTTY(false, true, false)
	s.SetSize(40, 10)
	if err := s.Out.Hang("  fix: ", "add a store first, or lower the count of the rule"); err != nil {
		t.Fatal(err)
	}
	want := "  fix: add a store first, or lower the\n       count of the rule\n"
	if got := s.OutBuf.String(); got != want {
		t.Errorf("on a terminal:\n%q, want\n%q", got, want)
	}
	s.OutBuf.Reset()
	s.SetTTY(false, false, false)
	if err := s.Out.Hang("  fix: ", "add a store first, or lower the count of the rule"); err != nil {
		t.Fatal(err)
	}
	if got := s.OutBuf.String(); got != "  fix: add a store first, or lower the count of the rule\n" {
		t.Errorf("in a pipe: %q", got)
	}
}
