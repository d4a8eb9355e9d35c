package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"ebb/cluster"
)

// Result is what a rule says. The zero value is CouldNotLook, so that a rule
// that forgets to answer is never taken for one that found nothing.
type Result int

// The results. Only Problem is one; Pace limits how fast the stores leave, and a
// Note is worth knowing.
const (
	CouldNotLook Result = iota
	OK
	NotApplicable // this PD has no such thing, or there is nothing that it could concern
	Note
	Pace
	Problem
)

var resultNames = map[Result]string{
	CouldNotLook: "could-not-look", OK: "ok", NotApplicable: "n/a", Note: "note", Pace: "pace", Problem: "problem",
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

// Certainty is how sure a cause is.
type Certainty int

// Certainties, the surest first.
const (
	// Certain: PD says so itself.
	Certain Certainty = iota
	// Likely: it follows from what PD says, by a rule of PD's that was read or seen.
	Likely
	// Possible: it fits, and so do other explanations.
	Possible
)

var certaintyNames = [...]string{"certain", "likely", "possible"}

func (c Certainty) String() string { return certaintyNames[c] }

// MarshalText writes the certainty by name.
func (c Certainty) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a certainty by name.
func (c *Certainty) UnmarshalText(text []byte) error {
	i := slices.Index(certaintyNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("read certainty: unknown name %q", text)
	}
	*c = Certainty(i)
	return nil
}

// Cause is one reason why stores do not leave, or leave slowly, that holds now.
type Cause struct {
	ID   string `json:"id"` // of the rule: "D03"
	Name string `json:"name"`
	// Severity is Problem, Pace or Note.
	Severity  Result    `json:"severity"`
	Certainty Certainty `json:"certainty"`
	// Blocked is the number of regions that it keeps on the stores; 0 when that is
	// not what it does, or nobody counted.
	Blocked int `json:"regions_blocked"`
	// Sentence says what is the case, without full stop.
	Sentence string `json:"sentence"`
	// Evidence are the facts behind it, each with the field of PD it came from.
	Evidence []string           `json:"evidence,omitempty"`
	Stores   []cluster.StoreID  `json:"stores,omitempty"`
	Regions  []cluster.RegionID `json:"regions,omitempty"` // examples
	// Next is the next command to type, and Risk what it may do.
	Next string `json:"next,omitempty"`
	Risk string `json:"risk,omitempty"`
	// Doc is the page about it.
	Doc string `json:"doc"`
}

// Rule knows one cause.
type Rule struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Title string `json:"title"`
	// Versions are the PDs that can have it.
	Versions string `json:"versions"`
	// Needs are the readings without which nobody can tell.
	Needs []Field `json:"needs,omitempty"`

	versions versions
	// wants are readings without which a cause can be found, but not excluded.
	wants []Field
	// scope gives the reason why the question does not arise, else "". It is asked
	// before Needs: what nobody needs need not be read.
	scope func(*view) string
	// skip gives the reason why the rule does not apply to this evidence, else "".
	skip func(*view) string
	look func(*view) []Cause
	// blind gives the reason why nothing found means nothing, else "".
	blind func(*view) string
}

// Doc is the path of the rule's page.
func (r *Rule) Doc() string { return "docs/causes/" + r.ID + "-" + r.Name + ".md" }

// Rules are all rules in the order of their ids.
func Rules() []Rule {
	var rules []Rule
	for _, list := range [][]Rule{
		placementRules(), regionRules(), schedulingRules(), limitRules(), storeRules(), operatorRules(), outsideRules(),
	} {
		rules = append(rules, list...)
	}
	for i := range rules {
		rules[i].Versions = rules[i].versions.String()
	}
	slices.SortFunc(rules, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return rules
}

// Judged is what one rule said.
type Judged struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Title  string `json:"title"`
	Result Result `json:"result"`
	// Reason says why it could not look or does not apply.
	Reason string `json:"reason,omitempty"`
}

// judge applies one rule. A reading that failed never ends in OK.
func (r *Rule) judge(v *view) (Judged, []Cause) {
	j := Judged{ID: r.ID, Name: r.Name, Title: r.Title}
	notApplicable := func(reason string) (Judged, []Cause) {
		j.Result, j.Reason = NotApplicable, reason
		return j, nil
	}
	if v.release.Known() && !r.versions.has(v.release) {
		return notApplicable(fmt.Sprintf("PD %s does not have it: %s", v.snap.PDVersion, r.versions))
	}
	if r.scope != nil {
		if reason := r.scope(v); reason != "" {
			return notApplicable(reason)
		}
	}
	for _, f := range r.Needs {
		if text, failed := v.ev.Unread[f]; failed {
			j.Reason = fmt.Sprintf("%s: %s", f, text)
			return j, nil
		}
		if text, absent := v.ev.Absent[f]; absent {
			return notApplicable(text)
		}
	}
	if r.skip != nil {
		if reason := r.skip(v); reason != "" {
			return notApplicable(reason)
		}
	}
	causes := r.look(v)
	j.Result = OK
	for i := range causes {
		c := &causes[i]
		c.ID, c.Name, c.Doc = r.ID, r.Name, r.Doc()
		j.Result = max(j.Result, c.Severity)
	}
	if j.Result == Problem {
		return j, causes
	}
	if reason := r.unsure(v); reason != "" {
		j.Result, j.Reason = CouldNotLook, reason
	}
	return j, causes
}

// unsure is why nothing found means nothing, "" when it means that all is well.
func (r *Rule) unsure(v *view) string {
	for _, f := range r.wants {
		if text, failed := v.ev.Unread[f]; failed {
			return fmt.Sprintf("%s: %s", f, text)
		}
	}
	if r.blind != nil {
		return r.blind(v)
	}
	return ""
}
