// Package disguise makes the executable of the playground several programs, as
// busybox is: what it is depends on the name under which it is started. A program
// that imports the package, be it a test, can thus be every process of a
// simulated host, and no second executable has to be built, found and kept in
// step.
//
// The choice is made in an init function, because a host has about four such
// processes and PD's packages take five times as long to initialise as all the
// rest. Go initialises packages in the order of their import paths as far as
// dependencies allow, and this one depends on the standard library only; so it
// comes before them, and they are never initialised in a process that is no
// playground.
package disguise

import (
	"os"
	"path/filepath"
	"syscall"

	"ebb/playground/machine"
)

// Names of the shims' programs. The shims are scripts that tell them which host
// they are on.
const (
	Systemctl = ".systemctl"
	Sudo      = ".sudo"
)

// Environment variables that the shims set.
const (
	// HostVariable holds the host's address.
	HostVariable = "EBB_PLAYGROUND_HOST"
	// SudoVariable names the file with the password that sudo asks for. Without
	// the file it asks for none.
	SudoVariable = "EBB_PLAYGROUND_SUDO"
)

// Programs of tiup's hosts.
const (
	TiKV             = "tikv-server"
	TiFlash          = "tiflash"
	NodeExporter     = "node_exporter"
	BlackboxExporter = "blackbox_exporter"
)

func init() {
	programs := map[string]func([]string) int{
		machine.Program:  machine.Main,
		Systemctl:        systemctl,
		Sudo:             sudo,
		TiKV:             tikv,
		TiFlash:          tiflash,
		NodeExporter:     exporter,
		BlackboxExporter: exporter,
	}
	if run := programs[filepath.Base(os.Args[0])]; run != nil {
		// Not os.Exit, which takes a second with the race detector.
		syscall.Exit(run(os.Args[1:]))
	}
}
