package decommission

import (
	"fmt"
	"slices"
	"strings"

	"ebb/cluster"
)

// Result is the outcome of one check. The zero value is Unknown, so that a
// check that forgets to answer is never taken for a yes.
type Result int

// Results in rising order of weight, but for Unknown: what could not be looked
// at is never safe, and is heavier than a warning but lighter than a clear no.
const (
	Unknown       Result = iota // the check could not look
	OK                          // looked, and it is fine
	NotApplicable               // this PD version or this set-up has no such thing
	Warning                     // worth knowing, no reason to stop
	Refused                     // looked, and the answer is no
)

var resultNames = map[Result]string{
	Unknown: "unknown", OK: "ok", NotApplicable: "n/a", Warning: "warning", Refused: "refused",
}

func (r Result) String() string { return resultNames[r] }

// MarshalText writes the result by name.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a result by name.
func (r *Result) UnmarshalText(text []byte) error {
	for result, name := range resultNames {
		if name == string(text) {
			*r = result
			return nil
		}
	}
	return fmt.Errorf("read result: unknown name %q", text)
}

// Checks whose findings others look at. The names of all are stable.
const (
	checkMajority  = "majority"
	checkPlacement = "placement"
	checkSpace     = "space"
	checkTiFlash   = "tiflash-replicas"
)

// The risks of scale-in that can be taken, as --accept-risk names them.
const (
	// RiskStuckRegions: regions stay on the stores, which then never become
	// Tombstone, until somebody mends them.
	RiskStuckRegions = "stuck-regions"
	// RiskLowSpace: what moves does not fit below low-space-ratio, so that PD stops
	// moving before the end.
	RiskLowSpace = "low-space"
)

// Finding is what one check found.
type Finding struct {
	// Check is the name of the check, e.g. "placement". It is stable.
	Check  string `json:"check"`
	Result Result `json:"result"`
	// Summary is one sentence without full stop.
	Summary string `json:"summary"`
	// Evidence lists the facts behind the summary, with where they came from.
	Evidence []string           `json:"evidence,omitempty"`
	Stores   []cluster.StoreID  `json:"stores,omitempty"`
	Regions  []cluster.RegionID `json:"regions,omitempty"` // examples, at most cluster.MaxExamples
	// Tables are all tables that a finding on TiFlash replicas is about.
	Tables []Table `json:"tables,omitempty"`
	// Fix is what to type or do next; "" when there is nothing to do.
	Fix string `json:"fix,omitempty"`
	// Risk names the risk that --accept-risk takes to go on in spite of a
	// Refused; "" when nothing can override it.
	Risk string `json:"risk,omitempty"`
	// Accepted is set when the risk was accepted; the result stays Refused.
	Accepted bool `json:"accepted,omitempty"`
}

// blocks reports whether the finding stops the operation.
func (f *Finding) blocks() bool { return f.Result == Refused && !f.Accepted }

// Verdict is the weight of all findings together: Refused if one refuses, else
// Unknown if one could not look, else OK (warnings do not stop anything).
func Verdict(findings []Finding) Result {
	verdict := OK
	for i := range findings {
		switch {
		case findings[i].blocks():
			return Refused
		case findings[i].Result == Unknown:
			verdict = Unknown
		}
	}
	return verdict
}

// Accept marks the refusals whose risk is named in risks. It returns the names
// that no finding asked for, since accepting a risk that is not there is more
// likely a mistake than a wish.
func Accept(findings []Finding, risks []string) (unused []string) {
	for _, risk := range risks {
		used := false
		for i := range findings {
			if findings[i].Result == Refused && findings[i].Risk == risk {
				findings[i].Accepted, used = true, true
			}
		}
		if !used {
			unused = append(unused, risk)
		}
	}
	return unused
}

// RefusedError says that the checks answered no. It carries all findings.
type RefusedError struct {
	Verb     string
	Findings []Finding
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s: refused by %s", e.Verb, strings.Join(checksWith(e.Findings, Refused), ", "))
}

// Hint is the fix of the check that refused.
func (e *RefusedError) Hint() string { return onlyFix(e.Findings, Refused) }

// UnknownError says that a check could not look, so that nobody can say whether
// the operation is safe. It carries all findings.
type UnknownError struct {
	Verb     string
	Findings []Finding
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("%s: cannot tell: could not look at %s%s", e.Verb, strings.Join(checksWith(e.Findings, Unknown), ", "), e.only())
}

// only is the summary when there is no more to it than one finding.
func (e *UnknownError) only() string {
	if len(e.Findings) == 1 {
		return ": " + e.Findings[0].Summary
	}
	return ""
}

// Hint is the fix of the check that could not look.
func (e *UnknownError) Hint() string { return onlyFix(e.Findings, Unknown) }

func checksWith(findings []Finding, result Result) []string {
	var names []string
	for i := range findings {
		f := &findings[i]
		if f.Result == result && !f.Accepted && !slices.Contains(names, f.Check) {
			names = append(names, f.Check)
		}
	}
	return names
}

// onlyFix is the fix when there is one; several would not fit into a hint, and
// stand beside their findings.
func onlyFix(findings []Finding, result Result) string {
	var fixes []string
	for i := range findings {
		f := &findings[i]
		if f.Result == result && !f.Accepted && f.Fix != "" && !slices.Contains(fixes, f.Fix) {
			fixes = append(fixes, f.Fix)
		}
	}
	switch len(fixes) {
	case 0:
		return ""
	case 1:
		return fixes[0]
	}
	return fmt.Sprintf("each of the %d checks says how to fix it", len(fixes))
}

// Err turns a verdict into the error that stops the verb, nil when it may go on.
func Err(verb string, findings []Finding) error {
	switch Verdict(findings) {
	case Refused:
		return &RefusedError{Verb: verb, Findings: findings}
	case Unknown:
		return &UnknownError{Verb: verb, Findings: findings}
	}
	return nil
}
