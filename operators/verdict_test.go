package operators

import (
	"encoding/json"
	"slices"
	"testing"

	"ebb/cluster"
)

// allVerdicts are all of them in the order of a summary.
var allVerdicts = []Verdict{Safe, Wait, Hold, Refuse}

func TestVerdictText(t *testing.T) {
	var zero Verdict
	if zero != Hold {
		t.Errorf("the zero verdict is %v", zero)
	}
	if got, err := json.Marshal(allVerdicts); err != nil || string(got) != `["safe","wait","hold","refuse"]` {
		t.Errorf("verdicts are %s, %v", got, err)
	}
	for _, text := range []string{"", "Safe", "safe ", "sa", "4"} {
		v := Wait
		if err := v.UnmarshalText([]byte(text)); err == nil || v != Wait {
			t.Errorf("UnmarshalText(%q) = %v, %v", text, v, err)
		}
	}
}

func FuzzVerdict(f *testing.F) {
	for _, v := range allVerdicts {
		f.Add(v.String())
	}
	f.Add("SAFE")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		v := Verdict(-1)
		if err := v.UnmarshalText([]byte(text)); err != nil {
			if v != -1 {
				t.Errorf("%q: an error, and %v", text, v)
			}
			return
		}
		back, err := v.MarshalText()
		if err != nil || string(back) != text || !slices.Contains(allVerdicts, v) {
			t.Errorf("%q reads as %v and writes as %q, %v", text, v, back, err)
		}
	})
}

// TestReasonTexts: every reason is explained, and what is not done says what to do.
func TestReasonTexts(t *testing.T) {
	reasons := []Reason{
		ReasonPDRepairs, ReasonUnsafeRecovery, ReasonFreshLeader, ReasonOperatorRuns, ReasonPeersUnwell,
		ReasonPlacementUnread, ReasonProcessAnswers,
	}
	for _, r := range []cluster.RemovalReason{
		cluster.RemovalKeepsMajority, cluster.RemovalNoPeer, cluster.RemovalStoreKnown, cluster.RemovalJoint,
		cluster.RemovalIsLeader, cluster.RemovalNoLeader, cluster.RemovalLeaderDead, cluster.RemovalNoMajority,
		cluster.RemovalNotHeard, cluster.RemovalMalformed,
	} {
		reasons = append(reasons, Reason(r))
	}
	done := []Reason{Reason(cluster.RemovalKeepsMajority), Reason(cluster.RemovalNoPeer)}
	for _, r := range reasons {
		if r.Text() == "" || r.Text() == string(r) {
			t.Errorf("%s is not explained", r)
		}
		if (r.Instead() == "") != slices.Contains(done, r) {
			t.Errorf("%s: instead %q", r, r.Instead())
		}
	}
	if len(reasonTexts) != len(reasons) {
		t.Errorf("%d reasons are explained, there are %d", len(reasonTexts), len(reasons))
	}
	if r := Reason("of-the-future"); r.Text() != "of-the-future" || r.Instead() != "" {
		t.Errorf("an unknown reason: %q, %q", r.Text(), r.Instead())
	}
}
