package uitest

import "testing"

func TestScreen(t *testing.T) {
	for name, tt := range map[string]struct{ written, want string }{
		"lines":             {"one\r\ntwo\r\n", "one\ntwo"},
		"a long line wraps": {"0123456789ab", "0123456789\nab"},
		"a full line stays": {"0123456789\r\nab", "0123456789\nab"},
		"wide at the edge":  {"012345678上b", "012345678\n上b"},
		"combining":         {"e\u0301x", "e\u0301x"},
		"rewritten":         {"old\r\nrows\r\n\r\x1b[2Anew\x1b[K\r\n\x1b[J", "new"},
		"over wide text":    {"上海\rab", "ab海"},
		"not above the top": {"a\r\nb\r\nc\r\nd\r\n\x1b[9Ax", "a\nx\nc\nd"},
		"colour":            {"\x1b[31mred\x1b[0m", "red"},
		"cut sequence":      {"a\x1b[3", "a"},
	} {
		height := 10
		if name == "not above the top" {
			height = 4
		}
		if got := Show(10, height, tt.written).String(); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	s := Show(10, 2, "\x1b[?25lx\x1b[31mred\x1b[0my")
	if !s.CursorHidden || s.Styled() != "x\x1b[31mred\x1b[my" {
		t.Errorf("hidden %v, %q", s.CursorHidden, s.Styled())
	}
}
