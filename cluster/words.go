package cluster

import (
	"fmt"
	"strings"
)

// Plural writes a count with its noun: "1 region", "2 regions", "0 entries".
func Plural(n int, noun string) string {
	stem, y := strings.CutSuffix(noun, "y")
	switch {
	case n == 1:
		return "1 " + noun
	case y:
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Agree writes a count with its noun and the verb that goes with it: "1 store is",
// "2 stores are".
func Agree(n int, noun, one, many string) string {
	verb := many
	if n == 1 {
		verb = one
	}
	return Plural(n, noun) + " " + verb
}

// StoreName is how people are told of a store: "store 4 (10.0.1.7:20160)".
func StoreName(id StoreID, address string) string {
	return fmt.Sprintf("store %d (%s)", id, address)
}

// StoreIDs are the ids of the stores, never nil.
func StoreIDs(stores []*Store) []StoreID {
	ids := make([]StoreID, 0, len(stores))
	for _, s := range stores {
		ids = append(ids, s.ID)
	}
	return ids
}

// String is the StoreName of the store.
func (s *Store) String() string { return StoreName(s.ID, s.Address) }
