package sshexec

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

const fuzzKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"

// FuzzKnownHostsLine compares which hosts a line speaks of with what x/crypto
// reads in it, wherever that reads it at all.
func FuzzKnownHostsLine(f *testing.F) {
	for _, hosts := range []string{
		"db1", "DB1", "*", "db?", "!db1,*", "*,!db1", "db1,db2", "[db1]:2222", "[db*]:22*", "[db1]", "db1:22", "",
		"|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=", "|1|x|y", "|2|a|b", "!", "[", "]:", "[*]:2222", "a*b*c", "[::1]:2222", "::1",
	} {
		f.Add(hosts, "db1", uint16(2222))
		f.Add(hosts, "db1", uint16(22))
	}
	f.Fuzz(func(t *testing.T, hosts, host string, port uint16) {
		if port == 0 || host == "" || strings.ContainsAny(host, "[]:| ,\t\r\n") || strings.ContainsAny(hosts, " \t\r\n\x00") || hosts == "" || hosts[0] == '@' || hosts[0] == '#' {
			return
		}
		host = strings.ToLower(host)
		lines, _ := parseHostLines("f", []byte("\n"+hosts+" "+fuzzKey+"\n"))
		got := len(lines) == 1 && lines[0].matches(hostName(host, int(port)))
		if len(lines) == 1 && lines[0].line != 2 {
			t.Fatalf("line %d, want 2", lines[0].line)
		}
		file := filepath.Join(t.TempDir(), "known_hosts")
		if err := os.WriteFile(file, []byte("\n"+hosts+" "+fuzzKey+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		check, err := knownhosts.New(file)
		if err != nil || strings.ToLower(hosts) != hosts {
			return // stricter about patterns, and about capitals
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(fuzzKey))
		if err != nil {
			t.Fatal(err)
		}
		want := check(hostAddress(host, int(port)), &net.TCPAddr{}, key) == nil
		if got != want && !knownDifference(hosts) {
			t.Fatalf("%q and %s: %v, x/crypto says %v", hosts, hostName(host, int(port)), got, want)
		}
	})
}

// knownDifference: x/crypto splits patterns into host and port before it compares
// them, OpenSSH and this package do not.
func knownDifference(hosts string) bool {
	return strings.ContainsAny(hosts, "[]:*?!")
}

func TestWildcards(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true}, {"*", "x", true}, {"", "", true}, {"", "x", false}, {"?", "", false}, {"a*", "a", true},
		{"a*b*c", "aXbYc", true}, {"a*b*c", "aXcYb", false}, {"*.db", "a.db", true}, {"*.db", "db", false},
		{"10.0.?.1", "10.0.5.1", true}, {"10.0.?.1", "10.0.55.1", false}, {"[db]:22*", "[db]:2222", true},
		{"**", "ab", true}, {"*a", "aaa", true}, {"a?c*", "abcd", true},
	} {
		if got := wildcardMatch(tt.pattern, tt.name); got != tt.want {
			t.Errorf("wildcardMatch(%q, %q) = %v", tt.pattern, tt.name, got)
		}
	}
}
