package sshexec

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/ssh"
)

// keyFile is a private key on disk. An encrypted one is opened when a host has
// accepted its public half, once for all hosts.
type keyFile struct {
	path   string
	public ssh.PublicKey
	ask    func(ctx context.Context, file string, again bool) ([]byte, error)

	opened atomic.Bool // no passphrase is needed any more
	mu     sync.Mutex  // held while somebody is asked, so that others wait for the answer
	signer ssh.Signer  // nil until opened
	sealed []byte      // the encrypted key; nil when it was never encrypted
	failed error       // the answer was no; nobody is asked again
}

// passphraseAttempts is how often somebody may mistype.
const passphraseAttempts = 3

// errNoPassphrase: an encrypted key while nobody can be asked.
var errNoPassphrase = errors.New("encrypted, and nobody can be asked for the passphrase")

func readKeyFile(path string, ask func(context.Context, string, bool) ([]byte, error)) (*keyFile, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(content)
	if err == nil {
		k := &keyFile{path: path, public: signer.PublicKey(), signer: signer}
		k.opened.Store(true)
		return k, nil
	}
	var missing *ssh.PassphraseMissingError
	if !errors.As(err, &missing) {
		return nil, fmt.Errorf("read private key %s: %w", path, err)
	}
	k := &keyFile{path: path, public: missing.PublicKey, sealed: content, ask: ask}
	if k.public == nil {
		// The old PEM format hides the public half as well.
		public, err := os.ReadFile(path + ".pub")
		if err != nil {
			return nil, fmt.Errorf("read private key %s: encrypted in the old format, which needs the .pub file: %w", path, err)
		}
		if k.public, _, _, _, err = ssh.ParseAuthorizedKey(public); err != nil {
			return nil, fmt.Errorf("read public key %s.pub: %w", path, err)
		}
	}
	return k, nil
}

// readPublicKey reads the public half of a key whose private half only the agent
// has: path may name either.
func readPublicKey(path string) (ssh.PublicKey, error) {
	content, err := os.ReadFile(path + ".pub")
	if err != nil {
		if content, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(content)
	return public, err
}

// locked reports whether a passphrase will be asked for.
func (k *keyFile) locked() bool { return !k.opened.Load() }

// open returns the private key, asking for the passphrase if it must.
func (k *keyFile) open(ctx context.Context, d *deadline) (ssh.Signer, error) {
	defer d.suspend()()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.signer != nil || k.failed != nil {
		return k.signer, k.failed
	}
	for attempt := range passphraseAttempts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		passphrase, err := k.ask(ctx, k.path, attempt > 0)
		if err != nil {
			if ctx.Err() == nil {
				k.failed = fmt.Errorf("open private key %s: %w", k.path, err)
				return nil, k.failed
			}
			return nil, err
		}
		signer, err := ssh.ParsePrivateKeyWithPassphrase(k.sealed, passphrase)
		clear(passphrase)
		switch {
		case err == nil:
			k.signer = signer
			k.opened.Store(true)
			return signer, nil
		case !errors.Is(err, x509.IncorrectPasswordError):
			k.failed = fmt.Errorf("open private key %s: %w", k.path, err)
			return nil, k.failed
		}
	}
	k.failed = fmt.Errorf("open private key %s: wrong passphrase", k.path)
	return nil, k.failed
}

// fileSigner is a key file in the login of one host.
type fileSigner struct {
	key  *keyFile
	ctx  context.Context // ssh.Signer has no context, and the login has one
	dial *deadline
}

func (s fileSigner) PublicKey() ssh.PublicKey { return s.key.public }

func (s fileSigner) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return s.SignWithAlgorithm(rand, data, "")
}

func (s fileSigner) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	signer, err := s.key.open(s.ctx, s.dial)
	if err != nil {
		return nil, err
	}
	with, ok := signer.(ssh.AlgorithmSigner)
	if !ok || algorithm == "" {
		return signer.Sign(rand, data)
	}
	return with.SignWithAlgorithm(rand, data, algorithm)
}

// Algorithms leaves out RSA with SHA-1.
func (s fileSigner) Algorithms() []string {
	if s.key.public.Type() == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{s.key.public.Type()}
}
