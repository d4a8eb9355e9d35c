package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ebb/cmd/render"
	"ebb/decommission"
	"ebb/topology"
	"ebb/ui"
)

type displayOptions struct {
	selection
	outputOptions
	roles    []string
	labels   bool
	watch    bool
	interval time.Duration
}

func newDisplayCommand(env *Env) *cobra.Command {
	var opts displayOptions
	c := &cobra.Command{
		Use:   "display [CLUSTER]",
		Short: "Show the nodes of a cluster and how far leaving stores have come",
		Long: `Show every node of the topology and every store that PD knows, in tiup's columns
and words, with what PD says of the stores: id, leaders, regions, size and the
age of the last heartbeat; for stores that are leaving also what is left, the
rate and the time that the rest takes. What tiup calls Pending Offline is Offline
in PD and in the other verbs. Nodes that only one side knows are named below the
table.

In a pipe every column is there, and holds Size in bytes, Heartbeat and ETA in
seconds, Left as a part of 1, Rate in regions a second, and - for none.

PD is asked once, in one round of parallel requests.` + exitStatus(ExitDone, ExitFailed, ExitUsage, ExitUnreachable, ExitInterrupted),
		Example: `  ebb display prod
  ebb display -u http://10.0.1.2:2379 -o json --jq '.nodes[] | select(.store.leaving) | .id'`,
		GroupID: groupRead,
		Args:    clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			return runDisplay(c.Context(), env, &opts, args)
		},
	}
	opts.selection.register(c)
	opts.outputOptions.register(c)
	c.Flags().StringSliceVarP(&opts.roles, "role", "R", nil, "only nodes with these `ROLE`s")
	c.Flags().BoolVar(&opts.labels, "labels", false, "show the labels of the stores")
	c.Flags().BoolVarP(&opts.watch, "watch", "w", false, "show again until interrupted")
	c.Flags().DurationVar(&opts.interval, "interval", 2*time.Second, "time between two readings with --watch")
	return c
}

func runDisplay(ctx context.Context, env *Env, opts *displayOptions, args []string) error {
	if err := opts.check(); err != nil {
		return err
	}
	t, err := opts.open(env, args)
	if err != nil {
		return err
	}
	t.warn(env)
	if opts.watch {
		return watchDisplay(ctx, env, opts, t)
	}
	inv, readErr := readInventory(ctx, env, t, nil)
	doc, err := opts.document(inv)
	if err != nil {
		return err
	}
	if readErr != nil && inv.Topology == nil {
		return readErr
	}
	if err := opts.show(ctx, env, doc); err != nil {
		return err
	}
	return readErr
}

// check finds the mistakes that can be seen without asking anybody.
func (opts *displayOptions) check() error {
	var known []string
	for _, role := range topology.Roles() {
		known = append(known, string(role))
	}
	for _, role := range opts.roles {
		if !slices.Contains(known, role) {
			return &usageError{fmt.Errorf("unknown role %q", role), oneOf(role, known)}
		}
	}
	return opts.validate()
}

// document keeps the nodes that -R and -N name.
func (opts *displayOptions) document(inv *render.Inventory) (*render.Display, error) {
	wanted := make(map[string]bool)
	for _, spec := range opts.nodes {
		for name := range strings.SplitSeq(spec, ",") {
			wanted[strings.TrimSpace(name)] = true
		}
	}
	found := make(map[string]bool)
	doc := render.NewDisplay(schemaVersion, inv, func(n *render.Node) bool {
		if len(opts.roles) > 0 && !slices.Contains(opts.roles, n.Role) {
			return false
		}
		if len(wanted) == 0 {
			return true
		}
		names := []string{n.ID}
		if n.Store != nil {
			names = append(names, n.Store.Address, n.Store.ID.String())
		}
		for _, name := range names {
			if wanted[name] {
				found[name] = true
				return true
			}
		}
		return false
	})
	for name := range wanted {
		if !found[name] && len(opts.roles) == 0 && inv.Snapshot != nil {
			// Select knows the nearest names; it fails, for no node has this one.
			if _, err := inv.Match.Select([]string{name}); err != nil {
				return nil, err
			}
		}
	}
	return doc, nil
}

func (opts *displayOptions) show(ctx context.Context, env *Env, doc *render.Display) error {
	if opts.json() {
		return opts.print(ctx, env, doc)
	}
	o := env.Streams.Out
	if o.IsTerminal() {
		for _, line := range headLines(doc, o.Width()) {
			fmt.Fprintln(o, line)
		}
	}
	if err := doc.Table(opts.labels).Write(o); err != nil {
		return err
	}
	for _, line := range footLines(env, doc) {
		if err := env.Streams.Err.Hang("", line); err != nil {
			return err
		}
	}
	return nil
}

// headLines say which cluster this is and when PD was read.
func headLines(doc *render.Display, width int) []string {
	c := &doc.Cluster
	var lines []string
	if c.Name != "" {
		lines = ui.HangLines("Cluster:  ", ui.Clean(c.Name), width)
	}
	if c.ReadAt != nil {
		text := fmt.Sprintf("%s, leader %s, cluster id %d, read at %s", c.PDVersion, c.PDLeader, c.ID, c.ReadAt.UTC().Format("15:04:05Z"))
		lines = append(lines, ui.HangLines("PD:       ", ui.Clean(text), width)...)
	}
	return lines
}

func footLines(env *Env, doc *render.Display) []string {
	var lines []string
	if env.Streams.Out.IsTerminal() {
		lines = append(lines, fmt.Sprintf("Total nodes: %d", len(doc.Nodes)))
	}
	for _, note := range doc.Notes {
		lines = append(lines, env.Streams.Err.Paint(ui.Yellow, "note: ")+ui.Clean(note))
	}
	return lines
}

// watchDisplay shows the same again and again: in place on a terminal, one
// after the other in a pipe. An interrupt is its regular end.
func watchDisplay(ctx context.Context, env *Env, opts *displayOptions, t *target) error {
	var watch decommission.Watch
	frame := env.Streams.NewFrame()
	defer frame.Close()
	for {
		inv, err := readInventory(ctx, env, t, &watch)
		if ctx.Err() != nil {
			return nil
		}
		doc, docErr := opts.document(inv)
		if docErr != nil {
			return docErr
		}
		if err := opts.showAgain(ctx, env, frame, doc, err); err != nil {
			return err
		}
		if env.Sleep(ctx, opts.interval) != nil {
			return nil
		}
	}
}

func (opts *displayOptions) showAgain(ctx context.Context, env *Env, frame *ui.Frame, doc *render.Display, readErr error) error {
	if opts.json() || !frame.Live() {
		if readErr != nil {
			env.printError(readErr, exitCodeOf(readErr), opts.json())
		}
		return opts.show(ctx, env, doc)
	}
	frame.Show(func(width, height int) []string { return opts.screen(env, doc, readErr, width, height) })
	return nil
}

// screen is what a frame of the given size shows: what is above and below the
// table is always there.
func (opts *displayOptions) screen(env *Env, doc *render.Display, readErr error, width, height int) []string {
	lines, foot := headLines(doc, width), footLines(env, doc)
	if readErr != nil {
		foot = append(foot, env.Streams.Err.Paint(ui.Red, "PD: "+ui.Clean(readErr.Error())))
	}
	var below []string
	for _, line := range foot {
		below = append(below, ui.Wrap(line, width)...)
	}
	if most := max(height/3, 2); len(below) > most {
		below = append(below[:most-1], fmt.Sprintf("and %d more lines of notes; ebb display shows them", len(below)-most+1))
	}
	const note = 1 // about what does not fit
	table, rest := doc.Fit(opts.labels, height-len(lines)-len(below)-note)
	table.TableOptions = env.Streams.Out.Tables()
	lines = append(lines, table.Lines(width, env.Streams.Err.Color())...)
	if rest != "" {
		lines = append(lines, rest)
	}
	if narrow := table.Narrow(width); narrow != "" {
		lines = append(lines, env.Streams.Err.Paint(ui.Faint, ui.Truncate(narrow, width)))
	}
	return append(lines, below...)
}
