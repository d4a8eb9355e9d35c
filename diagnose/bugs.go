package diagnose

import (
	"slices"
	"strings"

	"ebb/cluster"
)

// Bug is a known bug of PD that bears on stores that leave.
type Bug struct {
	Issue    string `json:"issue,omitempty"` // "pd#9933"
	Versions string `json:"versions"`
	Text     string `json:"text"`
	versions []versions
}

// bugs are named when the cluster runs such a version. The ranges are those that
// were read in PD's source or seen on a running PD.
var bugs = []Bug{
	{
		Issue: "pd#3343", versions: []versions{{"4.0", "4.0.11"}},
		Text: "remove-tombstone removes records of stores that regions still name: use ebb prune",
	},
	{
		versions: []versions{{"4.0", "5.0"}},
		Text:     "a forced delete makes a store Tombstone at once, with its regions still on it",
	},
	{
		Issue: "pd#6426", versions: denyBlocks,
		Text: "the region label schedule=deny also keeps regions from leaving",
	},
	{
		Issue: "pd#7630", versions: []versions{{"6.5.4", "6.5.8"}, {"7.1.2", "7.1.4"}, {"7.3", "7.5.1"}},
		Text: "PD panics when asked for one region that has no leader (HTTP 500, PANIC); lists of regions are fine",
	},
	{
		Issue: "pd#9933", versions: []versions{{"6.1", "9.0"}},
		Text: "a delete counts TiFlash stores as Up stores, and is refused or accepted by the wrong number",
	},
	{
		versions: []versions{{"6.5", ""}},
		Text:     "PD deletes records that have been Tombstone for 30 days, without looking for regions",
	},
	{
		Issue: "pd#9333", versions: []versions{{"9.0", ""}},
		Text: "after a restart PD may call a store Tombstone while regions are on it, since it goes by their size",
	},
	{
		versions: []versions{{"8.5.4", ""}},
		Text:     "GET /stats/region without an end key may never return and keeps a core busy; ebb never asks so",
	},
	{
		Issue: "pd#10778",
		Text:  "a peer that is down on a store that is Up is never replaced",
	},
}

// knownBugs are those of the version that runs.
func (v *view) knownBugs() []Bug {
	if !v.release.Known() {
		return nil
	}
	var found []Bug
	for _, b := range bugs {
		if b.of(v.release) {
			b.Versions = b.text()
			found = append(found, b)
		}
	}
	return found
}

func (b *Bug) of(r cluster.Release) bool {
	return len(b.versions) == 0 || slices.ContainsFunc(b.versions, func(v versions) bool { return v.has(r) })
}

func (b *Bug) text() string {
	if len(b.versions) == 0 {
		return "all"
	}
	parts := make([]string, 0, len(b.versions))
	for _, v := range b.versions {
		parts = append(parts, v.String())
	}
	return strings.Join(parts, "; ")
}
