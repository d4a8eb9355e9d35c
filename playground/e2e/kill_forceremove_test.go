package e2e

import (
	"fmt"
	"slices"
	"testing"
)

// unluckyNights are runs of force-remove that are killed one after the other, each
// at a later moment: together they have all of them. One store takes twenty
// seconds to fall silent and twenty to be watched, so that not every moment gets a
// store of its own.
var unluckyNights = [][]moment{
	{{"fence/ID", atIntent}, {"disable-unit/ID/tikv-20160.service", atOutcome}, {"force-delete-store/ID", atIntent}, {"remove-from-topology", atIntent}},
	{{"disable-unit/ID/tikv-20160.service", atIntent}, {"mask-unit/ID/tikv-20160.service", atOutcome}, {"force-delete-store/ID", unheard}, {"remove-from-topology", atOutcome}},
	{{"mask-unit/ID/tikv-20160.service", atIntent}, {"fence/ID", atOutcome}, {"force-delete-store/ID", atOutcome}},
}

// TestKilledForceRemove: whatever happened before, the last run ends as an
// undisturbed one.
func TestKilledForceRemove(t *testing.T) {
	t.Parallel()
	for i, night := range append(unluckyNights, nil) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			full(t)
			b := newHostedBench(t, setup{tikv: 4})
			b.killedForceRemove(night)
		})
	}
}

func (b *bench) killedForceRemove(night []moment) {
	b.Helper()
	dead := b.tikv()[3]
	b.must(b.Fleet().StopStore(dead.ID))
	b.awaitSilent(dead)
	disks, text := b.tree(), b.topologyText()
	stop := b.neverTorn(text, without(text, dead))
	for _, m := range night {
		if !b.killed(m, dead, func() *running { return b.writeOff(dead) }) {
			b.Errorf("%s never came", m)
		}
	}
	last := func() result { r := b.writeOff(dead); return r.wait() }
	if len(night) > 0 {
		b.wantCode(last(), 0)
	} else if steps := moments(b.written(last), dead); !sameMoments(steps) {
		b.Errorf("the undisturbed run has the moments %v, and they are not those of the nights", steps)
	}
	stop()
	b.wantWrittenOff(dead, text)
	b.wantMasked(dead, disks)
}

// sameMoments reports whether the nights have all of some moments and no other.
func sameMoments(all []moment) bool {
	nights := slices.Concat(unluckyNights...)
	for _, m := range nights {
		if !slices.Contains(all, m) {
			return false
		}
	}
	return len(nights) == len(all)
}
