package cmd

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"
)

// playgroundProgram is a program of its own, because it contains a whole PD.
const playgroundProgram = "ebb-playground"

func newPlaygroundCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "playground [flags]",
		Short: "Run a local cluster to try everything on",
		Long: `Run a real PD with simulated TiKV and TiFlash stores on this machine. The work is
done by the program ebb-playground, looked for beside ebb and then on PATH; all
arguments are passed on to it, so see: ebb playground --help` +
			exitStatus(ExitDone, ExitFailed, ExitUsage, ExitInterrupted),
		Example: `  ebb playground --stores 5 --tiflash 1 --regions 2000
  ebb playground stop --all`,
		GroupID:            groupLocal,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			path, err := findPlayground()
			if err != nil {
				return &hintedError{err, "build it with: make build"}
			}
			err = env.Run(c.Context(), path, args)
			var exit *exec.ExitError
			if errors.As(err, &exit) && exit.Exited() {
				return &codedError{errTold, ExitCode(exit.ExitCode())}
			}
			return err
		},
	}
}

func findPlayground() (string, error) {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), playgroundProgram)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	return exec.LookPath(playgroundProgram)
}
