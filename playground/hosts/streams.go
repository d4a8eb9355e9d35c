package hosts

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// streams are standard input, output and error of a command on a host: the ends
// that it gets and those that stay here.
type streams struct {
	theirs []*os.File
	in     *os.File // written to; nil with a terminal
	out    []*os.File
	tty    *os.File // both, with a terminal
}

// streams makes three pipes, or takes the terminal.
func (se *session) streams() (*streams, error) {
	if se.tty != nil {
		own, err := os.OpenFile(se.tty.name, os.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			return nil, fmt.Errorf("open terminal: %w", err)
		}
		return &streams{theirs: []*os.File{own, own, own}, tty: se.tty.master}, nil
	}
	s := &streams{}
	for i := range 3 {
		r, w, err := os.Pipe()
		if err != nil {
			s.handOver()
			s.abandon()
			return nil, fmt.Errorf("create pipe: %w", err)
		}
		if i == 0 {
			s.theirs, s.in = append(s.theirs, r), w
		} else {
			s.theirs, s.out = append(s.theirs, w), append(s.out, r)
		}
	}
	return s, nil
}

// handOver closes the ends that are the command's now.
func (s *streams) handOver() {
	for _, f := range s.theirs {
		f.Close()
	}
}

func (s *streams) abandon() {
	if s.in != nil {
		s.in.Close()
	}
	for _, f := range s.out {
		f.Close()
	}
}

// copy moves data between the command and the client. The group it returns ends
// when all output has been moved.
func (s *streams) copy(channel ssh.Channel) *sync.WaitGroup {
	var output sync.WaitGroup
	if s.tty != nil {
		output.Go(func() { _, _ = io.Copy(channel, s.tty) })
		go func() { _, _ = io.Copy(s.tty, channel) }()
		return &output
	}
	go func() {
		_, _ = io.Copy(s.in, channel)
		s.in.Close()
	}()
	for i, to := range []io.Writer{channel, channel.Stderr()} {
		output.Go(func() {
			_, _ = io.Copy(to, s.out[i])
			// A client that is gone must not block the command, nor let it believe
			// that somebody reads.
			s.out[i].Close()
		})
	}
	return &output
}

// terminal is a pseudo terminal of a session.
type terminal struct {
	master *os.File
	name   string // of the other end
	kind   string // TERM
	once   sync.Once
}

func (t *terminal) close() { t.once.Do(func() { t.master.Close() }) }

// terminalRequest makes a terminal, or changes its size.
func (se *session) terminalRequest(request *ssh.Request) bool {
	var size struct{ Columns, Rows, Width, Height uint32 }
	if request.Type == "window-change" {
		return se.tty != nil && ssh.Unmarshal(request.Payload, &size) == nil && se.tty.resize(size.Columns, size.Rows) == nil
	}
	var wanted struct {
		Kind                         string
		Columns, Rows, Width, Height uint32
		Modes                        string
	}
	if se.tty != nil || ssh.Unmarshal(request.Payload, &wanted) != nil {
		return false
	}
	tty, err := openTerminal(se.server.host.inside.User.UID)
	if err != nil {
		se.server.host.log.Warn("no terminal", "err", err)
		return false
	}
	tty.kind, se.tty = wanted.Kind, tty
	return tty.resize(wanted.Columns, wanted.Rows) == nil
}

func openTerminal(owner int) (*terminal, error) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("open terminal: %w", err)
	}
	t := &terminal{master: master}
	raw, err := master.SyscallConn()
	if err == nil {
		var failed error
		err = raw.Control(func(fd uintptr) {
			number, err := unix.IoctlGetUint32(int(fd), unix.TIOCGPTN)
			t.name = "/dev/pts/" + strconv.Itoa(int(number))
			failed = errors.Join(err, unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0))
		})
		err = errors.Join(err, failed)
	}
	if err == nil {
		err = os.Chown(t.name, owner, -1)
	}
	if err != nil {
		master.Close()
		return nil, fmt.Errorf("open terminal: %w", err)
	}
	return t, nil
}

func (t *terminal) resize(columns, rows uint32) error {
	raw, err := t.master.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(columns), Row: uint16(rows)})
	})
	return errors.Join(err, failed)
}
