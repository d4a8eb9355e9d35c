package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ebb/burndown"
	"ebb/cmd/render"
)

type reportOptions struct {
	selection
	outputOptions
	since time.Duration
	html  string
}

func newReportCommand(env *Env) *cobra.Command {
	var opts reportOptions
	c := &cobra.Command{
		Use:   "report [CLUSTER]",
		Short: "Report how stores left: burn-down, rates, stalls, forecasts",
		Long: `Report how stores left, or are leaving: how many regions they had when, at which
rate, when nothing moved and why, how good the forecasts were, and what was changed
meanwhile. With --html FILE it is one page for a browser, with curves, that needs
nothing else: no network, no script.

It is made from what ebb watch, scale-in --wait and force-remove record while they
run, and from the journal, both of this machine. PD is not asked, unless -u is given
or the cluster is not known by name. Times in which nobody watched are gaps. Samples
are kept for 30 days.` + exitStatus(ExitDone, ExitFailed, ExitUsage, ExitCannotTell, ExitUnreachable, ExitInterrupted),
		Example: `  ebb report
  ebb report prod -N 10.0.1.7:20160 --html report.html
  ebb report -o json --jq '.leavings[] | [.store_id, .duration_seconds]'`,
		Args: clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			return runReport(c.Context(), env, &opts, args)
		},
	}
	opts.selection.register(c)
	opts.outputOptions.register(c)
	c.Flags().DurationVar(&opts.since, "since", 48*time.Hour, "leave out what was over longer ago than this")
	c.Flags().StringVar(&opts.html, "html", "", "write a page for a browser to `FILE` (- for stdout)")
	_ = c.MarkFlagFilename("html", "html") // the flag exists
	_ = c.RegisterFlagCompletionFunc("node", completeRecorded(env))
	return c
}

func (o *reportOptions) check() error {
	if err := o.validate(); err != nil {
		return err
	}
	if o.since <= 0 {
		return &usageError{fmt.Errorf("--since %s: want a time that is over", o.since), "leave it out for the last two days"}
	}
	if o.html == "-" && o.json() {
		return &usageError{errors.New("--html - and JSON cannot both go to stdout"), "give --html a file"}
	}
	return nil
}

func runReport(ctx context.Context, env *Env, opts *reportOptions, args []string) error {
	if err := opts.check(); err != nil {
		return err
	}
	past, err := opts.past(ctx, env, args)
	if err != nil {
		return err
	}
	in, err := past.input(opts.nodes)
	if err != nil {
		return err
	}
	in.Made = env.Now()
	in.Since = in.Made.Add(-opts.since)
	report := burndown.New(in)
	if len(report.Courses) == 0 {
		return past.nothing(in)
	}
	if opts.html != "" {
		if err := env.writePage(opts.html, report); err != nil {
			return err
		}
	}
	switch {
	case opts.json():
		return opts.print(ctx, env, reportDocument{head("report"), report})
	case opts.html != "":
		return nil
	}
	return render.Report(env.Streams.Out, env.prose(), report)
}
