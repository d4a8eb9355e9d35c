package ui

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.1.7:20160":      "10.0.1.7:20160",
		"zone=上海":             "zone=上海",
		"a\nb\tc\rd":          `a\nb\tc\rd`,
		"\x1b[2J":             `\x1b[2J`,
		"\x1b]0;title\x07":    `\x1b]0;title\x07`,
		"\u009b2J":            `\x9b2J`,
		"\xff\xfe":            `\xff\xfe`,
		"a\u202eb":            `a\u202eb`,
		"a\u200bb":            `a\u200bb`,
		"del\x7f":             `del\x7f`,
		"👨\u200d👩":            `👨\u200d👩`, // how wide it is drawn, no two terminals agree on
		"❤\ufe0f":             `❤\ufe0f`,
		"r1\u00ad\u3164":      `r1\u00ad\u3164`,
		"r1\U000e0041":        `r1\U000e0041`,
		"\ufffd is a valid �": "\ufffd is a valid �",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCleanLineKeepsColors(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b[32mUp\x1b[0m":     "\x1b[32mUp\x1b[0m",
		"\x1b[1;31mDown\x1b[0m": "\x1b[1;31mDown\x1b[0m",
		"\x1b[2Jx":              `\x1b[2Jx`,
		"\x1b[31":               `\x1b[31`,
		"\x1b":                  `\x1b`,
		"a\x1b[32mb\nc":         "a\x1b[32mb" + `\nc`,
	} {
		if got := cleanLine(in); got != want {
			t.Errorf("cleanLine(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTruncate(t *testing.T) {
	for _, tt := range []struct {
		in    string
		width int
		want  string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"abcd", 1, "…"},
		{"abcd", 0, ""},
		{"上海北京", 8, "上海北京"},
		{"上海北京", 7, "上海北…"},
		{"上海北京", 6, "上海…"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		{"\x1b[31mabcd\x1b[0m", 3, "\x1b[31mab…\x1b[0m"},
		{"\x1b[31ma\x1b[0mbcd", 3, "\x1b[31ma\x1b[0mb…"},
	} {
		if got := Truncate(tt.in, tt.width); got != tt.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.want)
		}
	}
}

func TestTruncateStart(t *testing.T) {
	for _, tt := range []struct {
		in    string
		width int
		want  string
	}{
		{"/data/tikv", 10, "/data/tikv"},
		{"/data/tikv", 5, "…tikv"},
		{"/数据/目录", 6, "…/目录"},
		{"abc", 1, "…"},
		{"abc", 0, ""},
	} {
		if got := truncateStart(tt.in, tt.width); got != tt.want {
			t.Errorf("truncateStart(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.want)
		}
	}
}

// Whatever comes in, one harmless line comes out, and it is stable.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", "zone=上海", "\x1b[2J\x9b\xff", "a\u202eb\n", "\x1b[31mred\x1b[0m"} {
		f.Add(seed, 10)
	}
	f.Fuzz(func(t *testing.T, s string, width int) {
		clean := Clean(s)
		if !utf8.ValidString(clean) || strings.ContainsFunc(clean, unsafeRune) {
			t.Errorf("Clean(%q) = %q is not safe", s, clean)
		}
		if Clean(clean) != clean {
			t.Errorf("Clean(%q) is not stable", s)
		}
		width %= 300
		for _, cut := range []string{Truncate(clean, width), truncateStart(clean, width), Truncate(cleanLine(s), width)} {
			if Width(cut) > max(width, 0) && Width(cut) != 0 {
				t.Errorf("%q cut to %d columns is %q of %d", clean, width, cut, Width(cut))
			}
		}
	})
}
