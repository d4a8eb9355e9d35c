package sshtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"ebb/sshexec"
)

// KeyType is a kind of key.
type KeyType string

// Kinds of keys.
const (
	ED25519 KeyType = "ed25519"
	ECDSA   KeyType = "ecdsa"
	RSA     KeyType = "rsa"
)

// newPrivate makes a key. RSA is as short as it may be, because it is slow.
func newPrivate(t testing.TB, kind KeyType) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch kind {
	case ED25519:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case ECDSA:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RSA:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		t.Fatalf("make key: unknown kind %q", kind)
	}
	if err != nil {
		t.Fatalf("make %s key: %v", kind, err)
	}
	return key
}

// NewKey makes a key that signs.
func NewKey(t testing.TB, kind KeyType) ssh.Signer {
	t.Helper()
	return signer(t, newPrivate(t, kind))
}

func signer(t testing.TB, key crypto.Signer) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerFromSigner(key)
	if err != nil {
		t.Fatalf("make key: %v", err)
	}
	return s
}

// NewKeyFile makes a key and writes it to path, encrypted unless passphrase is
// "", with the public half in path.pub.
func NewKeyFile(t testing.TB, path string, kind KeyType, passphrase string) ssh.PublicKey {
	t.Helper()
	key := newPrivate(t, kind)
	var block *pem.Block
	var err error
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, "sshtest")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "sshtest", []byte(passphrase))
	}
	if err != nil {
		t.Fatalf("write key: %v", err)
	}
	public := signer(t, key).PublicKey()
	WriteFile(t, path, string(pem.EncodeToMemory(block)))
	WriteFile(t, path+".pub", string(ssh.MarshalAuthorizedKey(public)))
	return public
}

// Certify has an authority sign a host key for names, valid until then.
func Certify(t testing.TB, authority, host ssh.Signer, until time.Time, names ...string) ssh.Signer {
	t.Helper()
	cert := &ssh.Certificate{
		Key: host.PublicKey(), CertType: ssh.HostCert, KeyId: "sshtest", ValidPrincipals: names,
		ValidBefore: uint64(until.Unix()),
	}
	if err := cert.SignCert(rand.Reader, authority); err != nil {
		t.Fatalf("sign certificate: %v", err)
	}
	s, err := ssh.NewCertSigner(cert, host)
	if err != nil {
		t.Fatalf("sign certificate: %v", err)
	}
	return s
}

// KnownHostsLine is a line of known_hosts. Of a certificate it holds the key.
func KnownHostsLine(t sshexec.Target, key ssh.PublicKey) string {
	if cert, ok := key.(*ssh.Certificate); ok {
		key = cert.Key
	}
	name := t.Host
	if t.Port != 22 {
		name = "[" + t.Host + "]:" + strconv.Itoa(t.Port)
	}
	return name + " " + PublicKeyText(key) + "\n"
}

// PublicKeyText is a public key as files have it: type and base64.
func PublicKeyText(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// WriteFile writes a file that only its owner can read, and returns its path.
func WriteFile(t testing.TB, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Agent starts an in-process agent that holds keys, and returns its socket.
func Agent(t testing.TB, kinds ...KeyType) (socket string, keys []ssh.PublicKey) {
	t.Helper()
	ring := agent.NewKeyring()
	for _, kind := range kinds {
		private := newPrivate(t, kind)
		if err := ring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
			t.Fatalf("start agent: %v", err)
		}
		keys = append(keys, signer(t, private).PublicKey())
	}
	dir, err := os.MkdirTemp("", "agent") //nolint:usetesting // a socket has a short path
	if err != nil {
		t.Fatalf("start agent: %v", err)
	}
	socket = filepath.Join(dir, "s")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatalf("start agent: %v", err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				_ = agent.ServeAgent(ring, conn) // ends with the connection
				conn.Close()
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		wg.Wait()
		_ = os.RemoveAll(dir)
	})
	return socket, keys
}
