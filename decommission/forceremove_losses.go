package decommission

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"ebb/cluster"
)

// Losses is what writing off a set of stores would do to the regions that have a
// peer on one of them: counts and a few examples, never the regions, so that its
// size does not grow with them.
type Losses struct {
	Stores []cluster.StoreID `json:"stores"`
	ReadAt time.Time         `json:"read_at"`
	// Err is why the regions could not be read to the end; the counts are then
	// incomplete and prove nothing.
	Err        error `json:"-"`
	Regions    int   `json:"regions"`
	Bear       int   `json:"bear_it"` // regions that go on without the stores
	Lost       int   `json:"would_be_lost"`
	CannotTell int   `json:"cannot_tell"`
	Joint      int   `json:"joint"`
	// Groups puts the regions together by reason, in the order in which they came up.
	Groups []LossGroup `json:"groups,omitempty"`
	// LastTiFlash are the regions that lose their last TiFlash replica.
	LastTiFlash LossGroup `json:"last_tiflash"`
}

// LossGroup is a number of regions to which the same happens.
type LossGroup struct {
	Reason   cluster.LossReason `json:"reason,omitempty"`
	Answer   cluster.Answer     `json:"answer"`
	Count    int                `json:"count"`
	Examples []LossExample      `json:"examples,omitempty"` // the first cluster.MaxExamples
}

// LossExample is one region, with what finds it again when it is gone.
type LossExample struct {
	RegionID cluster.RegionID    `json:"region_id"`
	StartKey string              `json:"start_key"` // hex, upper case, as PD writes it
	EndKey   string              `json:"end_key"`   // "" is the end of the key space
	TableID  *int64              `json:"table_id,omitempty"`
	Verdict  cluster.LossVerdict `json:"verdict"`
}

// Survivable proves that all regions with a peer on some stores go on without
// them. Only ReadLosses makes one; the zero value proves nothing.
type Survivable struct {
	stores []cluster.StoreID
	proven bool
}

// Without reports whether the proof covers the loss of exactly these stores
// together. Half of a set may be no majority and the whole set one: several
// stores are one decision.
func (s Survivable) Without(ids []cluster.StoreID) bool {
	want := slices.Sorted(slices.Values(ids))
	return s.proven && slices.Equal(s.stores, want)
}

// ReadLosses judges every region that has a peer on one of the stores, against
// the liveness of a fresh snapshot. The lists come from PD's index by store,
// which also has stores that PD keeps no record of; all regions are not read.
func ReadLosses(ctx context.Context, pd RegionReader, snap *cluster.Snapshot, ids []cluster.StoreID) (*Losses, Survivable) {
	l := &Losses{Stores: slices.Sorted(slices.Values(ids)), ReadAt: snap.ReadAt}
	lost := make(map[cluster.StoreID]bool, len(ids))
	for _, id := range ids {
		lost[id] = true
	}
	stores := cluster.IndexStores(snap.Stores)
	for i, id := range l.Stores {
		for region, err := range pd.RegionsOfStore(ctx, id) {
			if err != nil {
				l.Err = fmt.Errorf("read the regions of store %d: %w", id, err)
				return l, Survivable{}
			}
			l.add(&region, cluster.JudgeLoss(&region, stores, lost, snap.ReadAt), l.Stores[:i])
		}
	}
	return l, Survivable{stores: l.Stores, proven: l.Lost == 0 && l.CannotTell == 0}
}

// add counts one region. earlier are the stores whose lists were read before: a
// region that has a peer on one of them was counted there. The lists are not one
// snapshot, so one that would be lost is never taken for counted as long as none
// was.
func (l *Losses) add(r *cluster.Region, v cluster.LossVerdict, earlier []cluster.StoreID) {
	counted := slices.ContainsFunc(earlier, func(id cluster.StoreID) bool { return r.PeerOn(id) != nil })
	if counted && (v.Answer == cluster.Yes || l.Lost+l.CannotTell > 0) {
		return
	}
	l.Regions++
	switch v.Answer {
	case cluster.Yes:
		l.Bear++
	case cluster.No:
		l.Lost++
	default:
		l.CannotTell++
	}
	if v.Joint {
		l.Joint++
	}
	at := slices.IndexFunc(l.Groups, func(g LossGroup) bool { return g.Reason == v.Reason })
	if at < 0 {
		at = len(l.Groups)
		l.Groups = append(l.Groups, LossGroup{Reason: v.Reason, Answer: v.Answer})
	}
	l.Groups[at].add(r, v)
	if v.LastTiFlash {
		l.LastTiFlash.add(r, v)
	}
}

func (g *LossGroup) add(r *cluster.Region, v cluster.LossVerdict) {
	g.Count++
	if len(g.Examples) >= cluster.MaxExamples {
		return
	}
	e := LossExample{
		RegionID: r.ID, Verdict: v,
		StartKey: strings.ToUpper(hex.EncodeToString(r.StartKey)), EndKey: strings.ToUpper(hex.EncodeToString(r.EndKey)),
	}
	if table, ok := cluster.TableID(r.StartKey); ok {
		e.TableID = &table
	}
	g.Examples = append(g.Examples, e)
}

// line describes an example to a person.
func (e *LossExample) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "region %d", e.RegionID)
	if e.TableID != nil {
		fmt.Fprintf(&b, " of table %d", *e.TableID)
	}
	fmt.Fprintf(&b, ": %d of %s left", e.Verdict.Old.Live, cluster.Plural(e.Verdict.Old.Voters, "voter"))
	if e.Verdict.Joint {
		fmt.Fprintf(&b, " in the old half, %d of %d in the new one", e.Verdict.New.Live, e.Verdict.New.Voters)
	}
	fmt.Fprintf(&b, ", keys [%s, %s)", orWord(e.StartKey, "start"), orWord(e.EndKey, "end"))
	return b.String()
}

func orWord(key, word string) string {
	if key == "" {
		return word
	}
	return key
}

func (g *LossGroup) regions() []cluster.RegionID {
	var ids []cluster.RegionID
	for i := range g.Examples {
		ids = append(ids, g.Examples[i].RegionID)
	}
	return ids
}
