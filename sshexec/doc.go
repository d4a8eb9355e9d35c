// Package sshexec runs commands on hosts over SSH.
//
// A [Pool] keeps one connection per host and hands out a [Runner] for each. What
// is run is an argument vector ([Cmd]), never a piece of shell: one function
// ([Quote]) stands between an argument and a shell, and the program that starts
// gets exactly the bytes that were given.
//
// Who is at the other end is decided by known_hosts, as OpenSSH does, with two
// differences: there is no "no", and a host that shows a key of a type that is
// not on file while others are is refused as changed.
//
// What became of a command is never guessed. A status is an [ExitError], a signal
// a [SignalError], a deadline a [TimeoutError], a lost connection a [LostError],
// and those after which nobody knows match [ErrOutcomeUnknown]. Whatever failed
// before the command began matches [ErrNotStarted].
package sshexec
