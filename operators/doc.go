// Package operators finds orphan peers, judges whether each may be removed, and
// removes those that may. An orphan is the peer of a region on a store that PD has
// no record of, or that is Tombstone: it was buried before its regions had left.
//
// PD (4.0 to master) accepts any remove-peer operator whose target leaves a voter;
// nothing in it asks whether the rest is a live majority. The judge here does, and
// is the only guard.
package operators
