// Package burndown turns samples that were recorded while stores left, and what
// the journal tells of the same time, into the course of each leaving: how many
// regions were left when, at which rate, what it waited for, and how good the
// forecasts were.
//
// It knows no clock and no file. Times between samples that nobody watched are
// gaps: nothing is interpolated over them.
package burndown
