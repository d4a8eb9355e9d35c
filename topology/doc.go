// Package topology reads the inventory of a TiDB cluster as tiup keeps it
// (a hand-written topology.yaml or tiup's own meta.yaml), resolves what tiup
// leaves implicit (ports, directories, unit names, PD store addresses), joins
// the result with the stores that PD reports, edits the one field that a
// decommission changes, and takes the entries out of what has left. It also says
// which directories an instance that leaves may take along.
//
// The bytes of the file stay the truth: nothing here ever renders YAML. An edit
// cuts or inserts a few bytes and proves, by parsing both versions, that nothing
// else changed its meaning.
//
// Rules that follow tiup name the file they come from, as of tiup 1.16. The
// package does no I/O; package topology/file does.
package topology
