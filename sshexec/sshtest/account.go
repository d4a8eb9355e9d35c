package sshtest

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Account is a user of this machine that ends with the test.
type Account struct {
	Name string
	Home string
}

// NewAccount makes a user with a login shell and without a password. The test is
// skipped unless it runs as root.
func NewAccount(t testing.TB, shell string) Account {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to make a user")
	}
	a := Account{Name: "ebbtest-" + strings.ToLower(rand.Text()[:8])}
	a.Home = filepath.Join("/tmp", a.Name)
	// "*" is no password; "!" would lock the account for sshd as well.
	run(t, "useradd", "--create-home", "--home-dir", a.Home, "--password", "*", "--shell", shell, a.Name)
	t.Cleanup(func() {
		_ = exec.Command("pkill", "-KILL", "-u", a.Name).Run() //nolint:noctx // cleaning up; fails when nothing is left
		run(t, "userdel", "--remove", a.Name)
	})
	return a
}

// AllowSudo lets the user run sudo by a rule such as "ALL=(ALL) NOPASSWD: ALL".
// The test is skipped where there is no sudo.
func (a Account) AllowSudo(t testing.TB, rule string) {
	t.Helper()
	if _, err := exec.LookPath("sudo"); err != nil {
		t.Skip("no sudo here: run make deps, or install it")
	}
	path := filepath.Join("/etc/sudoers.d", a.Name)
	if err := os.WriteFile(path, []byte(a.Name+" "+rule+"\n"), 0o440); err != nil { // the mode that sudo demands
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(path) })
}

func run(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil { //nolint:noctx // must end
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}
