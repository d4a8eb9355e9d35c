package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// arrange gives an isolated host its file systems and its name. All of it is in
// namespaces that only the host's processes see, and is gone when the last of
// them ends.
func arrange(c *Config) error {
	steps := []func(*Config) error{private, ownScratch, ownPrograms, ownEtc, ownDirs, ownProc, ownName}
	for _, step := range steps {
		if err := step(c); err != nil {
			return fmt.Errorf("arrange host %s: %w", c.Name, err)
		}
	}
	return nil
}

// mount is the system call with an error that tells what was tried.
func mount(source, target, kind string, flags uintptr, data string) error {
	if err := syscall.Mount(source, target, kind, flags, data); err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	return nil
}

// private keeps what follows away from the mounts of this machine.
func private(*Config) error { return mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "") }

func (c *Config) scratch(parts ...string) string {
	return filepath.Join(append([]string{c.Root, "run", "scratch"}, parts...)...)
}

// ownScratch holds the changes to /etc and /usr/bin. It is in memory, because an
// overlay cannot keep them on every file system, and because they need not
// outlive the host.
func ownScratch(c *Config) error {
	if err := os.MkdirAll(c.scratch(), 0o755); err != nil {
		return err
	}
	return mount("tmpfs", c.scratch(), "tmpfs", 0, "mode=0755,size=64m")
}

// overlay lets a directory of this machine be changed for this host only, and
// puts files there. They are laid down before the mount, because the directory
// itself may belong to somebody who does not exist in a user namespace.
func (c *Config) overlay(dir string, files map[string]string) error {
	name := strings.ReplaceAll(strings.Trim(dir, "/"), "/", "-")
	upper, work := c.scratch(name), c.scratch(name+".work")
	for _, made := range []string{upper, work} {
		if err := os.MkdirAll(made, 0o755); err != nil {
			return err
		}
	}
	for name, text := range files {
		// Programs and what all may read: the difference does no harm here.
		if err := os.WriteFile(filepath.Join(upper, name), []byte(text), 0o755); err != nil {
			return err
		}
	}
	return mount("overlay", dir, "overlay", 0, fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", dir, upper, work))
}

// ownPrograms puts the shims where the real commands are.
func ownPrograms(c *Config) error {
	file, err := os.OpenFile(c.ProgramFile(), os.O_CREATE|os.O_RDONLY, 0o755)
	if err != nil {
		return err
	}
	file.Close()
	if err := mount(c.Self, c.ProgramFile(), "", syscall.MS_BIND, ""); err != nil {
		return err
	}
	shims := make(map[string]string)
	for _, shim := range c.Shims {
		text, err := os.ReadFile(filepath.Join(c.Root, "sbin", shim))
		if err != nil {
			return err
		}
		shims[shim] = string(text)
	}
	return c.overlay("/usr/bin", shims)
}

// ownEtc gives the host its name, its user and its units.
func ownEtc(c *Config) error {
	files := map[string]string{"hostname": c.Name + "\n"}
	if u := c.User; u.Switch {
		for name, line := range map[string]string{
			"passwd": fmt.Sprintf("%s:x:%d:%d::%s:%s", u.Name, u.UID, u.GID, u.Home, u.Shell),
			"group":  fmt.Sprintf("%s:x:%d:", u.Name, u.GID),
		} {
			text, err := withLine("/etc/"+name, u.Name, line)
			if err != nil {
				return err
			}
			files[name] = text
		}
	}
	// Not every machine has the directory of units.
	if err := os.MkdirAll(c.scratch("etc", "systemd", "system"), 0o755); err != nil {
		return err
	}
	if err := c.overlay("/etc", files); err != nil {
		return err
	}
	return mount(c.UnitFiles(), c.UnitDir(), "", syscall.MS_BIND, "")
}

// withLine reads a file like /etc/passwd and gives a name another line.
func withLine(path, name, line string) (string, error) {
	old, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for one := range strings.Lines(string(old)) {
		if !strings.HasPrefix(one, name+":") {
			text.WriteString(strings.TrimSuffix(one, "\n") + "\n")
		}
	}
	text.WriteString(line + "\n")
	return text.String(), nil
}

// ownDirs mounts what is at the same path on every host.
func ownDirs(c *Config) error {
	for target, source := range c.Binds {
		for _, dir := range []string{target, source} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		if err := mount(source, target, "", syscall.MS_BIND, ""); err != nil {
			return err
		}
	}
	return nil
}

func ownProc(*Config) error {
	return mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, "")
}

func ownName(c *Config) error {
	if err := syscall.Sethostname([]byte(c.Name)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	return nil
}
