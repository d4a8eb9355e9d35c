package cmd

import (
	"crypto/rand"
	"path/filepath"
	"time"

	"ebb/burndown"
	"ebb/burndown/file"
	"ebb/cluster"
	"ebb/decommission"
	"ebb/diagnose"
)

// sampler records what a wait sees, for ebb report. A wait is never disturbed by
// it: what cannot be written is said once and left. A nil sampler records nothing.
type sampler struct {
	env      *Env
	files    *file.Recorder
	watch    string
	interval time.Duration
	failed   bool

	paces map[cluster.StoreID]*burndown.Pace
	// changed and found are what the next sample of a store has to tell.
	changed map[cluster.StoreID]bool
	found   map[cluster.StoreID][]burndown.Cause
}

// samplesDir holds the samples of all clusters.
func (e *Env) samplesDir() string { return filepath.Join(e.stateDir(), "samples") }

// recordedName is what the samples call the cluster: a topology file by its whole
// path, since there are many topology.yaml.
func (t *target) recordedName() string {
	if t.topology == nil || t.topology.ClusterName != "" {
		return t.name()
	}
	if path, err := filepath.Abs(t.file.Path); err == nil {
		return path
	}
	return t.file.Path
}

// newSampler records for the cluster of a snapshot.
func newSampler(env *Env, t *target, snap *cluster.Snapshot, interval time.Duration) *sampler {
	s := &sampler{
		env: env, watch: env.Now().UTC().Format("20060102T150405") + "-" + rand.Text()[:6], interval: interval,
		paces:   make(map[cluster.StoreID]*burndown.Pace),
		changed: make(map[cluster.StoreID]bool), found: make(map[cluster.StoreID][]burndown.Cause),
	}
	if snap.Members == nil {
		s.fail(snap.Unread["members"])
		return s
	}
	s.files = file.New(env.samplesDir(), snap.Members.ClusterID, burndown.Record{
		Schema: burndown.Schema, Kind: burndown.KindWatch, Watch: s.watch,
		Cluster: t.recordedName(), PDVersion: snap.PDVersion, Actor: env.Actor,
	})
	return s
}

// event records the stores of progress and of ends.
func (s *sampler) event(e decommission.Event) {
	if s == nil || s.failed || e.Store == nil {
		return
	}
	id := e.Store.ID
	if e.Type != decommission.EventProgress && !e.Store.Phase.Final() {
		s.changed[id] = true // progress of the same reading follows
		return
	}
	s.store(e.At, e.Store)
}

// diagnosed keeps the causes behind a stall for the next sample.
func (s *sampler) diagnosed(id cluster.StoreID, report *diagnose.Report) {
	if s == nil {
		return
	}
	causes := []burndown.Cause{}
	for i := range report.Causes {
		if c := &report.Causes[i]; len(causes) < likeliest {
			causes = append(causes, burndown.Cause{ID: c.ID, Name: c.Name, Regions: c.Blocked, Sentence: c.Sentence})
		}
	}
	s.found[id] = causes
}

func (s *sampler) store(at time.Time, w *decommission.StoreWatch) {
	pace := s.paces[w.ID]
	if pace == nil {
		pace = new(burndown.Pace)
		s.paces[w.ID] = pace
	}
	causes, looked := s.found[w.ID]
	every, due := pace.Due(at, s.changed[w.ID] || looked || w.Phase.Final())
	if !due {
		return
	}
	delete(s.changed, w.ID)
	delete(s.found, w.ID)
	sample := sampleOf(w)
	sample.Looked, sample.Causes = looked, causes
	sample.Every = max(every, s.interval).Seconds()
	s.append(at, sample)
}

func sampleOf(w *decommission.StoreWatch) *burndown.Sample {
	s := &burndown.Sample{
		StoreID: w.ID, Address: w.Address, Node: w.Node, Phase: burndown.Phase(w.Phase), State: w.State,
		Regions: w.Regions, Leaders: w.Leaders, SizeMiB: w.RegionSizeMiB, PerSecond: w.PerSecond,
		Stalled: w.Stalled, Stuck: w.Stuck,
	}
	if f := w.Forecast; f != nil {
		s.Forecast = &burndown.Forecast{Low: f.Low.Seconds(), High: f.High.Seconds(), Basis: f.Basis}
	}
	return s
}

func (s *sampler) append(at time.Time, sample *burndown.Sample) {
	// Milliseconds are enough, and the times of a journal and of samples sort the same.
	err := s.files.Append(&burndown.Record{
		Schema: burndown.Schema, Kind: burndown.KindSample, Time: at.UTC().Truncate(time.Millisecond), Watch: s.watch, Sample: sample,
	})
	if err != nil {
		s.fail(err)
	}
}

func (s *sampler) fail(err error) {
	s.failed = true
	s.env.say(kindNote, "ebb report will know nothing of this: %v", err)
}
