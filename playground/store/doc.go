// Package store simulates TiKV and TiFlash stores closely enough that PD's
// scheduling cannot tell them from real ones: they register, heartbeat, obey
// operators, send snapshots that take time, lose majorities and elect leaders.
//
// The package has two halves. The model (type sim and the files named after
// what they model: raft, election, snapshot, command, split, merge) is a plain
// state machine with a timer heap: it does no I/O, starts no goroutine, and its
// clock is injected, so every rule of Raft it claims to follow is tested
// without waiting. The fleet (fleet, process, stream, pdclient) connects that
// model to PD over gRPC and to the loopback ports a real store would open.
//
// What is not modelled: disks, logs and data. A region is its metadata. Log lag
// exists only as "pending" (needs a snapshot) or not, a proposal that cannot
// commit is dropped at once instead of waiting in the log (PD sends it again),
// and a peer on a store PD does not know never becomes leader.
package store
