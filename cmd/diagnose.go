package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ebb/cmd/render"
	"ebb/diagnose"
	"ebb/ui"
)

type diagnoseOptions struct {
	selection
	outputOptions
	sshOptions
	hosts    bool
	between  time.Duration
	bundle   string
	from     string
	redact   bool
	withKeys bool
	list     bool
	rules    bool
}

func newDiagnoseCommand(env *Env) *cobra.Command {
	var opts diagnoseOptions
	c := &cobra.Command{
		Use:   "diagnose [CLUSTER] [-N NODE[,NODE]]",
		Short: "Say why stores do not leave, or what sets their pace",
		Long: `Look at everything that PD says about the stores that are leaving, and name every
known cause that holds now: problems first, ranked by how many regions each one
keeps, with evidence, the next command to type and its risk. What merely limits
the pace is no problem. Every region that is left is put into one class.

-N asks about other stores: one that is Up is judged as if it were to leave.

--bundle keeps what was read in a file, and --from judges such a file anywhere.
Region keys are left out of it unless --with-keys; --redact hides hosts, names and
label values as well. The causes are described in docs/causes, which
make install puts below share/doc/ebb; --list names them.` +
			exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitUnreachable, ExitInterrupted),
		Example: `  ebb diagnose prod
  ebb diagnose prod -N 10.0.1.7:20160 --for 30s
  ebb diagnose -u http://10.0.1.2:2379 --bundle night.json --redact
  ebb diagnose --from night.json -o json --jq '.causes[] | .id'`,
		GroupID: groupRead,
		Args:    clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			return runDiagnose(c.Context(), env, &opts, args)
		},
	}
	opts.selection.register(c)
	opts.outputOptions.register(c)
	opts.sshOptions.register(c)
	f := c.Flags()
	f.BoolVar(&opts.hosts, "hosts", false, "also ask the hosts of the stores over SSH whether their processes run")
	f.DurationVar(&opts.between, "for", 0, "read the stores again after this time, to measure their rate")
	f.StringVar(&opts.bundle, "bundle", "", "keep what was read in a new `FILE`")
	f.StringVar(&opts.from, "from", "", "judge the bundle in this `FILE`; nobody is asked")
	f.BoolVar(&opts.redact, "redact", false, "hide hosts, names and label values in the bundle")
	f.BoolVar(&opts.withKeys, "with-keys", false, "keep region keys in the bundle; they hold data of users")
	f.BoolVar(&opts.list, "list", false, "list the causes that are known, and stop")
	f.BoolVar(&opts.rules, "rules", false, "also show the rules that found nothing")
	return c
}

// checkUsage finds the mistakes that can be seen without asking anybody.
func (o *diagnoseOptions) checkUsage(args []string) error {
	if err := errors.Join(o.validate(), o.check()); err != nil {
		return err
	}
	named := len(args) > 0 || o.topologyPath != "" || len(o.pd) > 0
	switch {
	case o.from != "" && (named || len(o.nodes) > 0 || o.bundle != "" || o.hosts || o.between != 0):
		return &usageError{errors.New("--from judges a file: it takes no cluster, no node, no --bundle, --hosts or --for"), "leave them out"}
	case o.between < 0:
		return &usageError{fmt.Errorf("--for %s: want no negative time", o.between), "leave it out for one reading"}
	case o.bundle == "" && (o.redact || o.withKeys):
		return &usageError{errors.New("--redact and --with-keys are about a bundle, and none is written"), "name its file with --bundle"}
	}
	return nil
}

func runDiagnose(ctx context.Context, env *Env, opts *diagnoseOptions, args []string) error {
	if err := opts.checkUsage(args); err != nil {
		return err
	}
	if opts.list {
		return opts.showRules(ctx, env)
	}
	ev, err := opts.evidence(ctx, env, args)
	if err != nil {
		return err
	}
	if opts.bundle != "" {
		if err := writeBundle(env, opts, ev); err != nil {
			return err
		}
	}
	report := diagnose.Run(ev)
	nameCluster(report, opts.reopenFlags(args))
	if opts.json() {
		err = opts.print(ctx, env, render.NewDiagnosis(schemaVersion, report))
	} else {
		err = render.Diagnose(env.Streams.Out, report, opts.rules)
	}
	return errors.Join(err, diagnosisError(report))
}

func (o *diagnoseOptions) evidence(ctx context.Context, env *Env, args []string) (*diagnose.Evidence, error) {
	if o.from != "" {
		return readBundle(o.from)
	}
	t, err := o.open(env, args)
	if err != nil {
		return nil, err
	}
	t.warn(env)
	return collectEvidence(ctx, env, t, o)
}

// clusterWord stands in the commands of a report for the cluster.
const clusterWord = "CLUSTER"

// nameCluster puts the cluster into the commands, as it was named here.
func nameCluster(r *diagnose.Report, flags string) {
	if flags == "" {
		return // a bundle from elsewhere
	}
	for i := range r.Causes {
		r.Causes[i].Next = strings.ReplaceAll(r.Causes[i].Next, clusterWord, flags)
	}
}

// diagnosisError gives the result its exit code.
func diagnosisError(r *diagnose.Report) error {
	switch r.Result {
	case diagnose.Problem:
		return &codedError{&hintedError{fmt.Errorf("diagnose: %s", r.Headline), r.Causes[0].Next}, ExitNo}
	case diagnose.CouldNotLook:
		return &codedError{fmt.Errorf("diagnose: %s", r.Headline), ExitCannotTell}
	case diagnose.OK, diagnose.NotApplicable, diagnose.Note, diagnose.Pace:
	}
	return nil
}

func (o *diagnoseOptions) showRules(ctx context.Context, env *Env) error {
	rules := diagnose.Rules()
	if o.json() {
		return o.print(ctx, env, render.NewRuleList(schemaVersion, rules))
	}
	t := ui.NewTable(ui.Column{Name: "ID"}, ui.Column{Name: "Name"}, ui.Column{Name: "Title", Min: 30, Wrap: true}, ui.Column{Name: "PD", Drop: 1})
	for i := range rules {
		t.Row(ui.Text(rules[i].ID), ui.Text(rules[i].Name), ui.Text(rules[i].Title), ui.Text(rules[i].Versions))
	}
	return t.Write(env.Streams.Out)
}
