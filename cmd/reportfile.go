package cmd

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"ebb/burndown"
	"ebb/cmd/render/page"
)

// writePage writes the report as HTML, to stdout for "-". A file is there as a
// whole or not at all, and only a report takes the place of a report.
func (e *Env) writePage(path string, report *burndown.Report) error {
	made := page.Options{Location: time.Local, Version: Version}
	if path == "-" {
		return page.Write(e.Streams.Out, report, made)
	}
	if err := replaceable(path); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := page.Write(&b, report, made); err != nil {
		return err
	}
	if err := replaceFile(path, b.Bytes()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	e.say(kindNote, "wrote %s, for a browser; it names hosts and commands", path)
	return nil
}

// replaceable refuses to overwrite what is no report of ours.
func replaceable(path string) error {
	info, err := os.Stat(path) // first, since opening a pipe would wait
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.Mode().IsRegular() {
		return &usageError{fmt.Errorf("%s is no regular file", path), "name a file, or give --html - for stdout"}
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	if err != nil {
		return fmt.Errorf("write %s: look at what is there: %w", path, err)
	}
	defer f.Close()
	head := make([]byte, 4<<10)
	n, err := io.ReadFull(bufio.NewReader(f), head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("write %s: look at what is there: %w", path, err)
	}
	if n > 0 && !bytes.Contains(head[:n], []byte(page.Mark)) {
		return &usageError{fmt.Errorf("%s exists, and is no report of ebb", path), "name another file, or remove that one first"}
	}
	return nil
}

// replaceFile puts a file in its place when it is complete; it is for its owner.
func replaceFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".ebb-report-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
