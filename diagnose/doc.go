// Package diagnose says why stores that leave do not get on: it holds evidence
// that was read from PD, and judges it by small pure rules, each of which knows
// one cause. The same evidence gives the same report wherever it is judged.
package diagnose
