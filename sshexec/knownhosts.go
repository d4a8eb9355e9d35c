package sshexec

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// knownHosts holds the known_hosts files that were read so far. A file is read
// once, so that 200 hosts do not read it 200 times; what is appended is
// remembered.
type knownHosts struct {
	warn func(string)

	mu    sync.Mutex
	files map[string][]hostLine
}

func newKnownHosts(warn func(string)) *knownHosts {
	return &knownHosts{warn: warn, files: map[string][]hostLine{}}
}

// lines returns the entries of the files in order. A file that is not there is
// empty.
func (k *knownHosts) lines(files []string) ([]hostLine, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []hostLine
	for _, file := range files {
		lines, ok := k.files[file]
		if !ok {
			content, err := os.ReadFile(file)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("read known_hosts: %w", err)
			}
			lines = k.parse(file, content)
			k.files[file] = lines
		}
		all = append(all, lines...)
	}
	return all, nil
}

func (k *knownHosts) parse(file string, content []byte) []hostLine {
	lines, bad := parseHostLines(file, content)
	for _, b := range bad {
		k.warn(b.Error())
	}
	return lines
}

// add appends the key of a host to a file, made if necessary, unless another
// process has just done so.
func (k *knownHosts) add(file, name string, key ssh.PublicKey) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("remember host key: %w", err)
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("remember host key: %w", err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("remember host key: lock %s: %w", file, err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("remember host key: %w", err)
	}
	lines, _ := parseHostLines(file, content)
	known := slices.ContainsFunc(lines, func(l hostLine) bool {
		return l.marker == "" && l.matches(name) && sameKey(l.key, key)
	})
	if !known {
		added := newHostLine(name, key)
		if len(content) > 0 && !bytes.HasSuffix(content, []byte("\n")) {
			added = "\n" + added
		}
		if _, err := f.WriteString(added); err != nil {
			return fmt.Errorf("remember host key: %w", err)
		}
		if err := f.Sync(); err != nil {
			return fmt.Errorf("remember host key: %w", err)
		}
		lines, _ = parseHostLines(file, append(content, added...))
	}
	k.files[file] = lines
	return nil
}

func sameKey(a, b ssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }

// hostKeys is what the files know of one host.
type hostKeys struct {
	plain       []hostLine
	authorities []hostLine
	revoked     []hostLine // of every host: a key that was stolen is good for none
}

// of selects the lines of a host. Like OpenSSH, a host on another port than 22
// without an entry of its own is looked up without the port.
func (k *knownHosts) of(files []string, host string, port int) (hostKeys, error) {
	lines, err := k.lines(files)
	if err != nil {
		return hostKeys{}, err
	}
	found := selectLines(lines, hostName(host, port))
	if port != 22 && len(found.plain) == 0 && len(found.authorities) == 0 {
		found = selectLines(lines, hostName(host, 22))
	}
	return found, nil
}

func selectLines(lines []hostLine, name string) hostKeys {
	var keys hostKeys
	for _, l := range lines {
		switch {
		case l.marker == markerRevoked:
			keys.revoked = append(keys.revoked, l)
		case !l.matches(name):
		case l.marker == markerAuthority:
			keys.authorities = append(keys.authorities, l)
		default:
			keys.plain = append(keys.plain, l)
		}
	}
	return keys
}

func lineOf(lines []hostLine, key ssh.PublicKey) (hostLine, bool) {
	i := slices.IndexFunc(lines, func(l hostLine) bool { return sameKey(l.key, key) })
	if i < 0 {
		return hostLine{}, false
	}
	return lines[i], true
}

var (
	certAlgorithms = []string{
		ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
		ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
	}
	keyAlgorithms = []string{
		ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
		ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
	}
)

// algorithms is what to ask the host for: certificates where an authority is
// known, then the types of its known keys, then the others. Without this order a
// host that shows another of its keys would look like an impostor. The others are
// there so that it fails with the key it has, not with "no common algorithm".
func (k hostKeys) algorithms() []string {
	var first, rest []string
	if len(k.authorities) > 0 {
		first = append(first, certAlgorithms...)
	}
	for _, algorithm := range keyAlgorithms {
		known := slices.ContainsFunc(k.plain, func(l hostLine) bool { return keyType(algorithm) == l.key.Type() })
		if known {
			first = append(first, algorithm)
		} else {
			rest = append(rest, algorithm)
		}
	}
	return append(first, rest...)
}

// keyType is the type of the keys that an algorithm signs with.
func keyType(algorithm string) string {
	if algorithm == ssh.KeyAlgoRSASHA256 || algorithm == ssh.KeyAlgoRSASHA512 {
		return ssh.KeyAlgoRSA
	}
	return algorithm
}
