package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ebb/topology"
)

// What the help of a command says of its exit codes. Whatever asks a playground
// can be interrupted.
const (
	upStatus = `EXIT STATUS
    0  done: it was stopped with Ctrl-C, or by "stop", after it was ready
    1  failed
    4  wrong usage
  130  interrupted before it was ready`
	exitStatus = `EXIT STATUS
    0  done
    1  failed
    4  wrong usage
  130  interrupted before it was done`
	listStatus = `EXIT STATUS
    0  done
    1  failed
    4  wrong usage`
)

// meantError knows what was probably meant.
type meantError struct {
	error
	near []string
}

func (e *meantError) Hint() string { return "did you mean " + strings.Join(e.near, " or ") + "?" }

// noArgs refuses positional arguments, naming the nearest command where one was
// meant.
func noArgs(cmd *cobra.Command, args []string) error {
	err := cobra.NoArgs(cmd, args)
	if err == nil {
		return nil
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return usageError(err, topology.Nearest(args[0], names, 3))
}

// flagError names the nearest flag for one that does not exist.
func flagError(cmd *cobra.Command, err error) error {
	var near, names []string
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		near = topology.Nearest(unknown.GetSpecifiedName(), names, 2)
		for i := range near {
			near[i] = "--" + near[i]
		}
	}
	return usageError(err, near)
}

func usageError(err error, near []string) error {
	if len(near) > 0 {
		err = &meantError{err, near}
	}
	return &UsageError{Cause: err}
}

// exclusive refuses two flags that contradict each other. Cobra's own check gives
// an error that cannot be told from a failure.
func exclusive(cmd *cobra.Command, one, other string) error {
	if cmd.Flags().Changed(one) && cmd.Flags().Changed(other) {
		return &UsageError{fmt.Errorf("check flags: --%s and --%s exclude each other", one, other)}
	}
	return nil
}
