package topology

import (
	"regexp"
	"slices"
	"strings"
)

// systemTrees are the directories at the root in which nothing is a cluster's.
var systemTrees = []string{
	"bin", "boot", "dev", "efi", "etc", "lost+found", "nix", "proc", "run", "sbin", "selinux", "snap", "sys",
}

// systemLibraries are /lib, /lib64, /libx32 and so on.
var systemLibraries = regexp.MustCompile(`^lib(x?\d+)?$`)

// systemLocal and systemVar are what distributions put into /usr/local and /var.
var (
	systemLocal = []string{"bin", "etc", "games", "include", "lib", "lib32", "lib64", "libexec", "libx32", "man", "sbin", "share", "src"}
	systemVar   = []string{
		"account", "adm", "backups", "cache", "crash", "db", "empty", "games", "lib", "local", "lock", "log", "mail", "opt", "run", "spool", "yp",
	}
)

// ownName tells the directories of a cluster from those of all the other
// services that keep theirs in /var/lib and /var/log.
var ownName = regexp.MustCompile(`(?i)tidb|tikv|tiflash|pingcap`)

// systemPath says why a clean absolute path must not be deleted whoever claims
// it; "" when it may. It errs towards keeping: what it refuses in vain is deleted
// by hand, after a second look.
func systemPath(p string) string {
	parts := strings.Split(strings.TrimPrefix(p, "/"), "/")
	switch top := parts[0]; {
	case p == "/":
		return "it is the whole file system"
	case slices.Contains(systemTrees, top) || systemLibraries.MatchString(top):
		return "it belongs to the system"
	case len(parts) == 1:
		return "it stands at the root, where only whole file systems and system directories do"
	case top == "usr":
		return underUsr(parts)
	case top == "var":
		return underVar(parts)
	case top == "home" && len(parts) == 2:
		return "it is a home directory"
	case top == "home" && strings.HasPrefix(parts[2], "."), top == "root" && strings.HasPrefix(parts[1], "."):
		return "it holds keys and settings of a user"
	}
	return ""
}

func underUsr(parts []string) string {
	switch {
	case parts[1] != "local":
		return "it belongs to the system"
	case len(parts) == 2, slices.Contains(systemLocal, parts[2]):
		return "it belongs to all programs of the host"
	}
	return ""
}

func underVar(parts []string) string {
	switch {
	case len(parts) == 2:
		return "others have their directories in it"
	case !slices.Contains(systemVar, parts[1]):
		return ""
	case !slices.ContainsFunc(parts[2:], ownName.MatchString):
		return "nothing in its name says that it is not another service's"
	}
	return ""
}
