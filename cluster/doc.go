// Package cluster holds the nouns of a TiDB cluster as PD sees it (stores,
// regions, peers, placement rules, limits) and the arithmetic on them: which
// peers are live, which configurations keep a majority, which stores a rule
// accepts. Everything here is a value or a pure function; nothing does I/O and
// nothing imports beyond the standard library, so that the safety rules can be
// read, tested and enumerated on their own.
//
// Names and spellings are PD's and Raft's own.
package cluster
