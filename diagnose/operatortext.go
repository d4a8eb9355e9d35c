package diagnose

import (
	"regexp"
	"strconv"
	"strings"

	"ebb/cluster"
)

// bracketed is how PD's operators name stores: "mv peer: store [4] to [5]".
var bracketed = regexp.MustCompile(`\[([0-9, ]+)\]`)

// number is one id within the brackets.
var number = regexp.MustCompile(`[0-9]+`)

// storesIn are the stores that the brief of an operator names.
func storesIn(brief string) []cluster.StoreID {
	var ids []cluster.StoreID
	for _, m := range bracketed.FindAllStringSubmatch(brief, -1) {
		for _, digits := range number.FindAllString(m[1], -1) {
			if id, err := strconv.ParseUint(digits, 10, 64); err == nil {
				ids = append(ids, cluster.StoreID(id))
			}
		}
	}
	return ids
}

// toward is what an operator's brief does to the stores behind it: adds a peer,
// moves one, or hands over the lead ("transfer leader: store 1 to 2" before 7.0).
var toward = regexp.MustCompile(`\bto (?:\[([0-9, ]+)\]|([0-9]+))|^add peer: store \[([0-9, ]+)\]`)

// onto is where a step needs a store that answers: a peer is added or promoted there,
// or gets the lead (operator.OpStep, 4.0 to master).
var onto = regexp.MustCompile(`(?:add|promote) .*?\bon store ([0-9]+)|transfer leader from store [0-9]+ to store ([0-9]+)`)

// destinations are the stores that an operator puts something onto, with the steps
// that are left, or, where PD does not tell those, in all. The brief does not name
// the one that leads in between.
func destinations(op *cluster.Operator) []cluster.StoreID {
	var ids []cluster.StoreID
	if onto.MatchString(strings.Join(op.Steps, "\n")) {
		left := op.Steps[min(max(op.CurrentStep, 0), len(op.Steps)):]
		for _, m := range onto.FindAllStringSubmatch(strings.Join(left, "\n"), -1) {
			if id, err := strconv.ParseUint(m[1]+m[2], 10, 64); err == nil {
				ids = append(ids, cluster.StoreID(id))
			}
		}
		return ids
	}
	if !strings.Contains(op.Brief, "store") {
		return nil // "merge: region 12 to 13"
	}
	for _, m := range toward.FindAllStringSubmatch(op.Brief, -1) {
		for _, digits := range number.FindAllString(m[1]+" "+m[2]+" "+m[3], -1) {
			if id, err := strconv.ParseUint(digits, 10, 64); err == nil {
				ids = append(ids, cluster.StoreID(id))
			}
		}
	}
	return ids
}

// targetsOf are the stores that an operator adds a peer to, from the brief that
// PD writes: "mv peer: store [4] to [5]" or "add peer: store [5]" (PD 4.0 to
// master). Another text means none that is known.
func targetsOf(op *cluster.Operator) []cluster.StoreID {
	_, list, found := strings.Cut(op.Brief, "] to [")
	if !found {
		list, found = strings.CutPrefix(op.Brief, "add peer: store [")
	}
	if !found {
		return nil
	}
	list, _, _ = strings.Cut(list, "]")
	var ids []cluster.StoreID
	for field := range strings.FieldsFuncSeq(list, func(c rune) bool { return c == ' ' || c == ',' }) {
		if id, err := strconv.ParseUint(field, 10, 64); err == nil {
			ids = append(ids, cluster.StoreID(id))
		}
	}
	return ids
}
