package ui

import (
	"os/exec"
	"testing"
)

func TestCanPrompt(t *testing.T) {
	for _, tt := range []struct{ in, out, err, want bool }{
		{true, true, true, true},
		{true, false, true, true}, // stdout may be redirected
		{false, true, true, false},
		{true, true, false, false},
		{false, false, false, false},
	} {
		s := Test("")
		s.SetTTY(tt.in, tt.out, tt.err)
		if got := s.CanPrompt(); got != tt.want {
			t.Errorf("terminals %v: CanPrompt = %v", tt, got)
		}
	}
}

func TestColor(t *testing.T) {
	for name, tt := range map[string]struct {
		tty, off bool
		env      map[string]string
		want     bool
	}{
		"terminal":          {tty: true, want: true},
		"pipe":              {},
		"NO_COLOR":          {tty: true, env: map[string]string{"NO_COLOR": "1"}},
		"NO_COLOR is empty": {tty: true, env: map[string]string{"NO_COLOR": ""}, want: true},
		"dumb":              {tty: true, env: map[string]string{"TERM": "dumb"}},
		"--no-color":        {tty: true, off: true},
	} {
		s := Test("")
		s.SetTTY(false, tt.tty, tt.tty)
		for key, value := range tt.env {
			s.Setenv(key, value)
		}
		if tt.off {
			s.DisableColor()
		}
		want := "Up"
		if tt.want {
			want = "\x1b[32mUp\x1b[0m"
		}
		if got := s.Out.Paint(Green, "Up"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	s := Test("")
	if w, h := s.Out.Width(), s.Out.Height(); w != 0 || h != 0 {
		t.Errorf("a pipe is %d by %d, want no limit", w, h)
	}
	s.SetTTY(true, true, true)
	s.SetSize(200, 50)
	if w, h := s.Out.Width(), s.Out.Height(); w != 200 || h != 50 {
		t.Errorf("terminal is %d by %d, want 200 by 50", w, h)
	}
	s.SetSize(0, 0)
	if w, h := s.Out.Width(), s.Out.Height(); w != 80 || h != 24 {
		t.Errorf("terminal of unknown size is %d by %d, want 80 by 24", w, h)
	}
	s.Setenv("COLUMNS", "132")
	if w := s.Out.Width(); w != 132 {
		t.Errorf("width = %d, want COLUMNS", w)
	}
}

func TestHint(t *testing.T) {
	s := Test("")
	s.Hint("run %q", "ebb prune\nx")
	if got, want := s.ErrBuf.String(), "hint: run \"ebb prune\\nx\"\n"; got != want {
		t.Errorf("hint = %q, want %q", got, want)
	}
	if s.OutBuf.String() != "" {
		t.Error("a hint went to stdout")
	}
}

func TestSystem(t *testing.T) {
	s := System()
	if s.In == nil || s.Out == nil || s.Err == nil || s.Getenv == nil {
		t.Errorf("incomplete streams: %+v", s)
	}
	if s.Out.IsTerminal() && s.Out.Width() <= 0 {
		t.Error("a terminal without a width")
	}
}

func TestConnect(t *testing.T) {
	s := Test("from stdin")
	child := exec.CommandContext(t.Context(), "sh", "-c", "cat; echo problem >&2")
	s.Connect(child)
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	if out, errs := s.OutBuf.String(), s.ErrBuf.String(); out != "from stdin" || errs != "problem\n" {
		t.Errorf("child wrote %q and %q", out, errs)
	}
}
