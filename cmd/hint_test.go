package cmd

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"ebb/decommission"
	"ebb/topology"
)

func TestHints(t *testing.T) {
	plain := errors.New("plain")
	one := &hintedError{plain, "one"}
	two := &hintedError{plain, "two"}
	tests := []struct {
		name string
		err  error
		want []string
	}{
		{"none", plain, nil},
		{"nil", nil, nil},
		{"direct", one, []string{"one"}},
		{"wrapped", fmt.Errorf("x: %w", one), []string{"one"}},
		{"the outermost wins", &hintedError{one, "outer"}, []string{"outer"}},
		{"an empty one hides nothing", &usageError{err: one}, []string{"one"}},
		{"an exit code hides nothing", &codedError{one, ExitNo}, []string{"one"}},
		{"joined", errors.Join(plain, one, two), []string{"one", "two"}},
		{"joined twice", errors.Join(one, errors.Join(one, two)), []string{"one", "two"}},
		{"two %w", fmt.Errorf("%w and %w", two, one), []string{"two", "one"}},
		{"nodes", errors.Join(
			&topology.UnknownNodeError{Name: "a", Nearest: []string{"a:1"}},
			&topology.UnknownNodeError{Name: "b", Nearest: []string{"b:1"}},
		), []string{"did you mean a:1?", "did you mean b:1?"}},
		{"refused", &decommission.RefusedError{Findings: []decommission.Finding{
			{Result: decommission.Unknown, Fix: "look"}, {Result: decommission.Refused, Fix: "fix it"},
		}}, []string{"fix it"}},
		{"partly", &decommission.PartialError{Err: one}, []string{(&decommission.PartialError{}).Hint()}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := hintsOf(tt.err); !slices.Equal(got, tt.want) {
				t.Errorf("hints %q, want %q", got, tt.want)
			}
		})
	}
}
