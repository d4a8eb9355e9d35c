// Package journal is the append-only record of what was about to be done and
// what came of it: one JSON object a line, one file per cluster, each line on
// disk before the change that it announces is made. A crash leaves at worst a
// torn last line, which reading skips and the next append closes.
//
// It imports only the standard library and knows nothing of stores: what must
// be known to take a step back travels in Record.Undo as the caller's JSON.
package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Schema is the version of the record format.
const Schema = 1

// Kind says what a record stands for.
type Kind string

// Kinds of records, in the order in which an operation writes them. An intent
// without an outcome is a change of which nobody knows whether it was made; a
// begin without an end is an operation that was cut off, or is still running.
const (
	Begin   Kind = "begin"
	Intent  Kind = "intent"
	Outcome Kind = "outcome"
	End     Kind = "end"
)

// Record is one line of the journal.
type Record struct {
	Schema    int       `json:"schema"`
	Time      time.Time `json:"time"`
	Operation string    `json:"operation"` // the same for all records of one run
	ClusterID uint64    `json:"cluster_id"`
	Verb      string    `json:"verb"`
	Kind      Kind      `json:"kind"`
	// Args is the redacted command line, and PlanHash the SHA-256 of the plan's
	// JSON; in begins only.
	Args     []string `json:"args,omitempty"`
	PlanHash string   `json:"plan_hash,omitempty"`
	Step     string   `json:"step,omitempty"` // in intents and outcomes
	// Undo is what the caller needs to take the step back; in intents only.
	Undo   json.RawMessage `json:"undo,omitempty"`
	Result string          `json:"result,omitempty"` // in outcomes and ends
	Error  string          `json:"error,omitempty"`
	Actor  string          `json:"actor"` // user@host of the person or script
	PID    int             `json:"pid"`
}

// Journal is the file of one cluster.
type Journal struct {
	path      string
	clusterID uint64
	now       func() time.Time
	actor     string
}

// Open names the journal of a cluster in a directory. Nothing is created before
// the first record.
func Open(dir string, clusterID uint64, actor string, now func() time.Time) *Journal {
	return &Journal{
		path:      filepath.Join(dir, strconv.FormatUint(clusterID, 10)+".jsonl"),
		clusterID: clusterID, now: now, actor: actor,
	}
}

// appendLine adds a line and waits until it is on disk. The write is a single
// one, so that two processes never mix their lines.
func appendLine(path string, line []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	torn, err := endsTorn(f)
	if err != nil {
		return err
	}
	if torn {
		line = append([]byte{'\n'}, line...)
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return err
	}
	return f.Sync()
}

// endsTorn reports whether the file ends in the middle of a line, as a crash
// during a write leaves it.
func endsTorn(f *os.File) (bool, error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, info.Size()-1); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return last[0] != '\n', nil
}

// Read returns all records in the order they were written. A journal that does
// not exist yet is empty. Lines that are no records (torn by a crash) are
// skipped and counted.
func (j *Journal) Read() (records []Record, torn int, err error) {
	data, err := os.ReadFile(j.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0, nil
	case err != nil:
		return nil, 0, fmt.Errorf("read journal: %w", err)
	}
	records, torn = Decode(data)
	return records, torn, nil
}

// Clusters lists the clusters that have a journal in a directory, by id.
func Clusters(dir string) ([]uint64, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("list journals: %w", err)
	}
	var ids []uint64
	for _, path := range paths {
		if id, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(path), ".jsonl"), 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}
