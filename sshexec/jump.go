package sshexec

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// setJump splits "a,b" into the last host, which is dialled through, and those
// that lead to it. A host that is its own jump host is reached directly, which is
// what "Host *" with a ProxyJump means for the jump host itself.
func (r *route) setJump(chain string) error {
	chain = strings.TrimSpace(chain)
	if chain == "" || strings.EqualFold(chain, "none") {
		return nil
	}
	cut := strings.LastIndex(chain, ",")
	last := strings.TrimSpace(chain[cut+1:])
	jump, err := ParseTarget(last)
	if err != nil {
		return fmt.Errorf("jump host: %w", err)
	}
	if jump.Host == r.target.Host && (jump.Port == 0 || jump.Port == r.target.Port) &&
		(jump.User == "" || jump.User == r.target.User) {
		return nil
	}
	r.jump = &jump
	if cut >= 0 {
		r.jumpRest = chain[:cut]
	}
	return nil
}

// ParseTarget reads [user@]host[:port] and ssh://[user@]host[:port]. An IPv6
// address with a port stands in brackets.
func ParseTarget(text string) (Target, error) {
	var t Target
	rest := text
	if strings.HasPrefix(text, "ssh://") {
		u, err := url.Parse(text)
		if err != nil {
			return t, fmt.Errorf("parse target %q: %w", text, err)
		}
		rest = strings.TrimPrefix(strings.TrimSuffix(text, u.Path), "ssh://")
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		t.User, rest = rest[:at], rest[at+1:]
	}
	port := ""
	switch {
	case strings.HasPrefix(rest, "["):
		end := strings.Index(rest, "]")
		if end < 0 || rest[end+1:] != "" && rest[end+1] != ':' {
			return t, fmt.Errorf("parse target %q: unbalanced brackets", text)
		}
		t.Host, port = rest[1:end], strings.TrimPrefix(rest[end+1:], ":")
	case strings.Count(rest, ":") == 1:
		t.Host, port, _ = strings.Cut(rest, ":")
	default:
		t.Host = rest // a name, or an IPv6 address
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return t, fmt.Errorf("parse target %q: port %q is not a port", text, port)
		}
		t.Port = int(n)
	}
	if t.Host == "" || strings.HasPrefix(t.Host, "-") || strings.ContainsAny(t.Host, " \t\n") {
		return t, fmt.Errorf("parse target %q: no host name", text)
	}
	return t, nil
}
