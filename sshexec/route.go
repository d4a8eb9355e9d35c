package sshexec

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// route is everything needed to reach one host, once configuration has had its
// say.
type route struct {
	target         Target // complete: host, port and user
	keyName        string // in known_hosts
	knownHosts     []string
	policy         HostKeyPolicy
	identities     []string // of ssh_config
	identitiesOnly bool
	agent          string // socket, "" for none
	connectTimeout time.Duration
	jump           *Target // host to go through as it was named, nil for none
	jumpRest       string  // how to reach that one: hosts before it, "" for its own configuration
	via            *route  // to the jump host, once that is resolved
}

// key identifies connections that can be shared.
func (r *route) key() string {
	k := r.target.String()
	if r.via != nil {
		k += " via " + r.via.key()
	}
	return k
}

var (
	errProxyCommand = errors.New("ProxyCommand is not supported")
	errJumpLoop     = errors.New("ProxyJump leads back to the same host")
)

// resolve completes a target. jump is the chain that leads to it: "" for what the
// configuration says, "none" for a direct connection.
func resolve(ctx context.Context, o Options, c *configuration, t Target, jump string) (*route, error) {
	s, err := c.of(ctx, t)
	if err != nil {
		return nil, err
	}
	fail := func(err error, hint string) (*route, error) {
		return nil, &ConfigError{Host: t.Host, Err: err, hint: hint}
	}
	r := &route{target: t}
	if err := r.setTarget(s); err != nil {
		return fail(err, "")
	}
	tokens := r.tokens(o, t.Host)
	if err := r.setIdentities(o, s, tokens); err != nil {
		return fail(err, "")
	}
	if err := r.setHostKeys(o, s, tokens); err != nil {
		return fail(err, "")
	}
	r.connectTimeout = o.ConnectTimeout
	if r.connectTimeout <= 0 {
		r.connectTimeout = DefaultConnectTimeout
		if seconds, err := strconv.Atoi(s.first("connecttimeout")); err == nil && seconds > 0 {
			r.connectTimeout = time.Duration(seconds) * time.Second
		}
	}
	if jump == "" {
		jump = s.first("proxyjump")
		if command := s.first("proxycommand"); jump == "" && command != "" && command != "none" {
			return fail(errProxyCommand, "write it as ProxyJump, or name a jump host")
		}
	}
	if err := r.setJump(jump); err != nil {
		return fail(err, "")
	}
	return r, nil
}

// setTarget fills in what the caller left open. HostName always counts: the
// caller's host is then a name for it.
func (r *route) setTarget(s settings) error {
	name := r.target.Host
	if r.target.User == "" {
		r.target.User = s.first("user")
	}
	if r.target.User == "" {
		r.target.User = localUser()
	}
	if r.target.Port == 0 {
		r.target.Port = 22
		if text := s.first("port"); text != "" {
			port, err := strconv.ParseUint(text, 10, 16)
			if err != nil || port == 0 {
				return fmt.Errorf("port %q is not a port", text)
			}
			r.target.Port = int(port)
		}
	}
	if address := s.first("hostname"); address != "" {
		host, err := expandTokens(address, map[byte]string{'h': name})
		if err != nil {
			return err
		}
		r.target.Host = host
	}
	r.keyName = r.target.Host
	if alias := s.first("hostkeyalias"); alias != "" && alias != "none" {
		r.keyName = alias
	}
	return nil
}

func (r *route) tokens(o Options, name string) map[byte]string {
	return map[byte]string{
		'h': r.target.Host, 'n': name, 'p': strconv.Itoa(r.target.Port), 'r': r.target.User, 'd': o.Home, 'u': localUser(),
	}
}

func (r *route) setIdentities(o Options, s settings, tokens map[byte]string) error {
	for _, value := range s["identityfile"] {
		file, err := expandPath(o.Home, value, tokens)
		if err != nil {
			return err
		}
		if file != "none" {
			r.identities = append(r.identities, file)
		}
	}
	r.identitiesOnly = o.IdentitiesOnly || s.first("identitiesonly") == "yes"
	agent, err := agentSocket(o, s.first("identityagent"), tokens)
	r.agent = agent
	return err
}

var policies = map[string]HostKeyPolicy{
	"yes": HostKeysStrict, "true": HostKeysStrict, "ask": HostKeysAsk, "": HostKeysAsk,
	"accept-new": HostKeysAcceptNew, "no": HostKeysAcceptNew, "off": HostKeysAcceptNew, "false": HostKeysAcceptNew,
}

func (r *route) setHostKeys(o Options, s settings, tokens map[byte]string) error {
	r.policy = o.HostKeys
	if r.policy == HostKeysFromConfig {
		text := strings.ToLower(s.first("stricthostkeychecking"))
		policy, ok := policies[text]
		if !ok {
			return fmt.Errorf("StrictHostKeyChecking %q is not a policy", text)
		}
		r.policy = policy
	}
	if o.KnownHosts != nil {
		r.knownHosts = o.KnownHosts
		return nil
	}
	sshDir := filepath.Join(o.Home, ".ssh")
	for _, place := range []struct{ key, standard string }{
		{"userknownhostsfile", filepath.Join(sshDir, "known_hosts") + " " + filepath.Join(sshDir, "known_hosts2")},
		{"globalknownhostsfile", "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"},
	} {
		value := s.first(place.key)
		if value == "" {
			value = place.standard
		}
		for text := range strings.FieldsSeq(value) {
			file, err := expandPath(o.Home, strings.Trim(text, `"`), tokens)
			if err != nil {
				return err
			}
			if file != "none" && file != "/dev/null" {
				r.knownHosts = append(r.knownHosts, file)
			}
		}
	}
	return nil
}
