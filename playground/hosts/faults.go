package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// SSHFault is what can be wrong with the login to a host. Nil fields stay as
// they are.
type SSHFault struct {
	// Hang accepts connections and says nothing; those that are open stand still.
	Hang *bool `json:"hang,omitempty"`
	// Cut breaks all connections, once. What runs in them goes on.
	Cut bool `json:"cut,omitempty"`
	// CutNext breaks the connection of the next command, when the command has
	// ended and before its status is told.
	CutNext *bool `json:"cut_next,omitempty"`
	// NewKey changes the host's key, for which known_hosts still has the old one.
	NewKey bool `json:"new_key,omitempty"`
	// SudoPassword is what sudo asks for; empty lets it ask for nothing.
	SudoPassword *string `json:"sudo_password,omitempty"`
}

// State is what is true of a host.
type State struct {
	IP      string `json:"ip"`
	Name    string `json:"name"`
	SSH     string `json:"ssh"` // address of the SSH server
	Running bool   `json:"running"`
	Hangs   bool   `json:"hangs,omitempty"`
	// SudoAsks says that sudo wants a password.
	SudoAsks bool `json:"sudo_asks,omitempty"`
}

// State returns what is true of the host.
func (h *Host) State() State {
	_, err := os.Stat(h.passwordFile())
	return State{
		IP: h.IP, Name: h.Name, SSH: joinPort(h.IP, h.port), Running: h.Running(),
		Hangs: h.server.hangs(), SudoAsks: err == nil,
	}
}

// BreakSSH makes something wrong with the login to the host, or right again.
func (h *Host) BreakSSH(f SSHFault) error {
	if f.Hang != nil {
		h.server.hang(*f.Hang)
	}
	if f.CutNext != nil {
		h.server.setCutNext(*f.CutNext)
	}
	if f.NewKey {
		if err := h.server.changeKey(); err != nil {
			return err
		}
	}
	if f.Cut {
		h.server.cut()
	}
	if f.SudoPassword == nil {
		return nil
	}
	return h.setPassword(*f.SudoPassword)
}

// passwordFile holds what sudo asks for. It is a file so that it outlives the
// host's processes.
func (h *Host) passwordFile() string { return filepath.Join(h.inside.Root, "sbin", ".password") }

func (h *Host) setPassword(password string) error {
	if password == "" {
		if err := os.Remove(h.passwordFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("change sudo of host %s: %w", h.IP, err)
		}
		return nil
	}
	if err := writeFile(h.passwordFile(), password, 0o644); err != nil {
		return fmt.Errorf("change sudo of host %s: %w", h.IP, err)
	}
	return nil
}
