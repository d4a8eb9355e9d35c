package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorder notes what a check would have reported.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...) }

func TestCheck(t *testing.T) {
	t.Chdir(t.TempDir())
	path := filepath.Join("testdata", "plan.golden")
	if err := os.Mkdir("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("one\ntwo\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	old := *update
	defer func() { *update = old }()
	*update = false

	same := &recorder{TB: t}
	Check(same, "plan.golden", []byte("one\ntwo\n"))
	if len(same.failures) != 0 {
		t.Errorf("equal content failed: %q", same.failures)
	}
	differs := &recorder{TB: t}
	Check(differs, "plan.golden", []byte("one\nthree\n"))
	if len(differs.failures) != 1 || !strings.Contains(differs.failures[0], `"three"`) {
		t.Errorf("different content reported as %q", differs.failures)
	}
	missing := &recorder{TB: t}
	Check(missing, "absent.golden", nil)
	if len(missing.failures) == 0 || !strings.Contains(missing.failures[0], "-update") {
		t.Errorf("missing file reported as %q", missing.failures)
	}

	*update = true
	Check(t, "deep/new.golden", []byte("fresh\n"))
	*update = false
	Check(t, "deep/new.golden", []byte("fresh\n"))
}
