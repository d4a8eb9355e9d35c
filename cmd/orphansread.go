package cmd

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"ebb/cluster"
	"ebb/operators"
	"ebb/pdclient"
	"ebb/ui"
)

// orphanSurvey is what was found about orphans.
type orphanSurvey struct {
	scene   *operators.Scene
	stats   *cluster.RegionStats
	gone    []operators.GoneStore
	orphans []operators.Orphan
	// tally is nil without a full scan.
	tally       *operators.Tally
	differences []string
	leader      string // URL of PD's leader
}

// answerFinder is Env.answering, or what remembers it.
type answerFinder func(ctx context.Context, t *target, snap *cluster.Snapshot, gone []operators.GoneStore) map[cluster.StoreID]string

// readScene reads PD in one round, and whether processes of gone stores answer.
func readScene(ctx context.Context, t *target, asked []cluster.StoreID, answering answerFinder) (*orphanSurvey, error) {
	in := operators.SceneReading{}
	var snapErr, runningErr, statsErr error
	var wg sync.WaitGroup
	wg.Go(func() { snapErr = readSnapshot(ctx, t, &in) })
	wg.Go(func() { in.Running, runningErr = t.pd.Operators(ctx, "") })
	wg.Go(func() { in.Stats, statsErr = t.pd.RegionStats(ctx) })
	wg.Wait()
	switch {
	case snapErr != nil:
		return nil, snapErr
	case runningErr != nil:
		return nil, &operators.UnreadError{Field: "operators", Err: runningErr}
	case statsErr != nil:
		return nil, statsErr
	}
	s := &orphanSurvey{stats: in.Stats, gone: operators.GoneStores(in.Stats, cluster.IndexStores(in.Snapshot.Stores), asked)}
	in.Answering = answering(ctx, t, in.Snapshot, s.gone)
	scene, err := operators.NewScene(in)
	s.scene = scene
	if m := in.Snapshot.Members; m != nil && len(m.Leader.ClientURLs) > 0 {
		s.leader = m.Leader.ClientURLs[0]
	}
	return s, err
}

// readSnapshot fills in the snapshot, and since when PD's leader runs.
func readSnapshot(ctx context.Context, t *target, in *operators.SceneReading) (err error) {
	var wg sync.WaitGroup
	wg.Go(func() {
		if status, err := t.pd.Status(ctx); err == nil {
			in.LeaderStarted = status.StartTime
		}
	})
	in.Snapshot, err = t.pd.Snapshot(ctx)
	wg.Wait()
	return err
}

// survey finds and judges the orphans.
func (o *orphanOptions) survey(ctx context.Context, env *Env, args []string) (*target, *orphanSurvey, error) {
	t, err := o.open(env, args)
	if err != nil {
		return nil, nil, err
	}
	t.warn(env)
	s, err := readScene(ctx, t, o.storeIDs(), env.answering)
	if err != nil {
		return nil, nil, err
	}
	if o.fullScan {
		err = s.scan(ctx, env, t, o.storeIDs())
	} else {
		s.orphans, err = s.scene.Find(ctx, t.pd, s.gone)
	}
	return t, s, err
}

// scan finds them by judging every region.
func (s *orphanSurvey) scan(ctx context.Context, env *Env, t *target, ids []cluster.StoreID) error {
	frame := env.Streams.NewFrame()
	defer frame.Close()
	regions := t.pd.Regions(ctx, pdclient.RegionScan{})
	orphans, tally, err := s.scene.Scan(showScan(env, frame, regions, s.stats.Regions), ids)
	frame.Update()
	if err != nil {
		return err
	}
	s.orphans, s.tally = orphans, &tally
	s.differences = tally.Differences(s.stats, s.scene.Stores)
	return nil
}

// showScan passes regions on and shows how many there were.
func showScan(env *Env, frame *ui.Frame, regions iter.Seq2[cluster.Region, error], total int) iter.Seq2[cluster.Region, error] {
	return func(yield func(cluster.Region, error) bool) {
		n := 0
		shown := env.Now()
		for r, err := range regions {
			if n++; n%1024 == 0 {
				if now := env.Now(); now.Sub(shown) >= time.Second {
					shown = now
					frame.Update(fmt.Sprintf("read %s of %s regions", ui.Count(int64(n)), ui.Count(int64(total))))
				}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}
