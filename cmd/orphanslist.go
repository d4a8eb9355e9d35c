package cmd

import (
	"context"
	"errors"
	"fmt"

	"ebb/cmd/render"
	"ebb/operators"
)

func runOrphansList(ctx context.Context, env *Env, opts *orphansListOptions, args []string) error {
	t, s, err := opts.survey(ctx, env, args)
	if err != nil {
		return err
	}
	summary := operators.Summarize(s.orphans)
	nameTables(ctx, t, &summary)
	list := &render.Orphans{
		SchemaVersion: schemaVersion, Type: "orphans", ClusterID: s.scene.ClusterID, PDVersion: s.scene.PDVersion,
		ReadAt: s.scene.ReadAt, Regions: s.stats.Regions, Stores: s.gone, Summary: summary,
		FullScan: s.tally, Differences: s.differences, Orphans: s.orphans,
	}
	if opts.json() {
		err = opts.print(ctx, env, list)
	} else {
		err = list.Write(env.Streams.Out, opts.all)
	}
	if err != nil {
		return err
	}
	return orphansFound(opts, args, s, summary)
}

// orphansFound is the answer as an exit code.
func orphansFound(opts *orphansListOptions, args []string, s *orphanSurvey, summary operators.Summary) error {
	switch {
	case len(s.differences) > 0:
		return &codedError{
			&hintedError{errors.New("the scan and PD's counts do not agree on the stores that are gone"), "regions may have moved while they were read; run the command again"},
			ExitCannotTell,
		}
	case summary.Total() == 0:
		return nil
	}
	err := fmt.Errorf("%d orphan peers: %d safe to remove, %d wait, %d hold, %d refuse",
		summary.Total(), summary.Safe, summary.Wait, summary.Hold, summary.Refuse)
	if summary.Safe == 0 {
		return &codedError{err, ExitNo}
	}
	return &codedError{&hintedError{err, "remove the safe ones with: ebb orphans apply " + opts.reopenFlags(args) + opts.storeFlag()}, ExitNo}
}

// nameTables fills in the names of the tables, as far as a TiDB tells.
func nameTables(ctx context.Context, t *target, summary *operators.Summary) {
	var ids []int64
	for i := range summary.Tables {
		if id := summary.Tables[i].TableID; id != 0 {
			ids = append(ids, id)
		}
	}
	names := t.tableNames(ctx, ids)
	for i := range summary.Tables {
		summary.Tables[i].Name = names[summary.Tables[i].TableID]
	}
}
