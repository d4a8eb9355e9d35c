package cmd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"ebb/decommission"
	"ebb/operators"
	"ebb/pdclient"
	"ebb/topology"
	"ebb/topology/file"
	"ebb/ui"
)

func TestExitCodeOf(t *testing.T) {
	plain := errors.New("plain")
	unreachable := &pdclient.UnreachableError{Tries: []pdclient.Try{{Endpoint: "http://a:1", Err: context.DeadlineExceeded}}}
	unknownOutcome := &pdclient.OutcomeUnknownError{Err: plain}
	tests := []struct {
		name string
		err  error
		want ExitCode
	}{
		{"nil", nil, ExitDone},
		{"plain", plain, ExitFailed},
		{"usage", &usageError{err: plain}, ExitUsage},
		{"coded", &codedError{plain, ExitLocked}, ExitLocked},
		{"coded over all else", &codedError{&usageError{err: plain}, ExitNo}, ExitNo},
		{"declined", errDeclined, ExitDeclined},
		{"topology", &topology.ParseError{}, ExitUsage},
		{"unknown node", &topology.UnknownNodeError{}, ExitUsage},
		{"ambiguous node", &topology.AmbiguousNodeError{}, ExitUsage},
		{"no store", &topology.NotAStoreError{Instance: &topology.Instance{}}, ExitUsage},
		{"tls file", &pdclient.TLSFileError{}, ExitUsage},
		{"joined nodes", errors.Join(&topology.UnknownNodeError{}, &topology.AmbiguousNodeError{}), ExitUsage},
		{"refused", &decommission.RefusedError{}, ExitNo},
		{"moved", &decommission.MovedError{}, ExitNo},
		{"unfinished", &decommission.UnfinishedError{Stores: []decommission.StoreWatch{{}}}, ExitNo},
		{"cannot tell", &decommission.UnknownError{}, ExitCannotTell},
		{"detached", decommission.ErrDetached, ExitInProgress},
		{"timeout", decommission.ErrTimeout, ExitInProgress},
		{"Ctrl-C at a prompt", ui.ErrInterrupted, ExitInterrupted},
		{"Ctrl-C elsewhere", context.Canceled, ExitInterrupted},
		{"unreachable", unreachable, ExitUnreachable},
		{"no leader", pdclient.ErrNoLeader, ExitUnreachable},
		{"deadline", context.DeadlineExceeded, ExitUnreachable},
		{"lost contact", &decommission.LostContactError{Err: unreachable}, ExitUnreachable},
		{"lost contact over something else", &decommission.LostContactError{Err: plain}, ExitUnreachable},
		{"outcome unknown", unknownOutcome, ExitPartly},
		{"orphans remain", &operators.RemainError{Outcomes: []operators.Outcome{{Result: operators.Failed}}}, ExitPartly},
		{"orphans, some removed, then unreachable", &operators.RemainError{Outcomes: []operators.Outcome{{Result: operators.Removed}}, Err: unreachable}, ExitPartly},
		{"orphans, unreachable at once", &operators.RemainError{Outcomes: []operators.Outcome{{Result: operators.NotTried}}, Err: unreachable}, ExitUnreachable},
		{"orphans, interrupted at once", &operators.RemainError{Outcomes: []operators.Outcome{{Result: operators.NotTried}}, Err: context.Canceled}, ExitInterrupted},
		{"partly", &decommission.PartialError{Err: plain}, ExitPartly},
		{"partly, then interrupted", &decommission.PartialError{Err: context.Canceled}, ExitPartly},
		{"partly, then unreachable", &decommission.PartialError{Err: unreachable}, ExitPartly},
		{"file locked", &file.LockedError{}, ExitLocked},
		{"tiup's lock", &file.ScaleOutError{}, ExitLocked},
		{"file changed", file.ErrChanged, ExitNo},
		{"file changed, partly", &decommission.PartialError{Err: file.ErrChanged}, ExitPartly},
		{"pd said no", &pdclient.StatusError{Status: 400}, ExitFailed},
		{"not decoded", &pdclient.DecodeError{Err: plain}, ExitFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := exitCodeOf(tt.err); got != tt.want {
				t.Errorf("exit code %d, want %d", got, tt.want)
			}
			if tt.err == nil {
				return
			}
			for _, wrapped := range []error{fmt.Errorf("x: %w", tt.err), &hintedError{tt.err, "y"}, errors.Join(plain, tt.err)} {
				if got := exitCodeOf(wrapped); got != tt.want {
					t.Errorf("wrapped in %T: exit code %d, want %d", wrapped, got, tt.want)
				}
			}
		})
	}
}

func TestExitCodesAreDocumented(t *testing.T) {
	topic := newExitCodesTopic().Long
	numbers, names := make(map[ExitCode]bool), make(map[string]bool)
	for _, e := range exitCodes {
		if numbers[e.Code] || names[e.Name] {
			t.Errorf("exit code %d (%s) is listed twice", e.Code, e.Name)
		}
		numbers[e.Code], names[e.Name] = true, true
		if e.Code.String() != e.Name || e.Text == "" || strings.HasSuffix(e.Text, ".") {
			t.Errorf("exit code %d: name %q, text %q", e.Code, e.Code, e.Text)
		}
		if !strings.Contains(topic, fmt.Sprintf("%5s  %s\n", strconv.Itoa(int(e.Code)), e.Text)) {
			t.Errorf("help exit-codes does not list %d", e.Code)
		}
	}
	if numbers[2] {
		t.Error("2 is what a panic of the Go runtime ends with")
	}
	for code := ExitDone; code <= ExitTuningNotUndone; code++ {
		if code != 2 && !numbers[code] {
			t.Errorf("exit code %d is not documented", code)
		}
	}
	if !numbers[ExitInterrupted] {
		t.Error("130 is not documented")
	}
}
