// Package tune makes PD move the regions of leaving stores faster for a while,
// and puts everything back.
//
// A profile is turned into a plan by pure code, from what PD says. A value is
// only ever raised, of single stores and never of all of them (POST
// /stores/limit would also brake the stores that leave, PD 4.0 to master). Where
// PD has values that expire by themselves, those are used: the permanent value
// then never changes, and a run that is killed leaves nothing behind that stays.
// The rest is written down with the value before, and restored only while PD
// still has what was set here.
//
// Temporary values cannot be read from PD in any version. What is known of ours
// comes from the journal; of others there is one sign at best, see
// Deps.TTLActive.
package tune
