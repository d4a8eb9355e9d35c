package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/term"

	"ebb/ui"
)

// recordDir is the variable that names the directory where a program under test
// leaves what it has printed.
const recordDir = "EBB_TEST_RECORD"

// printout is one run of the program.
type printout struct {
	Args []string
	Code int
	// Documents are as they were before a jq program, of stdout and stderr.
	Documents []json.RawMessage
	// Piped is set when Stdout and Stderr were caught: with -o json and without a
	// terminal.
	Piped          bool
	Stdout, Stderr string
}

// recordedMain is Main, with a printout of what it has printed.
func recordedMain() int {
	dir := os.Getenv(recordDir)
	if dir == "" {
		return Main(os.Args[1:], ui.System())
	}
	r := printout{Args: os.Args[1:]}
	release := func() {}
	if asksForJSON(r.Args) && !term.IsTerminal(int(os.Stdout.Fd())) && !term.IsTerminal(int(os.Stderr.Fd())) {
		r.Piped = true
		release = catch(&r.Stdout, &r.Stderr)
	}
	env := systemEnv(ui.System())
	var mu sync.Mutex
	env.Printed = func(document []byte) {
		mu.Lock()
		defer mu.Unlock()
		r.Documents = append(r.Documents, bytes.Clone(document))
	}
	r.Code = int(run(context.Background(), env, r.Args))
	release()
	if err := r.write(dir); err != nil {
		panic(err)
	}
	return r.Code
}

// catch copies what goes to stdout and stderr.
func catch(stdout, stderr *string) (release func()) {
	var ends []func()
	for file, text := range map[**os.File]*string{&os.Stdout: stdout, &os.Stderr: stderr} {
		read, write, err := os.Pipe()
		if err != nil {
			panic(err)
		}
		terminal := *file
		*file = write
		done := make(chan struct{})
		var caught bytes.Buffer
		go func() {
			defer close(done)
			_, _ = io.Copy(io.MultiWriter(terminal, &caught), read) // who reads the other end may have gone
		}()
		ends = append(ends, func() {
			write.Close()
			<-done
			*text = caught.String()
		})
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

func (r *printout) write(dir string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "*.json")
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Close()
}

// printouts reads what was recorded in a directory.
func printouts(dir string) ([]printout, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var list []printout
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var r printout
		if err := json.Unmarshal(data, &r); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// verb is the command of a printout, as in "tune apply".
func (r *printout) verb() string {
	c, _, err := newRoot(systemEnv(ui.Test("").Streams)).Find(joinArgs(r.Args))
	if err != nil || c == nil {
		return ""
	}
	return strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), "ebb"), " ")
}
