package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ebb/playground/runstate"
)

func newListCmd(env *Env) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the playgrounds that run on this machine",
		Long: `List the playgrounds that run on this machine and clean up after those that were
killed.

` + listStatus,
		Example: `  ebb-playground list
  ebb-playground list -o json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := validateOutput(output); err != nil {
				return err
			}
			registry, err := env.registry()
			if err != nil {
				return err
			}
			records, err := registry.List()
			if err != nil {
				return err
			}
			if output == outputJSON {
				return writeJSON(env.Out, append([]runstate.Record{}, records...))
			}
			return printRecords(env, records)
		},
	}
	addOutputFlag(cmd, &output)
	return cmd
}

func printRecords(env *Env, records []runstate.Record) error {
	if len(records) == 0 {
		fmt.Fprintln(env.Err, "no playground is running")
		return nil
	}
	table := tabwriter.NewWriter(env.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tPID\tSTATE\tSINCE\tPD\tCONTROL\tDIRECTORY")
	for _, r := range records {
		state, pd := "starting", "-"
		if r.Ready {
			state, pd = "ready", strings.Join(r.PD, ",")
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n",
			r.Name, r.PID, state, r.Started.Local().Format(time.TimeOnly), pd, r.Control, r.Dir)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}
