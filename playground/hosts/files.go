package hosts

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ebb/playground/disguise"
	"ebb/playground/layout"
	"ebb/playground/store"
)

// service is one of tiup's instances on a host.
type service struct {
	unit      string            // without .service
	component string            // run_<component>.sh
	deployDir string            // as the unit sees it
	disk      string            // deployDir on this machine's disk
	program   string            // below deployDir, and its name
	files     map[string]string // below deployDir
	dataDirs  []string          // of a store
}

// onDisk is where a directory of the host is on this machine's disk.
func (h *Host) onDisk(dir string) string {
	if rest, ok := strings.CutPrefix(dir, h.shared); ok && h.shared != "" {
		return filepath.Join(h.inside.Root, "monitored", rest)
	}
	return dir
}

// writeFiles writes all that tiup would have put on a host, and the shims.
// monitored is the directory of the exporters, as the host sees it.
func (h *Host) writeFiles(monitored string) error {
	root := h.inside.Root
	for _, dir := range []string{h.inside.UnitFiles(), filepath.Join(root, "run"), h.inside.User.Home} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := h.writeShims(); err != nil {
		return err
	}
	for _, s := range h.services(monitored) {
		if err := h.writeService(s); err != nil {
			return err
		}
	}
	return h.giveAway()
}

// writeShims writes systemctl and sudo. They are scripts, so that they know their
// host without a variable that a login could see.
func (h *Host) writeShims() error {
	sbin := filepath.Join(h.inside.Root, "sbin")
	for name, program := range map[string]string{"systemctl": disguise.Systemctl, "sudo": disguise.Sudo} {
		text := fmt.Sprintf("#!/bin/sh\n%s=%s %s=%s exec %s \"$@\"\n",
			disguise.HostVariable, h.IP, disguise.SudoVariable, quote(h.passwordFile()), quote(filepath.Join(sbin, program)))
		if err := writeFile(filepath.Join(sbin, name), text, 0o755); err != nil {
			return err
		}
		if err := os.Symlink(h.inside.ProgramFile(), filepath.Join(sbin, program)); err != nil {
			return err
		}
	}
	return nil
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func (h *Host) writeService(s service) error {
	for _, sub := range []string{"bin", "conf", "log", "scripts"} {
		if err := os.MkdirAll(filepath.Join(s.disk, sub), 0o755); err != nil {
			return err
		}
	}
	program := filepath.Join(s.disk, s.program)
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		return err
	}
	if err := os.Symlink(h.inside.ProgramFile(), program); err != nil {
		return err
	}
	script := filepath.Join("scripts", "run_"+s.component+".sh")
	for name, text := range s.files {
		mode := fs.FileMode(0o644)
		if name == script {
			mode = 0o755
		}
		if err := writeFile(filepath.Join(s.disk, name), text, mode); err != nil {
			return err
		}
	}
	for _, dir := range s.dataDirs {
		if err := writeData(h.onDisk(dir)); err != nil {
			return err
		}
	}
	unit := s.unit + ".service"
	text := fmt.Sprintf(unitText, s.component, h.unitUser(), filepath.Join(s.deployDir, script), h.inside.Target())
	if err := writeFile(filepath.Join(h.inside.UnitFiles(), unit), text, 0o644); err != nil {
		return err
	}
	wants := filepath.Join(h.inside.UnitFiles(), h.inside.Target()+".wants")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		return err
	}
	return os.Symlink(filepath.Join(h.inside.UnitDir(), unit), filepath.Join(wants, unit))
}

// unitText is what tiup writes: component, user, script, target.
const unitText = `[Unit]
Description=%s service
After=syslog.target network.target remote-fs.target nss-lookup.target

[Service]
LimitNOFILE=1000000
LimitSTACK=10485760
%sExecStart=%s
Restart=always

RestartSec=15s

[Install]
WantedBy=%s
`

// unitUser is the User= line, which the units of a user do not have.
func (h *Host) unitUser() string {
	if !h.inside.Isolated {
		return ""
	}
	return "User=" + h.inside.User.Name + "\n"
}

// services are the stores of a host and the exporters, if the host can have
// directories of its own at their path.
func (h *Host) services(monitored string) []service {
	var all []service
	for _, spec := range h.stores {
		all = append(all, h.storeService(spec))
	}
	if !h.inside.Isolated {
		return all
	}
	for program, port := range map[string]int{
		disguise.NodeExporter: layout.NodeExporterPort, disguise.BlackboxExporter: layout.BlackboxExporterPort,
	} {
		s := service{
			unit: program + "-" + strconv.Itoa(port), component: program,
			deployDir: monitored, disk: h.onDisk(monitored),
			program: filepath.Join("bin", program, program),
		}
		s.files = map[string]string{"data/.keep": "", "scripts/run_" + program + ".sh": h.script(s.deployDir, fmt.Sprintf(
			"exec bin/%s/%s \\\n    --web.listen-address=\"%s:%d\" \\\n    --log.level=\"info\" >> \"log/%s.log\" 2>&1\n",
			program, program, h.IP, port, program))}
		all = append(all, s)
	}
	return all
}

func (h *Host) script(dir, last string) string {
	return fmt.Sprintf("#!%s\nset -e\n\n# WARNING: This file was auto-generated. Do not edit!\n#          All your edit might be overwritten!\ncd %s || exit 1\n\n%s",
		shell(), quote(dir), last)
}

func unitOf(spec store.Spec) string {
	if spec.Engine == store.TiFlash {
		return fmt.Sprintf("tiflash-%d.service", layout.TiFlashTCPPort)
	}
	return fmt.Sprintf("tikv-%d.service", spec.Port)
}

// dataFiles are those that make a data directory look and weigh like one.
var dataFiles = map[string]int{
	"LOCK": 0, "last_tikv.toml": 4 << 10, "space_placeholder_file": 256 << 10,
	"db/000021.sst": 1 << 20, "db/000022.sst": 512 << 10, "db/CURRENT": 16, "db/MANIFEST-000004": 2 << 10, "db/LOCK": 0,
	"raft-engine/0000000000000001.raftlog": 512 << 10, "raft-engine/LOCK": 0, "snap/.keep": 0, "import/.keep": 0,
}

func writeData(dir string) error {
	noise := rand.NewChaCha8([32]byte{1})
	for name, size := range dataFiles {
		text := make([]byte, size)
		_, _ = noise.Read(text) // never fails
		if err := writeFile(filepath.Join(dir, name), string(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// giveAway makes the deploy user the owner of what tiup would have made as that
// user. Units and shims stay with root.
func (h *Host) giveAway() error {
	u := h.inside.User
	if !u.Switch {
		return nil
	}
	for _, dir := range []string{"deploy", "data", "home", "monitored", "run"} {
		err := filepath.WalkDir(filepath.Join(h.inside.Root, dir), func(path string, _ fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil
			}
			if err != nil {
				return err
			}
			return os.Lchown(path, u.UID, u.GID)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
