package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/journal"
	"ebb/ui"
)

func newAuditCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "audit",
		Short: "Show what was changed from this machine",
		Long: `Show the journal: every change is written down before it is made, and again with
what came of it. An entry without an outcome was cut off: nobody knows whether
that change was made.` + exitStatus(ExitDone, ExitUsage),
		Example: "  ebb audit list\n  ebb audit show 20260102T030405-ABCDEF",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newAuditListCommand(env), newAuditShowCommand(env), newAuditPendingCommand(env))
	return c
}

// auditRun is an operation with the cluster it was about.
type auditRun struct {
	ClusterID uint64 `json:"cluster_id"`
	journal.Run
}

func newAuditListCommand(env *Env) *cobra.Command {
	var out outputOptions
	c := &cobra.Command{
		Use: "list", Short: "List operations, the latest last",
		Long:    "List the operations that changed something, or tried to, the latest last." + exitStatus(ExitDone, ExitFailed, ExitUsage),
		Example: "  ebb audit list\n  ebb audit list -o json --jq '.runs[] | select(.result == \"unknown\")'",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := out.validate(); err != nil {
				return err
			}
			runs, err := env.auditRuns()
			if err != nil {
				return err
			}
			if pending, err := env.pending(); err == nil && len(pending) > 0 {
				env.say(kindHint, "%s still to be put back; see ebb audit pending", cluster.Agree(len(pending), "value", "is", "are"))
			}
			return env.printRuns(c.Context(), &out, runs)
		},
	}
	out.register(c)
	return c
}

func newAuditShowCommand(env *Env) *cobra.Command {
	var out outputOptions
	c := &cobra.Command{
		Use: "show ID", Short: "Show the steps of one operation",
		Long:    "Show the steps of one operation, what came of each, and what is known for the way back." + exitStatus(ExitDone, ExitFailed, ExitUsage),
		Example: "  ebb audit show 20260102T030405-ABCDEF\n  ebb audit show 20260102T030405-ABCDEF -o json --jq '.run.steps[].undo'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return &usageError{fmt.Errorf("want one operation, got %d arguments", len(args)), "see ebb audit list"}
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := out.validate(); err != nil {
				return err
			}
			runs, err := env.auditRuns()
			if err != nil {
				return err
			}
			i := slices.IndexFunc(runs, func(r auditRun) bool { return r.ID == args[0] })
			if i < 0 {
				return &usageError{fmt.Errorf("no operation %q in the journal of this machine", args[0]), "see ebb audit list"}
			}
			return env.printRun(c.Context(), &out, &runs[i])
		},
	}
	out.register(c)
	return c
}

func (e *Env) auditRuns() ([]auditRun, error) {
	clusters, err := journal.Clusters(e.journalDir())
	if err != nil {
		return nil, err
	}
	runs := []auditRun{}
	for _, id := range clusters {
		records, torn, err := e.journal(id).Read()
		if err != nil {
			return nil, err
		}
		if torn > 0 {
			e.say(kindWarning, "%d lines of the journal of cluster %d cannot be read", torn, id)
		}
		for _, run := range journal.Runs(records) {
			runs = append(runs, auditRun{id, run})
		}
	}
	slices.SortStableFunc(runs, func(a, b auditRun) int { return a.Began.Compare(b.Began) })
	return runs, nil
}

func resultStyle(result string) ui.Style {
	switch result {
	case "done", "already":
		return ui.Green
	case journal.ResultUnknown:
		return ui.Red
	}
	return ui.Yellow
}

func (e *Env) printRuns(ctx context.Context, out *outputOptions, runs []auditRun) error {
	if out.json() {
		return out.print(ctx, e, auditListDocument{head("audit-list"), runs})
	}
	t := ui.NewTable(
		ui.Column{Name: "ID"}, ui.Column{Name: "Began", Align: ui.Right, Drop: 2}, ui.Column{Name: "Verb"}, ui.Column{Name: "Result"},
		ui.Column{Name: "Steps", Align: ui.Right, Drop: 1}, ui.Column{Name: "Cluster", Align: ui.Right, Drop: 5}, ui.Column{Name: "Actor", Drop: 4},
		ui.Column{Name: "Command", Min: 20, Drop: 3})
	now := e.Now()
	for i := range runs {
		r := &runs[i]
		t.Row(ui.Text(r.ID), ui.Moment(r.Began, now), ui.Text(r.Verb), ui.Styled(r.Result, resultStyle(r.Result)),
			ui.Number(int64(len(r.Steps))), ui.Text(fmt.Sprint(r.ClusterID)), ui.Text(r.Actor), ui.Text("ebb "+strings.Join(r.Args, " ")))
	}
	return t.Write(e.Streams.Out)
}

func (e *Env) printRun(ctx context.Context, out *outputOptions, r *auditRun) error {
	if out.json() {
		return out.print(ctx, e, auditShowDocument{head("audit-show"), r})
	}
	ended := "no end recorded: it was cut off, or is still running"
	if !r.Ended.IsZero() {
		ended = "ended " + r.Ended.UTC().Format(time.RFC3339)
	}
	o := e.prose()
	err := errors.Join(
		o.Hang("", fmt.Sprintf("%s of cluster %d by %s (pid %d), began %s, %s", r.Verb, r.ClusterID, ui.Clean(r.Actor), r.PID, r.Began.UTC().Format(time.RFC3339), ended)),
		o.Hang("command  ", "ebb "+ui.Clean(strings.Join(r.Args, " "))),
		o.Hang("result   ", strings.TrimSpace(o.Paint(resultStyle(r.Result), r.Result)+" "+ui.Clean(r.Error))))
	t := ui.NewTable(
		ui.Column{Name: "At", Drop: 3}, ui.Column{Name: "Step"}, ui.Column{Name: "Result"},
		ui.Column{Name: "Error", Min: 20, Drop: 1, Wrap: true, Optional: true}, ui.Column{Name: "Before", Min: 20, Drop: 2, Wrap: true, Optional: true})
	for _, s := range r.Steps {
		at := ui.Cell{Text: s.At.UTC().Format("15:04:05Z"), Raw: s.At.UTC().Format(time.RFC3339)}
		t.Row(at, ui.Text(s.Step), ui.Styled(s.Result, resultStyle(s.Result)), ui.Text(s.Error), ui.Cell{Text: plainJSON(s.Undo), Raw: string(s.Undo)})
	}
	return errors.Join(err, t.Write(e.Streams.Out))
}

// plainJSON is a JSON object as it is read aloud.
func plainJSON(object []byte) string {
	return strings.NewReplacer(`":`, ": ", `,"`, ", ", `"`, "", "{", "", "}", "").Replace(string(object))
}

// prose is where the sentences around a table go: in a pipe stdout has only the
// table, which nobody could take apart otherwise.
func (e *Env) prose() *ui.Output {
	if e.Streams.Out.IsTerminal() {
		return e.Streams.Out
	}
	return e.Streams.Err
}
