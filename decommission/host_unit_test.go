package decommission

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Where a user's unit files belong is known on the host alone: root's home and those
// of many a company are not below /home.
func TestUnitFilesOfAUser(t *testing.T) {
	bin := t.TempDir()
	script := "#!/bin/sh\n" + `printf 'LoadState=loaded\nActiveState=active\nFragmentPath=/srv/people/op/.config/systemd/user/tikv-20160.service\n'`
	if err := os.WriteFile(filepath.Join(bin, "systemctl"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	for _, tc := range []struct {
		home    string
		user    bool
		dir     string
		refused string
	}{
		{"/srv/people/op", true, "/srv/people/op/.config/systemd/user", ""},
		{"/home/op", true, "/home/op/.config/systemd/user", "not from /home/op/.config/systemd/user"},
		{"/srv/people/op", false, "/etc/systemd/system", "not from /etc/systemd/system"},
	} {
		t.Setenv("HOME", tc.home)
		u, err := ReadUnit(t.Context(), localHost{t}, tc.user, tikvUnit)
		if err != nil {
			t.Fatal(err)
		}
		if u.Dir != tc.dir {
			t.Errorf("home %s, user %v: unit files belong in %s, want %s", tc.home, tc.user, u.Dir, tc.dir)
		}
		var refusals []string
		checkUnitFile(u, func(_, summary, _ string, _ ...string) { refusals = append(refusals, summary) })
		if said := strings.Join(refusals, ";"); !strings.Contains(said, tc.refused) || (tc.refused == "") != (said == "") {
			t.Errorf("home %s, user %v: refused with %q, want %q", tc.home, tc.user, said, tc.refused)
		}
	}
}
