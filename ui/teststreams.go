package ui

import (
	"bytes"
	"strings"
	"sync"
)

// TestStreams are streams over buffers, for tests. They start as no terminal
// at all, 80 columns by 24 rows once one is switched on, and with an empty
// environment.
type TestStreams struct {
	*Streams
	OutBuf *Buffer
	ErrBuf *Buffer

	mu            sync.Mutex
	width, height int
	env           map[string]string
}

// Test returns streams over buffers, with the given text on stdin.
func Test(stdin string) *TestStreams {
	t := &TestStreams{
		OutBuf: &Buffer{}, ErrBuf: &Buffer{},
		width: defaultWidth, height: defaultHeight,
		env: map[string]string{},
	}
	t.Streams = &Streams{In: strings.NewReader(stdin), Getenv: t.getenv, inFd: -1}
	t.Out = &Output{w: t.OutBuf, getenv: t.getenv, size: t.size}
	t.Err = &Output{w: t.ErrBuf, getenv: t.getenv, size: t.size}
	return t
}

// SetTTY says which of the three streams are terminals.
func (t *TestStreams) SetTTY(in, out, err bool) {
	t.inTTY, t.Out.tty, t.Err.tty = in, out, err
}

// SetSize sets the size of the terminal in columns and rows.
func (t *TestStreams) SetSize(width, height int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.width, t.height = width, height
}

// Setenv sets a variable of the environment that the streams see; the process
// environment is not touched.
func (t *TestStreams) Setenv(key, value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.env[key] = value
}

func (t *TestStreams) size() (int, int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.width, t.height
}

func (t *TestStreams) getenv(key string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.env[key]
}

// Buffer is a bytes.Buffer that several goroutines may use at once.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements [io.Writer].
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns what has been written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Reset forgets what has been written.
func (b *Buffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Reset()
}
