package sshexec

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" // the format of hashed host names, which hides names and protects nothing else
	"encoding/base64"
	"fmt"
	"net"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Markers of known_hosts lines.
const (
	markerAuthority = "cert-authority"
	markerRevoked   = "revoked"
)

// hostLine is one key in a known_hosts file.
type hostLine struct {
	file   string
	line   int // from 1
	marker string
	hosts  []string // patterns, or one hashed name
	key    ssh.PublicKey
}

func (l hostLine) String() string { return fmt.Sprintf("%s:%d", l.file, l.line) }

// badLineError is a line of known_hosts that cannot be read. OpenSSH skips such lines,
// and so does this package, but it says so.
type badLineError struct {
	file string
	line int
	err  error
}

func (b badLineError) Error() string {
	return fmt.Sprintf("read %s:%d: skipped: %v", b.file, b.line, b.err)
}

// parseHostLines reads known_hosts. The text of bad lines is in neither result:
// it may be a private key that somebody pasted.
func parseHostLines(file string, content []byte) (lines []hostLine, bad []badLineError) {
	for i, text := range bytes.Split(content, []byte("\n")) {
		text = bytes.TrimSpace(text)
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		marker, hosts, key, _, _, err := ssh.ParseKnownHosts(text)
		switch {
		case err != nil:
			bad = append(bad, badLineError{file, i + 1, fmt.Errorf("not a known_hosts entry")})
			continue
		case marker != "" && marker != markerAuthority && marker != markerRevoked:
			bad = append(bad, badLineError{file, i + 1, fmt.Errorf("unknown marker %q", "@"+marker)})
			continue
		}
		lines = append(lines, hostLine{file: file, line: i + 1, marker: marker, hosts: hosts, key: key})
	}
	return lines, bad
}

// matches reports whether the line speaks of a name in the form of hostName. A
// negated pattern that matches decides, as in OpenSSH.
func (l hostLine) matches(name string) bool {
	found := false
	for _, pattern := range l.hosts {
		if strings.HasPrefix(pattern, "|") {
			found = found || matchesHash(pattern, name)
			continue
		}
		pattern, negated := strings.CutPrefix(pattern, "!")
		if !wildcardMatch(strings.ToLower(pattern), name) {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}

// matchesHash compares with "|1|salt|HMAC-SHA1 of the name".
func matchesHash(hashed, name string) bool {
	parts := strings.Split(hashed, "|")
	if len(parts) != 4 || parts[1] != "1" {
		return false
	}
	salt, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return false
	}
	want, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil {
		return false
	}
	mac := hmac.New(sha1.New, salt)
	mac.Write([]byte(name))
	return hmac.Equal(mac.Sum(nil), want)
}

// wildcardMatch knows "*" and "?". Brackets stand for themselves.
func wildcardMatch(pattern, name string) bool {
	star, mark := -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// hostName is the form in which known_hosts names a host: lower case, and
// [host]:port unless the port is 22.
func hostName(host string, port int) string {
	host = strings.ToLower(host)
	if port == 22 {
		return host
	}
	return "[" + host + "]:" + strconv.Itoa(port)
}

// hostAddress is the form that certificates are checked with.
func hostAddress(host string, port int) string {
	return net.JoinHostPort(strings.ToLower(host), strconv.Itoa(port))
}

// newHostLine renders a line for a host that was accepted.
func newHostLine(name string, key ssh.PublicKey) string {
	return name + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + "\n"
}
