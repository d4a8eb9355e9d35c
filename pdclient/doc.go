// Package pdclient speaks the HTTP API of PD (4.0 to 9.0) and answers in the
// types of package cluster. What PD sends on the wire stays inside.
//
// Reads and writes are treated differently, because they fail differently:
//
//   - A read fails over between the PD servers, with a growing, jittered pause,
//     inside one deadline. Its error says what each server answered.
//   - A write goes to the leader once. When the connection breaks after the
//     request left, nobody knows whether PD did it: the error then matches
//     ErrOutcomeUnknown. Methods that can find out by reading do so first, and
//     none sends a write again.
//
// Success is decided by the status code alone: the body of a successful write is
// null in 4.0 and an English sentence later. Where versions of PD differ, the
// client goes by what a server answers rather than by its version string, which
// is "None" in PDs that were built without a release tag.
package pdclient
