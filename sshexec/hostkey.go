package sshexec

import (
	"context"
	"sync"

	"golang.org/x/crypto/ssh"
)

// HostKeyPolicy is what happens to a host whose key is not known. A key that
// differs from the known one is refused by all of them.
type HostKeyPolicy int

// Policies.
const (
	// HostKeysFromConfig follows StrictHostKeyChecking of ssh_config, where "no" is
	// read as accept-new; without it, HostKeysAsk.
	HostKeysFromConfig HostKeyPolicy = iota
	HostKeysStrict                   // refuse
	HostKeysAsk                      // ask AskHostKey; refuse without it
	HostKeysAcceptNew                // accept and remember
)

// UnknownHost is the question whether a host is the one that is meant.
type UnknownHost struct {
	Host        Target
	Type        string // ssh-ed25519
	Fingerprint string // SHA256:..., as ssh-keygen -l prints it
	File        string // the known_hosts file that will remember it
}

// verifier decides about the keys that hosts show.
type verifier struct {
	known *knownHosts
	ask   func(context.Context, UnknownHost) (bool, error)
	// asking is held from a question until its answer is remembered, so that a host
	// is asked about once.
	asking sync.Mutex
}

// hostCheck is what one connection needs to know.
type hostCheck struct {
	host   Target
	name   string   // under which known_hosts has it: HostKeyAlias or host
	files  []string // the first is appended to
	policy HostKeyPolicy
	dial   *deadline // stands still while somebody is asked
}

func (v *verifier) verify(ctx context.Context, c hostCheck, key ssh.PublicKey) error {
	keys, err := v.known.of(c.files, c.name, c.host.Port)
	if err != nil {
		return &HostKeyError{Host: c.host, Err: err}
	}
	shown := key
	if cert, ok := key.(*ssh.Certificate); ok {
		if l, revoked := lineOf(keys.revoked, cert.SignatureKey); revoked {
			return newRevokedError(c.host, l)
		}
		shown = cert.Key
	}
	if l, revoked := lineOf(keys.revoked, shown); revoked {
		return newRevokedError(c.host, l)
	}
	if cert, ok := key.(*ssh.Certificate); ok {
		if _, trusted := lineOf(keys.authorities, cert.SignatureKey); trusted {
			return checkCertificate(c, cert)
		}
	}
	if _, known := lineOf(keys.plain, shown); known {
		return nil
	}
	if len(keys.plain) > 0 {
		return newChangedError(c.host, keys.plain, shown)
	}
	return v.unknown(ctx, c, shown)
}

// checkCertificate is called once the signer is known to be trusted for the host.
func checkCertificate(c hostCheck, cert *ssh.Certificate) error {
	checker := ssh.CertChecker{IsHostAuthority: func(ssh.PublicKey, string) bool { return true }}
	if err := checker.CheckHostKey(hostAddress(c.name, c.host.Port), nil, cert); err != nil {
		return &HostKeyError{Host: c.host, Err: err}
	}
	return nil
}

func (v *verifier) unknown(ctx context.Context, c hostCheck, key ssh.PublicKey) error {
	q := UnknownHost{Host: c.host, Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key)}
	refused := &HostKeyUnknownError{UnknownHost: q}
	if len(c.files) > 0 {
		q.File = c.files[0]
		refused.File = q.File
	}
	switch {
	case c.policy == HostKeysAcceptNew:
	case c.policy == HostKeysStrict || v.ask == nil:
		return refused
	default:
		known, err := v.askOnce(ctx, c, q, key)
		if err != nil {
			return err
		}
		if known {
			return nil
		}
	}
	if q.File == "" {
		return nil // accepted for this connection; there is nowhere to remember it
	}
	if err := v.known.add(q.File, hostName(c.name, c.host.Port), key); err != nil {
		return &HostKeyError{Host: c.host, Err: err}
	}
	return nil
}

// askOnce puts the question unless it was answered for another connection while
// this one waited for its turn; known means that it was.
func (v *verifier) askOnce(ctx context.Context, c hostCheck, q UnknownHost, key ssh.PublicKey) (known bool, err error) {
	defer c.dial.suspend()()
	v.asking.Lock()
	defer v.asking.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	keys, err := v.known.of(c.files, c.name, c.host.Port)
	if err != nil {
		return false, &HostKeyError{Host: c.host, Err: err}
	}
	if _, known := lineOf(keys.plain, key); known {
		return true, nil
	}
	yes, err := v.ask(ctx, q)
	switch {
	case err != nil:
		return false, &HostKeyUnknownError{UnknownHost: q, Err: err}
	case !yes:
		return false, &HostKeyUnknownError{UnknownHost: q, Declined: true}
	}
	return false, nil
}
