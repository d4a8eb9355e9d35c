package machine

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"ebb/playground/systemd"
)

// machine is a running host, seen from inside.
type machine struct {
	cfg   Config
	tree  *tree
	units *systemd.Manager
}

// Main is the first process of a host. It ends when the pipe that it was given
// does, and then leaves no process.
func Main([]string) int {
	for _, fd := range []int{SocketFD, LifeFD} {
		syscall.CloseOnExec(fd)
	}
	life := os.NewFile(LifeFD, "life")
	decoder := json.NewDecoder(life)
	var cfg Config
	if err := decoder.Decode(&cfg); err != nil {
		return fail(fmt.Errorf("read description of host: %w", err))
	}
	if cfg.Isolated {
		if err := arrange(&cfg); err != nil {
			return fail(err)
		}
	}
	if cfg.Rehearsal {
		return 0
	}
	if err := shed(cfg.Isolated); err != nil {
		return fail(err)
	}
	socket, err := net.FileListener(os.NewFile(SocketFD, "socket"))
	if err != nil {
		return fail(fmt.Errorf("take over socket of host: %w", err))
	}
	listener, ok := socket.(*net.UnixListener)
	if !ok {
		return fail(fmt.Errorf("take over socket of host: it is a %T", socket))
	}
	m := &machine{cfg: cfg, tree: newTree()}
	m.units = systemd.New(systemd.Config{
		Dir: cfg.UnitDir(), RuntimeDir: cfg.runtimeUnits(), Target: cfg.Target(), User: !cfg.Isolated,
		MaxRestart: cfg.MaxRestart, Launch: m.launch, Kill: killGroup,
	})
	go m.units.Boot()
	go m.serve(listener)
	// Nothing comes any more but the end.
	_, _ = io.Copy(io.Discard, life)
	if !cfg.Isolated {
		killAll()
	}
	return 0
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

const (
	prSetChildSubreaper = 36
	prCapAmbient        = 47
	prCapAmbientClear   = 4
)

// shed gives up what was needed to arrange the host, so that its programs do not
// get it. A host without namespaces takes over the orphans of its programs
// instead, to end them with itself.
func shed(isolated bool) error {
	var errno syscall.Errno
	if isolated {
		_, _, errno = syscall.RawSyscall6(syscall.SYS_PRCTL, prCapAmbient, prCapAmbientClear, 0, 0, 0, 0)
	} else {
		_, _, errno = syscall.RawSyscall6(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0, 0, 0, 0)
	}
	if errno != 0 {
		return fmt.Errorf("prepare host: prctl: %w", errno)
	}
	return nil
}

// killAll ends all processes below this one. Those whose parent is killed become
// children of this process, and are found in the next round.
func killAll() {
	for range 1000 {
		below := children(os.Getpid())
		if len(below) == 0 {
			return
		}
		for _, pid := range below {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		syscall.Syscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) //nolint:errcheck // only gives them time to end
	}
}

func children(pid int) []int {
	var found []int
	files, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	if err != nil {
		return nil // the pattern is well-formed
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				found = append(found, child)
			}
		}
	}
	return found
}
