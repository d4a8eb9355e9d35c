package machine

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
)

// tree is all processes below this one. It starts them from one thread that never
// ends, because the kernel sends Pdeathsig when the thread that forked ends
// (golang/go#27505), and it collects all that end, because orphans are handed to
// the first process of a host.
type tree struct {
	orders chan order

	mu      sync.Mutex // held over fork, so that no end is seen before its start
	waiting map[int]chan<- syscall.WaitStatus
}

// command is a program to start in a session of its own.
type command struct {
	path  string
	argv  []string
	env   []string
	dir   string
	files []*os.File
	as    *syscall.Credential // nil: as this process
	tty   bool                // files[0] becomes the controlling terminal
}

// started is a process that runs. It leads its group.
type started struct {
	pid    int
	exited <-chan syscall.WaitStatus
}

type order struct {
	command command
	done    chan<- outcome
}

type outcome struct {
	started
	err error
}

func newTree() *tree {
	t := &tree{orders: make(chan order), waiting: make(map[int]chan<- syscall.WaitStatus)}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	go t.fork()
	go func() {
		for range ended {
			t.collect()
		}
	}()
	return t
}

func (t *tree) start(c command) (started, error) {
	done := make(chan outcome, 1)
	t.orders <- order{command: c, done: done}
	o := <-done
	if o.err != nil {
		return o.started, fmt.Errorf("start %s: %w", c.path, o.err)
	}
	return o.started, nil
}

func (t *tree) fork() {
	runtime.LockOSThread()
	for o := range t.orders {
		o.done <- t.run(o.command)
	}
}

func (t *tree) run(c command) outcome {
	files := make([]uintptr, len(c.files))
	for i, f := range c.files {
		files[i] = f.Fd()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	pid, err := syscall.ForkExec(c.path, c.argv, &syscall.ProcAttr{
		Dir: c.dir, Env: c.env, Files: files,
		Sys: &syscall.SysProcAttr{Setsid: true, Setctty: c.tty, Credential: c.as, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return outcome{err: err}
	}
	exited := make(chan syscall.WaitStatus, 1)
	t.waiting[pid] = exited
	return outcome{started: started{pid: pid, exited: exited}}
}

// collect reaps every process that has ended. One signal may stand for many.
func (t *tree) collect() {
	for {
		var status syscall.WaitStatus
		t.mu.Lock()
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		exited := t.waiting[pid]
		delete(t.waiting, pid)
		t.mu.Unlock()
		if err != nil || pid <= 0 {
			return
		}
		if exited != nil {
			exited <- status
		}
	}
}

// killGroup signals all processes of a group. One that is gone is no error.
func killGroup(group int, sig syscall.Signal) { _ = syscall.Kill(-group, sig) }
