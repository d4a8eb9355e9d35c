package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ebb/playground/runstate"
)

func newListCmd(env *Env) *cobra.Command {
	var (
		output    string
		noHeaders bool
	)
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
			return printRecords(env, records, noHeaders)
		},
	}
	addOutputFlag(cmd, &output)
	addNoHeadersFlag(cmd, &noHeaders)
	return cmd
}

func printRecords(env *Env, records []runstate.Record, noHeaders bool) error {
	if len(records) == 0 {
		fmt.Fprintln(env.Err, "no playground is running")
		return nil
	}
	t := table{noHeaders: noHeaders, names: []string{"NAME", "PID", "STATE", "SINCE", "PD", "CONTROL", "DIRECTORY"}}
	for _, r := range records {
		state, pd := "starting", ""
		if r.Ready {
			state, pd = "ready", strings.Join(r.PD, ",")
		}
		since := cell{r.Started.Local().Format(time.TimeOnly), r.Started.UTC().Format(time.RFC3339)}
		t.rows = append(t.rows, []cell{text("%s", r.Name), text("%d", r.PID), {text: state}, since, {text: pd}, {text: r.Control}, {text: r.Dir}})
	}
	return t.write(env.Out)
}
