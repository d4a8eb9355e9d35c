package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ebb/playground/runstate"
)

// stopTimeout is how long a playground may take to end before it is killed. A
// good end takes one or two seconds.
const stopTimeout = 20 * time.Second

// selection names one playground by name or directory. Empty is the only one
// that runs.
type selection struct {
	name, dir string
}

func (s *selection) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.name, "name", "", "`name` of the playground (default the only one)")
	flags.StringVar(&s.dir, "dir", "", "`directory` of the playground")
}

// NoneError says that no playground runs, or none of those asked for.
type NoneError struct{ Wanted string }

func (e *NoneError) Error() string {
	if e.Wanted == "" {
		return "find playground: none is running"
	}
	return fmt.Sprintf("find playground: no %s is running", e.Wanted)
}

// Hint tells what to do.
func (e *NoneError) Hint() string { return "`ebb playground list` shows what runs" }

// find returns the playground that is meant.
func (s *selection) find(registry *runstate.Registry) (runstate.Record, error) {
	if s.name != "" && s.dir != "" {
		return runstate.Record{}, &UsageError{errors.New("find playground: --name and --dir exclude each other")}
	}
	records, err := registry.List()
	if err != nil {
		return runstate.Record{}, err
	}
	wanted := ""
	matches := func(runstate.Record) bool { return true }
	switch {
	case s.name != "":
		wanted = fmt.Sprintf("playground named %q", s.name)
		matches = func(r runstate.Record) bool { return r.Name == s.name }
	case s.dir != "":
		dir, err := filepath.Abs(s.dir)
		if err != nil {
			return runstate.Record{}, fmt.Errorf("find directory: %w", err)
		}
		wanted = "playground in " + dir
		matches = func(r runstate.Record) bool { return r.Dir == dir }
	}
	found := make([]runstate.Record, 0, 1)
	names := make([]string, 0, len(records))
	for _, record := range records {
		if matches(record) {
			found = append(found, record)
			names = append(names, record.Name)
		}
	}
	switch len(found) {
	case 0:
		return runstate.Record{}, &NoneError{Wanted: wanted}
	case 1:
		return found[0], nil
	}
	return runstate.Record{}, &UsageError{fmt.Errorf("find playground: %d are running (%s), choose one with --name", len(found), strings.Join(names, ", "))}
}

func newStopCmd(env *Env) *cobra.Command {
	var (
		which selection
		all   bool
	)
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Stop a playground and remove what it left on this machine",
		Long: `Stop a playground, wherever it was started. Its directory is removed unless --dir
named it when it was started.

` + exitStatus,
		Example: `  ebb-playground stop
  ebb-playground stop --name playground-2
  ebb-playground stop --all`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, flag := range []string{"name", "dir"} {
				if err := exclusive(cmd, "all", flag); err != nil {
					return err
				}
			}
			registry, err := env.registry()
			if err != nil {
				return err
			}
			var records []runstate.Record
			if all {
				records, err = registry.List()
			} else {
				var one runstate.Record
				one, err = which.find(registry)
				records = []runstate.Record{one}
			}
			if err != nil {
				return err
			}
			return stopAll(cmd.Context(), env, registry, records)
		},
	}
	which.addFlags(cmd.Flags())
	cmd.Flags().BoolVar(&all, "all", false, "stop all playgrounds")
	return cmd
}

func stopAll(ctx context.Context, env *Env, registry *runstate.Registry, records []runstate.Record) error {
	failures := make([]error, len(records))
	var group sync.WaitGroup
	for i, record := range records {
		group.Go(func() { failures[i] = stopOne(ctx, registry, record) })
	}
	group.Wait()
	for i, record := range records {
		if failures[i] == nil {
			fmt.Fprintf(env.Err, "stopped playground %q\n", record.Name)
		}
	}
	return errors.Join(failures...)
}

// stopOne asks a playground to end, waits for it, and kills it if it does not.
func stopOne(ctx context.Context, registry *runstate.Registry, record runstate.Record) error {
	if err := send(record, syscall.SIGTERM); err != nil {
		return err
	}
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(stopTimeout)
	for record.Running() {
		if time.Now().After(deadline) {
			if err := send(record, syscall.SIGKILL); err != nil {
				return err
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("stop playground %q: %w", record.Name, ctx.Err())
		}
	}
	return registry.Clean(record)
}

func send(record runstate.Record, sig syscall.Signal) error {
	err := syscall.Kill(record.PID, sig)
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop playground %q: signal process %d: %w", record.Name, record.PID, err)
	}
	return nil
}
