package sshexec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"golang.org/x/crypto/ssh"
)

// maxKeys is how many keys a host is offered: sshd hangs up after six failures
// (MaxAuthTries). A password that may follow needs one of them.
const maxKeys = 6

// standardKeys are what ssh tries when nobody names a key.
var standardKeys = []string{"id_ed25519", "id_ecdsa", "id_rsa"}

// keyring holds the keys that may be offered, each read once for all hosts.
type keyring struct {
	options Options
	agents  agents

	mu    sync.Mutex
	files map[string]*keyFile
}

// offered is one key in the login of one host.
type offered struct {
	signer ssh.Signer
	origin string // for people: the file, or "agent"
	locked bool   // needs a passphrase
}

func (o offered) String() string {
	key := o.signer.PublicKey()
	return fmt.Sprintf("%s %s (%s)", shortType(key.Type()), ssh.FingerprintSHA256(key), o.origin)
}

func (k *keyring) file(path string) (*keyFile, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key, ok := k.files[path]; ok {
		return key, nil
	}
	key, err := readKeyFile(path, k.options.Passphrase)
	if err != nil {
		return nil, err
	}
	if k.files == nil {
		k.files = map[string]*keyFile{}
	}
	k.files[path] = key
	return key, nil
}

// identities are the key files of a route in the order of their precedence.
// Standard keys stand last, behind the agent.
func (k *keyring) identities(r *route) (named, standard []string) {
	named = append(named, k.options.Identities...)
	if k.options.ClusterKey != "" {
		named = append(named, k.options.ClusterKey)
	}
	named = append(named, r.identities...)
	if len(k.options.Identities) == 0 && len(r.identities) == 0 {
		for _, name := range standardKeys {
			standard = append(standard, filepath.Join(k.options.Home, ".ssh", name))
		}
	}
	return named, standard
}

// offer chooses the keys for a host: named files, the agent, standard files. A
// file that the agent holds open is used through the agent. Keys that need a
// passphrase are offered last, so that it is asked for only when it is needed.
func (k *keyring) offer(ctx context.Context, r *route, d *deadline) (keys []offered, skipped []string, err error) {
	c := &choice{ring: k, ctx: ctx, dial: d, seen: map[string]bool{}}
	if r.agent != "" {
		signers, err := k.agents.signers(ctx, r.agent)
		if err != nil {
			c.skip("agent", err)
		}
		c.agent = signers
	}
	named, standard := k.identities(r)
	for i, path := range named {
		if err := c.addFile(path); err != nil && i < len(k.options.Identities) {
			return nil, nil, err
		}
	}
	if !r.identitiesOnly {
		for _, signer := range c.agent {
			c.add(offered{signer: c.throughAgent(signer), origin: "agent"})
		}
	}
	for _, path := range standard {
		_ = c.addFile(path) // in c.skipped, unless there is none
	}
	limit := maxKeys
	if k.options.Password != nil {
		limit--
	}
	for i, key := range c.keys {
		if i >= limit {
			c.skipped = append(c.skipped, key.String()+": too many keys")
		} else if !key.locked {
			keys = append(keys, key)
		}
	}
	for i, key := range c.keys {
		if i < limit && key.locked {
			keys = append(keys, key)
		}
	}
	return keys, c.skipped, nil
}

// choice collects the keys for one host.
type choice struct {
	ring    *keyring
	ctx     context.Context // lives as long as one call of offer
	dial    *deadline
	agent   []ssh.Signer
	seen    map[string]bool
	keys    []offered
	skipped []string
}

func (c *choice) add(key offered) {
	blob := string(key.signer.PublicKey().Marshal())
	if !c.seen[blob] {
		c.seen[blob] = true
		c.keys = append(c.keys, key)
	}
}

func (c *choice) skip(what string, why error) {
	c.skipped = append(c.skipped, what+": "+why.Error())
}

func (c *choice) throughAgent(signer ssh.Signer) ssh.Signer {
	return agentSigner{Signer: signer, agents: &c.ring.agents, ctx: c.ctx, dial: c.dial}
}

// addFile adds the key at path, through the agent if that has it too.
func (c *choice) addFile(path string) error {
	key, err := c.ring.file(path)
	if err != nil {
		if public, readErr := readPublicKey(path); readErr == nil && c.addFromAgent(public, path) {
			return nil
		}
		err = fmt.Errorf("use key %s: %w", path, err)
		if !errors.Is(err, fs.ErrNotExist) {
			c.skip(path, err)
		}
		return err
	}
	if c.addFromAgent(key.public, path) {
		return nil
	}
	locked := key.locked()
	if locked && key.ask == nil {
		c.skip(path, errNoPassphrase)
		return nil
	}
	c.add(offered{signer: fileSigner{key: key, ctx: c.ctx, dial: c.dial}, origin: path, locked: locked})
	return nil
}

func (c *choice) addFromAgent(public ssh.PublicKey, path string) bool {
	for _, signer := range c.agent {
		if sameKey(signer.PublicKey(), public) {
			c.add(offered{signer: c.throughAgent(signer), origin: path + ", agent"})
			return true
		}
	}
	return false
}
