package cmd

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// Version is set by the linker.
var Version = "dev"

func newVersionCommand(env *Env) *cobra.Command {
	var out outputOptions
	c := &cobra.Command{
		Use: "version", Short: "Print the version",
		Long:    "Print the version of ebb and of the Go toolchain that built it." + exitStatus(ExitDone, ExitUsage),
		Example: "  ebb version\n  ebb version -o json",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := out.validate(); err != nil {
				return err
			}
			if out.json() {
				return out.print(c.Context(), env.Streams.Out, struct {
					SchemaVersion int    `json:"schema_version"`
					Version       string `json:"version"`
					Go            string `json:"go"`
					Platform      string `json:"platform"`
				}{schemaVersion, Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH})
			}
			_, err := fmt.Fprintf(env.Streams.Out, "ebb %s (%s, %s/%s)\n", Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
	out.register(c)
	return c
}
