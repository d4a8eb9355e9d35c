// Command measure runs a command and writes to file descriptor 3 what it cost.
//
// A process begins with the peak memory of the one that started it, which the
// kernel does not forget. So commands are not started from the benchmark, which
// has PD linked in, but from here.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"ebb/playground/bench/cost"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("no command given")
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	began := time.Now()
	err := cmd.Run()
	wall := time.Since(began)
	if cmd.ProcessState == nil {
		return err
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return fmt.Errorf("run %q: the system does not say what it cost", args[0])
	}
	return json.NewEncoder(os.NewFile(3, "cost")).Encode(cost.Cost{
		Wall: wall, CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		PeakKiB: usage.Maxrss, Exit: cmd.ProcessState.ExitCode(),
	})
}
