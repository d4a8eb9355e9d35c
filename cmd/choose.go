package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ebb/cluster"
	"ebb/topology"
	"ebb/ui"
)

// choice is what a verb offers at a terminal when -N names no node.
type choice struct {
	question string
	// eligible reports whether the verb may be meant for a store; now is PD's clock.
	eligible func(s *cluster.Store, now time.Time) bool
	// none says that no store is eligible, and ends the verb with code.
	none string
	hint string
	code ExitCode
}

// silent is for the verbs about dead stores: PD has heard them once, and for
// some time no more. Whom it never heard it cannot tell about.
func silent(s *cluster.Store, now time.Time) bool {
	age, known := s.HeartbeatAge(now)
	return s.State != cluster.Tombstone && known && age > cluster.DisconnectedAfter
}

var (
	chooseLeaving = &choice{
		question: "Which stores shall leave?",
		eligible: func(s *cluster.Store, _ time.Time) bool { return s.State == cluster.Up },
		none:     "no store can leave: none is Up", hint: "see ebb display", code: ExitNo,
	}
	chooseReturning = &choice{
		question: "Which stores shall come back?",
		eligible: func(s *cluster.Store, _ time.Time) bool { return s.State == cluster.Offline && !s.PhysicallyDestroyed },
		none:     "nothing to take back: no store is Offline", code: ExitDone,
	}
	chooseFenced = &choice{
		question: "Which stores shall be fenced?",
		eligible: silent,
		none:     "nothing to fence: PD hears every store, or has never heard it", hint: "stores that PD hears leave by ebb scale-in", code: ExitNo,
	}
	chooseDead = &choice{
		question: "Which stores shall be written off?",
		eligible: silent,
		none:     "nothing to write off: PD hears every store, or has never heard it", hint: "stores that PD hears leave by ebb scale-in", code: ExitNo,
	}
)

// mayChoose reports whether the nodes can be chosen from a list: somebody is
// there to do so, and does not want what a script wants.
func (o *changeOptions) mayChoose(env *Env) bool {
	return env.Streams.CanPrompt() && !o.yes && o.format == outputText && o.filter == ""
}

// choose lets the operator choose the nodes that -N would have named, and reads
// the cluster once more: an operator takes time, and the plan is to be made of
// what is so now.
func (o *changeOptions) choose(ctx context.Context, env *Env, t *target, snap *cluster.Snapshot) (*cluster.Snapshot, error) {
	match := topology.MatchStores(t.topology, snap.Stores)
	var eligible []topology.Node
	for _, n := range match.All() {
		if n.Store != nil && o.choice.eligible(n.Store, snap.ReadAt) {
			eligible = append(eligible, n)
		}
	}
	if len(eligible) == 0 {
		return nil, o.choice.nothing(env)
	}
	chosen, err := env.pick(ctx, o.choice.question, nodeOptions(eligible, snap.ReadAt))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(chosen))
	for i, index := range chosen {
		// An id is never ambiguous, which an address may be.
		o.nodes = append(o.nodes, eligible[index].Store.ID.String())
		names[i] = eligible[index].Name()
	}
	fmt.Fprintf(env.Streams.Err, "chosen: -N %s\n", ui.Clean(strings.Join(names, ",")))
	return settledSnapshot(ctx, env, t)
}

// nothing ends a verb that has no store to offer.
func (c *choice) nothing(env *Env) error {
	if c.code == ExitDone {
		fmt.Fprintln(env.Streams.Err, c.none)
		return &codedError{errors.New(c.none), ExitDone}
	}
	return &codedError{&hintedError{errors.New(c.none), c.hint}, c.code}
}

// pick lets the operator mark options. To mark none is to decline.
func (e *Env) pick(ctx context.Context, question string, options []string) ([]int, error) {
	chosen, err := e.Prompter.Choose(ctx, question, options)
	switch {
	case errors.Is(err, ui.ErrInterrupted), ctx.Err() != nil:
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("ask which nodes are meant: %w", err)
	case len(chosen) == 0:
		return nil, &hintedError{errDeclined, "none was chosen: the space bar marks a line"}
	}
	return chosen, nil
}

// nodeOptions describes nodes that have a store on one line each, in columns.
func nodeOptions(nodes []topology.Node, now time.Time) []string {
	rows := make([][]string, len(nodes))
	for i := range nodes {
		s := nodes[i].Store
		row := []string{nodes[i].Name(), "store " + s.ID.String(), s.StateName, ui.Count(int64(s.RegionCount)) + " regions", ui.Bytes(uint64(max(s.RegionSizeMiB, 0)) << 20)}
		if silent(s, now) {
			age, _ := s.HeartbeatAge(now)
			row = append(row, "silent for "+ui.Age(age))
		}
		rows[i] = row
	}
	return alignColumns(rows)
}

// alignColumns joins cells to lines, so that each column begins at one place.
func alignColumns(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], ui.Width(cell))
		}
	}
	lines := make([]string, len(rows))
	for r, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell + strings.Repeat(" ", widths[i]-ui.Width(cell)+2))
		}
		lines[r] = strings.TrimRight(b.String(), " ")
	}
	return lines
}
