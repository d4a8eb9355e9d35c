package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
	"gopkg.in/yaml.v3"
)

// onHost runs a command over SSH with what the playground announced.
func (b *bench) onHost(a announcement, ip, command string) string {
	b.Helper()
	text, err := os.ReadFile(a.Key)
	if err != nil {
		b.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		b.Fatal(err)
	}
	check, err := knownhosts.New(a.KnownHosts)
	if err != nil {
		b.Fatal(err)
	}
	client, err := ssh.Dial("tcp", fmt.Sprintf("%s:%d", ip, a.Port), &ssh.ClientConfig{
		User: a.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: check, Timeout: 5 * time.Second,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		b.Fatal(err)
	}
	out, err := session.CombinedOutput(command)
	if err != nil {
		b.Errorf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}

// awaitPDState waits until PD calls a store so.
func (b *bench) awaitPDState(pd, address, want string) {
	b.Helper()
	state := ""
	for deadline := time.Now().Add(time.Minute); state != want; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("PD calls %s %q, want %q", address, state, want)
		}
		response, err := http.Get(pd + "/pd/api/v1/stores")
		if err != nil {
			b.Fatal(err)
		}
		var list struct {
			Stores []struct {
				Store struct {
					Address string `json:"address"`
					State   string `json:"state_name"`
				} `json:"store"`
			} `json:"stores"`
		}
		err = json.NewDecoder(response.Body).Decode(&list)
		response.Body.Close()
		if err != nil {
			b.Fatal(err)
		}
		for _, s := range list.Stores {
			if s.Store.Address == address {
				state = s.Store.State
			}
		}
	}
}

// A store that is stopped over SSH is one that PD misses.
func TestStopOverSSH(t *testing.T) {
	b := newBench(t)
	ready := b.background("--tiflash-dirs", "2")
	t.Logf("ready after %.2f s", ready.Seconds)
	text, err := os.ReadFile(ready.Topology)
	if err != nil {
		t.Fatal(err)
	}
	var topology struct {
		Global struct {
			User        string
			SystemdMode string `yaml:"systemd_mode"`
			SSHPort     int    `yaml:"ssh_port"`
		}
		TiFlash []struct {
			DataDir string `yaml:"data_dir"`
		} `yaml:"tiflash_servers"`
	}
	if err := yaml.Unmarshal(text, &topology); err != nil || topology.Global.User != ready.User || topology.Global.SSHPort != ready.Port {
		t.Errorf("topology: %v\n%s", err, text)
	}
	for dir := range strings.SplitSeq(topology.TiFlash[0].DataDir, ",") {
		if _, err := os.Stat(filepath.Join(dir, "db")); err != nil {
			t.Error(err)
		}
	}
	mode := ""
	if topology.Global.SystemdMode != "" {
		mode = "--" + topology.Global.SystemdMode + " "
	}
	store := ready.Leaving()
	ip, _, _ := strings.Cut(store, ":")
	b.onHost(ready, ip, "sudo -n systemctl "+mode+"stop tikv-20160")
	b.awaitPDState(ready.PD[0], store, "Disconnected")
	b.onHost(ready, ip, "sudo -n systemctl "+mode+"start tikv-20160")
	b.awaitPDState(ready.PD[0], store, "Up")
}

func TestHostFaults(t *testing.T) {
	b := newBench(t)
	ready := b.background()
	for _, step := range []struct{ args, says string }{
		{"fault host-down tikv-1", "down"},
		{"fault stop " + ready.Neighbour(), "stopped store"},
		{"fault host-up tikv-1", "up"},
		{"fault stop " + ready.Leaving(), "stopped store"},
		{"fault start " + ready.Leaving(), "started store"},
		{"fault restart 2", "restarted store"},
		{"fault ssh-hang tikv-2", "hangs"},
		{"fault ssh-hang tikv-2 --undo", "well again"},
		{"fault ssh-cut tikv-2", "cut"},
		{"fault ssh-cut-next tikv-2", "cuts the next command"},
		{"fault ssh-new-key tikv-2", "has another key"},
		{"fault sudo-password tikv-2", `asks for the password "playground"`},
		{"fault forget 3", "forgot store"},
	} {
		if _, errs, code := b.run(strings.Fields(step.args)...); code != exitDone || !strings.Contains(errs, step.says) {
			t.Errorf("%s: exit code %d\n%s", step.args, code, errs)
		}
	}
	if _, errs, code := b.run("fault", "host-up", "tikv-3"); code != exitFailed || !strings.Contains(errs, "burnt") {
		t.Errorf("host-up of a burnt host: exit code %d\n%s", code, errs)
	}
}

func TestWithoutHosts(t *testing.T) {
	b := newBench(t)
	ready := b.background("--hosts=false")
	if ready.SSH != nil {
		t.Errorf("announced %+v", ready.SSH)
	}
	if _, errs, code := b.run("fault", "host-down", "tikv-1"); code != exitFailed || !strings.Contains(errs, "no hosts") {
		t.Errorf("host-down: exit code %d\n%s", code, errs)
	}
	if _, errs, code := b.run("fault", "stop", ready.Leaving()); code != exitDone {
		t.Errorf("stop: exit code %d\n%s", code, errs)
	}
}

// Whatever ends a playground, its hosts end with it.
func TestHostsEndWithThePlayground(t *testing.T) {
	for _, how := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(how.String(), func(t *testing.T) {
			b := newBench(t)
			ready := b.background()
			b.onHost(ready, strings.TrimSuffix(ready.Leaving(), ":20160"), "setsid sleep 4711.1234 >/dev/null 2>&1 </dev/null &")
			if err := syscall.Kill(ready.PID, how); err != nil {
				t.Fatal(err)
			}
			left := ""
			for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
				out, _ := exec.Command("ps", "-eo", "pid,args").Output()
				left = ""
				for line := range strings.Lines(string(out)) {
					if strings.Contains(line, ready.Network+".") || strings.Contains(line, "4711.1234") {
						left += line
					}
				}
				if left == "" || time.Now().After(deadline) {
					break
				}
			}
			if left != "" {
				t.Errorf("processes are left:\n%s", left)
			}
			mounts, err := os.ReadFile("/proc/self/mounts")
			if err != nil || bytes.Contains(mounts, []byte(ready.Dir)) {
				t.Errorf("mounts are left: %v", err)
			}
			b.list() // cleans up
		})
	}
}
