package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/journal"
	"ebb/tune"
	"ebb/ui"
)

func newAuditPendingCommand(env *Env) *cobra.Command {
	var out outputOptions
	c := &cobra.Command{
		Use: "pending", Short: "List what is still to be put back",
		Long: `List the values that ebb tune has set from this machine, and that nobody has put
back. Of those that expire by themselves it says when; when etcd has changed its
leader since, that can be later.` + exitStatus(ExitDone, ExitFailed, ExitUsage, ExitCannotTell),
		Example: "  ebb audit pending\n  ebb audit pending --jq '.pending[] | select(.permanent)'",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := out.validate(); err != nil {
				return err
			}
			pending, err := env.pending()
			if err != nil {
				return err
			}
			return env.printPending(c.Context(), &out, pending)
		},
	}
	out.register(c)
	return c
}

// pendingValue is a value that is still to be put back, and in which cluster.
type pendingValue struct {
	ClusterID uint64 `json:"cluster_id"`
	tune.Held
}

// noteTemporary says that temporary values hold which PD shows to nobody: a time
// that is reckoned from PD's answers is then too long.
func (e *Env) noteTemporary(snap *cluster.Snapshot) error {
	if snap.Members == nil {
		return nil // whoever needs them says so
	}
	held, err := e.held(snap.Members.ClusterID)
	if err != nil {
		return err
	}
	var until time.Time
	for i := range held {
		if held[i].Until.After(until) {
			until = held[i].Until
		}
	}
	if until.After(e.Now()) {
		e.say(kindNote, "ebb tune has raised values until %s that PD does not show: stores may leave faster than is said here", until.UTC().Format(time.RFC3339))
	}
	return nil
}

// pending is what the journals of this machine say is still to be put back.
func (e *Env) pending() ([]pendingValue, error) {
	clusters, err := journal.Clusters(e.journalDir())
	if err != nil {
		return nil, err
	}
	list := []pendingValue{}
	for _, id := range clusters {
		held, err := e.held(id)
		if err != nil {
			return nil, err
		}
		for i := range held {
			list = append(list, pendingValue{id, held[i]})
		}
	}
	return list, nil
}

func (e *Env) printPending(ctx context.Context, out *outputOptions, pending []pendingValue) error {
	if out.json() {
		return out.print(ctx, e, auditPendingDocument{head("audit-pending"), pending})
	}
	t := ui.NewTable(
		ui.Column{Name: "Cluster", Align: ui.Right, Drop: 2}, ui.Column{Name: "Setting"}, ui.Column{Name: "Set to", Align: ui.Right}, ui.Column{Name: "Before", Align: ui.Right},
		ui.Column{Name: "Expires", Align: ui.Right, Drop: 1}, ui.Column{Name: "Operation", Drop: 3}, ui.Column{Name: "Actor", Drop: 4})
	now := e.Now()
	for i := range pending {
		p := &pending[i]
		expires := ui.Cell{Text: "never", Raw: "-"}
		if !p.Permanent {
			expires = ui.Moment(p.Until, now)
		}
		t.Row(ui.Text(fmt.Sprint(p.ClusterID)), ui.Text(p.String()), ui.Text(string(p.Set[len(p.Set)-1])), ui.Text(string(p.Old)),
			expires, ui.Text(p.Operation), ui.Text(p.Actor))
	}
	return t.Write(e.Streams.Out)
}
