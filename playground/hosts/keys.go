package hosts

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

// keyring is the directory of the login key and of the hosts' public keys, laid
// out like a user's ~/.ssh.
type keyring struct {
	dir   string
	login ssh.PublicKey
}

// newKeyring creates the directory and the login key.
func newKeyring(dir string) (*keyring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create login key: %w", err)
	}
	ring := &keyring{dir: dir}
	signer, private, err := newKey("ebb-playground")
	if err != nil {
		return nil, err
	}
	ring.login = signer.PublicKey()
	for path, text := range map[string][]byte{
		ring.keyFile():          private,
		ring.keyFile() + ".pub": ssh.MarshalAuthorizedKey(ring.login),
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return nil, fmt.Errorf("write login key: %w", err)
		}
	}
	return ring, nil
}

// newKey returns a new key pair, as a signer and as the text of a private key
// file.
func newKey(comment string) (ssh.Signer, []byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("generate SSH key: %w", err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil, nil, fmt.Errorf("generate SSH key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return nil, nil, fmt.Errorf("encode SSH key: %w", err)
	}
	return signer, pem.EncodeToMemory(block), nil
}

func (k *keyring) keyFile() string    { return filepath.Join(k.dir, "id_ed25519") }
func (k *keyring) knownHosts() string { return filepath.Join(k.dir, "known_hosts") }

// trust writes known_hosts, with the key that each host has now.
func (k *keyring) trust(all []*Host) error {
	var text strings.Builder
	for _, h := range all {
		address := "[" + h.IP + "]:" + strconv.Itoa(h.port)
		text.WriteString(address + " " + string(ssh.MarshalAuthorizedKey(h.server.hostKey())))
	}
	if err := os.WriteFile(k.knownHosts(), []byte(text.String()), 0o600); err != nil {
		return fmt.Errorf("write known_hosts: %w", err)
	}
	return nil
}

func joinPort(ip string, port int) string { return net.JoinHostPort(ip, strconv.Itoa(port)) }
