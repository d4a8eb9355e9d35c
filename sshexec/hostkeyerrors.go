package sshexec

import (
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// HostKeyUnknownError is a host whose key is in no known_hosts file, and which
// was not accepted. It matches ErrNotStarted.
type HostKeyUnknownError struct {
	UnknownHost
	Declined bool  // somebody was asked and said no
	Err      error // why nobody could be asked; nil when the policy is not to ask
}

func (e *HostKeyUnknownError) Error() string {
	s := fmt.Sprintf("verify host key of %s: unknown host: %s %s", e.Host, e.Type, e.Fingerprint)
	switch {
	case e.Declined:
		s += ": declined"
	case e.Err != nil:
		s += ": " + e.Err.Error()
	}
	return s
}

// Is matches ErrNotStarted.
func (e *HostKeyUnknownError) Is(target error) bool { return target == ErrNotStarted }

// Unwrap returns why nobody could be asked.
func (e *HostKeyUnknownError) Unwrap() error { return e.Err }

// Hint says what to do next.
func (e *HostKeyUnknownError) Hint() string {
	if e.Declined {
		return ""
	}
	return fmt.Sprintf("compare the fingerprint with the host's own (ssh-keygen -lf /etc/ssh/ssh_host_%s_key.pub there), then log in once with ssh",
		shortType(e.Type))
}

// shortType is the word that file names of keys have for a type: ed25519.
func shortType(keyType string) string {
	switch {
	case keyType == ssh.KeyAlgoRSA:
		return "rsa"
	case strings.HasPrefix(keyType, "ecdsa-"):
		return "ecdsa"
	}
	return strings.TrimPrefix(keyType, "ssh-")
}

// HostKeyChangedError is a host that shows another key than known_hosts has for
// it: it was reinstalled, or it is another machine. No policy accepts it. It
// matches ErrNotStarted.
type HostKeyChangedError struct {
	Host        Target
	Type        string // of the key it shows
	Fingerprint string
	File        string // where the other key is on file
	Line        int    // from 1
	KnownType   string // of the key on file
}

func newChangedError(host Target, known []hostLine, key ssh.PublicKey) *HostKeyChangedError {
	at := known[0]
	for _, l := range known {
		if l.key.Type() == key.Type() {
			at = l
			break
		}
	}
	return &HostKeyChangedError{
		Host: host, Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key),
		File: at.file, Line: at.line, KnownType: at.key.Type(),
	}
}

func (e *HostKeyChangedError) Error() string {
	return fmt.Sprintf("verify host key of %s: it has changed: the host shows %s %s, but %s:%d has another key (%s)",
		e.Host, e.Type, e.Fingerprint, e.File, e.Line, e.KnownType)
}

// Is matches ErrNotStarted.
func (e *HostKeyChangedError) Is(target error) bool { return target == ErrNotStarted }

// Hint says what to do next.
func (e *HostKeyChangedError) Hint() string {
	return fmt.Sprintf("find out why before going on: it may be another machine; if it was reinstalled, delete line %d of %s", e.Line, e.File)
}

// HostKeyRevokedError is a host that shows a key, or a certificate of an
// authority, that known_hosts marks as @revoked. It matches ErrNotStarted.
type HostKeyRevokedError struct {
	Host        Target
	Fingerprint string // of the revoked key
	File        string
	Line        int // from 1
}

func newRevokedError(host Target, l hostLine) *HostKeyRevokedError {
	return &HostKeyRevokedError{Host: host, Fingerprint: ssh.FingerprintSHA256(l.key), File: l.file, Line: l.line}
}

func (e *HostKeyRevokedError) Error() string {
	return fmt.Sprintf("verify host key of %s: %s is revoked by %s:%d", e.Host, e.Fingerprint, e.File, e.Line)
}

// Is matches ErrNotStarted.
func (e *HostKeyRevokedError) Is(target error) bool { return target == ErrNotStarted }

// HostKeyError is a host key that could not be verified for another reason: a
// certificate that has expired, a known_hosts file that cannot be read. It
// matches ErrNotStarted.
type HostKeyError struct {
	Host Target
	Err  error
}

func (e *HostKeyError) Error() string {
	return fmt.Sprintf("verify host key of %s: %v", e.Host, e.Err)
}

// Is matches ErrNotStarted.
func (e *HostKeyError) Is(target error) bool { return target == ErrNotStarted }

// Unwrap returns the cause.
func (e *HostKeyError) Unwrap() error { return e.Err }
