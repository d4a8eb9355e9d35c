package topology

import "testing"

// TestObjection goes through paths that no instance may take along, and their
// neighbours that it may.
func TestObjection(t *testing.T) {
	for obstacle, paths := range map[Obstacle][]string{
		NotAbsolute: {"", "x", "x/y", "./x", "../x", "~/x", " /x/y", "C:\\x"},
		OddName: {
			"/x/y\n", "/x/\ty", "/x/y\x00", "/x/y\x7f", "/x/\u0085y", "/x/\u202ey", "/x/\u200by", "/x/y\u00a0", "/x/\xff", "/x/y\r", "/\u2028/x/y",
		},
		NotClean: {
			"//", "/..", "/x//y", "//x/y", "/x/y/", "/x/y/.", "/x/./y", "/x/../y", "/x/y/..", "/x/y//", "/x/y ", "/x / y", "/ x/y", "/x/~/y", "/~/x",
		},
		SystemPath: {
			"/", "/x", "/data", "/data1", "/tidb-data", "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/boot", "/dev", "/proc",
			"/sys", "/run", "/var", "/opt", "/home", "/root", "/tmp", "/mnt", "/media", "/srv",
			"/etc/tikv", "/usr/bin", "/usr/lib/tikv/data", "/bin/x", "/lib/x/y", "/lib64/x", "/dev/shm/tikv", "/proc/1/root", "/sys/x/y", "/run/user/1000", "/boot/x",
			"/usr/local", "/usr/local/bin", "/usr/local/lib/tikv", "/usr/share/x/y",
			"/var/lib", "/var/log", "/var/tmp", "/var/x", "/var/lib/docker", "/var/lib/mysql/data", "/var/log/journal", "/var/cache/apt", "/var/lib/x/y/z",
			"/home/tidb", "/home/tidb/.ssh", "/home/tidb/.tiup/storage/cluster", "/root/.ssh", "/root/.tiup/x",
		},
		"": {
			"/x/y", "/data/tikv", "/data1/tikv-20160", "/tidb-deploy/tikv-20160", "/opt/tikv", "/srv/tikv", "/mnt/disk1", "/media/disk/tikv", "/tmp/x",
			"/usr/local/tidb", "/usr/local/tidb/lib", "/var/lib/tikv", "/var/lib/pingcap/kv", "/var/log/TiDB/kv", "/var/tmp/x", "/var/data/kv",
			"/home/tidb/deploy", "/home/tidb/deploy/tikv-20160", "/root/tidb", "/library/x", "/x/.hidden", "/x/...", "/x/a b", "/x/$y", "/x/*", "/x/-rf", "/x/ü",
		},
	} {
		for _, p := range paths {
			if got, reason := objection(p); got != obstacle || (reason == "") != (obstacle == "") {
				t.Errorf("%q: %q (%s), want %q", p, got, reason, obstacle)
			}
		}
	}
}

func TestOverlap(t *testing.T) {
	for _, tc := range []struct{ held, path, want string }{
		{"/x/y", "/x/y", "is"}, {"/x//y/", "/x/y", "is"}, {"/x/y/../z", "/x/z", "is"},
		{"/x/y", "/x", "contains"}, {"/x/y/z", "/x/y", "contains"}, {"/x/y", "/x/y/z", "lies in"}, {"/", "/x/y", "lies in"},
		{"/x/y", "/x/yy", ""}, {"/x/yy", "/x/y", ""}, {"/x/y", "/x/z", ""}, {"/x/y ", "/x/y", ""},
		{"x/y", "/x/y", "cannot be compared with"}, {"", "/x/y", "cannot be compared with"},
		{"/x/$y", "/x/z/w", "may overlap with"}, {"/x/`y`/z", "/x/y", "may overlap with"}, {"/x/~/y", "/x/y", "may overlap with"},
		{"/x/y$", "/z/y", ""}, {"/$x", "/y/z", "may overlap with"}, {"/x/~y", "/x/y", ""},
	} {
		if got := (heldDir{path: tc.held}).overlap(tc.path); got != tc.want {
			t.Errorf("%q against %q: %q, want %q", tc.path, tc.held, got, tc.want)
		}
	}
	if got := (heldDir{path: "/x/y", shared: true}).overlap("/x/y/z"); got != "" {
		t.Errorf("inside of a shared one: %q", got)
	}
}
