package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"ebb/playground/loopback"
	"ebb/playground/runstate"
)

// holdNetwork takes the network of --net, or a free one.
func holdNetwork(ctx context.Context, opts *upOptions) (*loopback.Network, error) {
	probe := opts.shape().ProbePorts()
	if opts.net != "" {
		return loopback.Hold(ctx, opts.net, probe)
	}
	return loopback.HoldAny(ctx, probe)
}

// readTopology reads the file of --topology.
func (o *upOptions) readTopology() (err error) {
	if o.topology == "" {
		return nil
	}
	if o.topologyText, err = os.ReadFile(o.topology); err != nil {
		return &UsageError{fmt.Errorf("read topology: %w", err)}
	}
	return nil
}

// UsedDirError says that --dir holds an earlier playground. Its stores were
// simulated, and are gone, so its PD data describes a cluster that is lost.
type UsedDirError struct{ Dir string }

func (e *UsedDirError) Error() string {
	return fmt.Sprintf("use directory %s: it holds the data of an earlier playground", e.Dir)
}

// Hint tells what to do.
func (e *UsedDirError) Hint() string {
	return "remove it or name another one: a playground cannot be resumed"
}

// register chooses name and directory and writes the record.
func register(registry *runstate.Registry, opts *upOptions, network *loopback.Network) (runstate.Record, error) {
	record := runstate.Record{
		Name: opts.name, PID: os.Getpid(), Network: network.Prefix(), Dir: opts.dir,
		Control: "http://" + network.Listener().Addr().String(), Started: time.Now().UTC().Truncate(time.Second),
	}
	start, err := runstate.ProcessStart(record.PID)
	if err != nil {
		return record, err
	}
	record.ProcessStart = start
	if err := makeDir(&record); err != nil {
		return record, err
	}
	err = addRecord(registry, &record)
	if err != nil && record.TemporaryDir {
		err = errors.Join(err, os.Remove(record.Dir))
	}
	return record, err
}

func makeDir(record *runstate.Record) error {
	if record.Dir == "" {
		dir, err := os.MkdirTemp("", runstate.DirPrefix)
		if err != nil {
			return fmt.Errorf("create directory: %w", err)
		}
		record.Dir, record.TemporaryDir = dir, true
		return nil
	}
	dir, err := filepath.Abs(record.Dir)
	if err != nil {
		return fmt.Errorf("find directory: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "playground.log")); err == nil {
		return &UsedDirError{Dir: dir}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create directory: %w", err)
	}
	record.Dir = dir
	return nil
}

// addRecord adds the record under its name, or else under the first free one.
func addRecord(registry *runstate.Registry, record *runstate.Record) error {
	if record.Name != "" {
		return registry.Add(*record)
	}
	for i := 1; ; i++ {
		record.Name = "playground"
		if i > 1 {
			record.Name = fmt.Sprintf("playground-%d", i)
		}
		err := registry.Add(*record)
		if _, ok := errors.AsType[*runstate.TakenError](err); !ok {
			return err
		}
	}
}
