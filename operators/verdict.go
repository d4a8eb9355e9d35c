package operators

import (
	"fmt"

	"ebb/cluster"
)

// Verdict says what to do about one orphan. The zero value is Hold, so that what
// forgets to answer is never taken for Safe.
type Verdict int

// The verdicts.
const (
	Hold   Verdict = iota // not now: ask again later
	Refuse                // removing it cannot be committed, or may lose data
	Wait                  // safe, but PD repairs the region by itself and better
	Safe                  // a live majority without it commits the removal
)

var verdictNames = [...]string{Hold: "hold", Refuse: "refuse", Wait: "wait", Safe: "safe"}

func (v Verdict) String() string { return verdictNames[v] }

// MarshalText writes the verdict by name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a verdict by name.
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, name := range verdictNames {
		if name == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("read verdict: unknown name %q", text)
}

// Reason says why a verdict is what it is. The reasons of cluster.RemovalReason
// are reasons too.
type Reason string

// Reasons that are not about votes.
const (
	ReasonPDRepairs       Reason = "pd-repairs-it"
	ReasonUnsafeRecovery  Reason = "unsafe-recovery-runs"
	ReasonFreshLeader     Reason = "pd-leader-fresh"
	ReasonOperatorRuns    Reason = "operator-runs"
	ReasonPeersUnwell     Reason = "other-peers-down-or-pending"
	ReasonPlacementUnread Reason = "placement-unread"
	ReasonProcessAnswers  Reason = "process-answers"
)

// reasonText explains a reason in a few words, and says what to do instead of
// removing the peer.
type reasonText struct{ why, instead string }

var reasonTexts = map[Reason]reasonText{
	Reason(cluster.RemovalKeepsMajority): {"a live majority is left without it", ""},
	ReasonPDRepairs: {"PD can place another peer and then removes this one itself",
		"wait a minute and look again; --include-wait removes it now, at the cost of one copy until PD adds another"},
	ReasonUnsafeRecovery:  {"an unsafe recovery is running", "wait until it has ended"},
	ReasonFreshLeader:     {"PD's leader has just started and does not know all leaders yet", "look again in five minutes"},
	ReasonOperatorRuns:    {"PD is changing the region", "look again when the operator has ended"},
	ReasonPeersUnwell:     {"another peer is down or waits for data", "wait until that peer is well, or PD has replaced it"},
	ReasonPlacementUnread: {"PD's placement settings could not be read", "run the command again"},
	ReasonProcessAnswers: {"its process answers; it may hold the newest data",
		"let it register with PD again (restart it), then use ebb scale-in"},
	Reason(cluster.RemovalNoPeer): {"the region has no such peer any more", ""},
	Reason(cluster.RemovalStoreKnown): {"PD has a record of the store",
		"if it is dead use ebb force-remove, else ebb scale-in; ebb diagnose says why it does not leave"},
	Reason(cluster.RemovalJoint): {"a change of its peers is half done",
		"wait until the region has left the joint state; if a half has no live majority, only unsafe recovery helps"},
	Reason(cluster.RemovalIsLeader): {"PD names it as the leader",
		"find its process; or wait until the region has another leader"},
	Reason(cluster.RemovalNoLeader): {"the region has no leader",
		"start the stores of its other peers; if they are lost, only unsafe recovery helps"},
	Reason(cluster.RemovalLeaderDead): {"the leader that PD names is not live",
		"start the leader's store, or wait for an election"},
	Reason(cluster.RemovalNoMajority): {"too few live voters to commit the removal",
		"start a store of the region again; if they are lost, only unsafe recovery helps"},
	Reason(cluster.RemovalNotHeard): {"it depends on stores that PD's leader has not heard yet",
		"look again when they have sent a heartbeat (10s)"},
	Reason(cluster.RemovalMalformed): {"PD's record of the region makes no sense", "look at it: ebb region ID"},
}

// Text explains the reason in a few words.
func (r Reason) Text() string {
	if t, ok := reasonTexts[r]; ok {
		return t.why
	}
	return string(r)
}

// Instead says what to do in place of removing the peer, "" when nothing is to be
// done or removing it is right.
func (r Reason) Instead() string { return reasonTexts[r].instead }
