package decommission

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The unit file is kept, however often and wherever masking was cut off. The
// mask itself is made here as systemd makes it.
func TestMaskKeepsTheUnitFile(t *testing.T) {
	dir := t.TempDir()
	unit := filepath.Join(dir, tikvUnit)
	kept := unit + fencedSuffix
	if err := os.WriteFile(unit, []byte(fencedFile), 0o600); err != nil {
		t.Fatal(err)
	}
	c := maskCommand(&FenceTarget{Unit: tikvUnit}, kept)
	argv := append(c.Argv[:6:6], "ln", "-sfn", "/dev/null", unit) // in place of systemctl
	for _, when := range []string{"first", "again, with the mask in place", "with neither file nor mask"} {
		if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", when, err, out)
		}
		if data, err := os.ReadFile(kept); err != nil || string(data) != fencedFile {
			t.Errorf("%s: kept %q, %v", when, data, err)
		}
		if target, err := os.Readlink(unit); err != nil || target != "/dev/null" {
			t.Errorf("%s: the unit is %q, %v", when, target, err)
		}
		if when != "first" {
			if err := os.Remove(unit); err != nil {
				t.Fatal(err)
			}
		}
	}
}
