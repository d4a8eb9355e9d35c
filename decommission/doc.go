// Package decommission takes stores out of a cluster and back in. Every change
// is planned first, as a pure function of what PD said (Check, PlanScaleIn,
// PlanCancel), and applied afterwards by a function that reads the cluster
// again and refuses when it has moved. Waiting is a pure state machine over
// snapshots (Watch).
//
// The package does no I/O of its own: it declares the few methods that it needs
// of PD, of the journal and of the topology file, and its caller joins them.
package decommission
