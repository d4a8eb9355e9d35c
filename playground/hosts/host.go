package hosts

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"ebb/playground/machine"
	"ebb/playground/store"
	"ebb/playground/wire"
)

// Host is one simulated host.
type Host struct {
	IP, Name string

	port    int
	stores  []store.Spec
	onlyVia string
	// shared is the SharedDir of an isolated host, "" for others.
	shared string
	log    *slog.Logger
	place  Place
	inside machine.Config
	server *server

	mu    sync.Mutex
	guest *guest // nil when the host is down
	burnt bool
}

// guest is the first process of a host.
type guest struct {
	cmd  *exec.Cmd
	life *os.File // the host ends when this is closed
	// exited is closed once the process is gone and reaped, and with it, in a
	// namespace, all its descendants.
	exited chan struct{}
}

// downTimeout is how long a host may take to end before it is killed.
const downTimeout = 5 * time.Second

// BurntError says that a host will never come back.
type BurntError struct{ Host string }

func (e *BurntError) Error() string {
	return fmt.Sprintf("start host %s: it has burnt down", e.Host)
}

// Up boots the host and opens its SSH port. What is not enabled stays down.
func (h *Host) Up() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.burnt:
		return &BurntError{Host: h.IP}
	case h.guest != nil:
		return nil
	}
	g, err := h.boot()
	if err != nil {
		return fmt.Errorf("start host %s: %w", h.IP, err)
	}
	h.guest = g
	return h.server.open()
}

// Down is a power cut: the SSH server and every process of the host are gone at
// once. Units that are enabled start again with the host.
func (h *Host) Down() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server != nil {
		h.server.close()
	}
	if h.guest == nil {
		return nil
	}
	err := h.guest.end()
	h.guest = nil
	return err
}

func (h *Host) burn() error {
	err := h.Down()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.burnt = true
	return err
}

// Running tells whether the host is up.
func (h *Host) Running() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.guest != nil
}

// boot starts the first process of the host.
func (h *Host) boot() (*guest, error) {
	listener, err := wire.Listen(wire.HostSocket(h.IP))
	if err != nil {
		return nil, err
	}
	defer func() { _ = listener.Close() }()
	socket, err := listener.File()
	if err != nil {
		return nil, fmt.Errorf("hand over socket: %w", err)
	}
	defer socket.Close()
	log, err := os.OpenFile(filepath.Join(h.inside.Root, "run", "host.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	defer log.Close()
	return h.begin(socket, log)
}

// begin starts the process with the socket that it serves.
func (h *Host) begin(socket, log *os.File) (*guest, error) {
	reader, life, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("create pipe: %w", err)
	}
	defer reader.Close()
	g := &guest{cmd: h.place.command(h.IP), life: life, exited: make(chan struct{})}
	g.cmd.ExtraFiles = []*os.File{socket, reader}
	g.cmd.Stderr = log
	began := make(chan error, 1)
	go g.run(began)
	if err := <-began; err != nil {
		life.Close()
		return nil, err
	}
	if err := describe(life, h.inside); err != nil {
		return nil, errors.Join(err, g.end())
	}
	return g, nil
}

// run starts the process and waits for its end on one locked thread: the kernel
// sends Pdeathsig when the thread that forked ends (golang/go#27505).
func (g *guest) run(began chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := g.cmd.Start(); err != nil {
		began <- err
		return
	}
	began <- nil
	_ = g.cmd.Wait() // how it ended is in its log
	close(g.exited)
}

func (g *guest) end() error {
	g.life.Close()
	timeout := time.NewTimer(downTimeout)
	defer timeout.Stop()
	select {
	case <-g.exited:
		return nil
	case <-timeout.C:
	}
	if err := g.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill host: %w", err)
	}
	<-g.exited
	return nil
}

// rehearse boots a host that ends when its namespaces are arranged.
func (h *Host) rehearse() error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	g, err := h.begin(null, null)
	if err != nil {
		return err
	}
	if err := g.end(); err != nil {
		return err
	}
	if code := g.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the host ended with status %d", code)
	}
	return nil
}

// ask sends a request to the host's first process and returns its answer.
func (h *Host) ask(request wire.Request) (wire.Reply, error) {
	var reply wire.Reply
	conn, err := wire.Dial(wire.HostSocket(h.IP))
	if err != nil {
		return reply, fmt.Errorf("ask host %s: %w", h.IP, errDown)
	}
	defer func() { _ = conn.Close() }()
	if err := wire.Send(conn, request); err != nil {
		return reply, fmt.Errorf("ask host %s: %w", h.IP, err)
	}
	if err := json.NewDecoder(conn).Decode(&reply); err != nil {
		return reply, fmt.Errorf("ask host %s: %w", h.IP, err)
	}
	return reply, nil
}

// UnitError is what systemctl says of a unit that could not be started or killed.
type UnitError struct{ Host, Unit, Reason string }

func (e *UnitError) Error() string {
	return fmt.Sprintf("change unit %s on host %s: %s", e.Unit, e.Host, e.Reason)
}

func (h *Host) startUnit(unit string) error {
	args := []string{"start", unit}
	if !h.place.Isolated {
		args = append(args, "--user")
	}
	reply, err := h.ask(wire.Request{Systemctl: args})
	if err == nil && reply.Code != 0 {
		err = &UnitError{Host: h.IP, Unit: unit, Reason: reply.Stderr}
	}
	return err
}

// haltUnit kills the processes of a unit. On a host that is down there are none.
func (h *Host) haltUnit(unit string) error {
	reply, err := h.ask(wire.Request{Halt: unit})
	switch {
	case errors.Is(err, errDown):
		return nil
	case err == nil && reply.Error != "":
		return &UnitError{Host: h.IP, Unit: unit, Reason: reply.Error}
	}
	return err
}
