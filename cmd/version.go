package cmd

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// Version, Commit and Date (of the commit, RFC 3339) are set by the linker.
var (
	Version = "dev"
	Commit  string
	Date    string
)

// buildVersion tells what the program was built from. What the linker was not
// told, as with a plain go build, the go command may have written down.
func buildVersion() versionDocument {
	v := versionDocument{head("version"), Version, Commit, Date, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok && v.Commit == "" {
		v.recall(info.Settings)
	}
	return v
}

// recall takes commit and date from what the go command has recorded.
func (v *versionDocument) recall(settings []debug.BuildSetting) {
	modified := ""
	for _, s := range settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.Date = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				modified = "-dirty"
			}
		}
	}
	if v.Commit != "" {
		v.Commit += modified
	}
}

func (v versionDocument) String() string {
	const shortCommit, day = 12, len("2006-01-02")
	facts := []string{v.Go, v.Platform}
	if v.Date != "" {
		facts = append([]string{v.Date[:min(day, len(v.Date))]}, facts...)
	}
	if v.Commit != "" {
		hash, dirty, _ := strings.Cut(v.Commit, "-")
		short := hash[:min(shortCommit, len(hash))]
		facts = append([]string{"commit " + strings.TrimSuffix(short+"-"+dirty, "-")}, facts...)
	}
	return fmt.Sprintf("ebb %s (%s)", v.Version, strings.Join(facts, ", "))
}

func newVersionCommand(env *Env) *cobra.Command {
	var out outputOptions
	c := &cobra.Command{
		Use: "version", Short: "Print the version",
		Long: `Print the version of ebb, the commit that it was built from with its day, the Go
toolchain that built it, and the platform that it was built for.` + exitStatus(ExitDone, ExitFailed, ExitUsage),
		Example: "  ebb version\n  ebb version -o json",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := out.validate(); err != nil {
				return err
			}
			v := buildVersion()
			if out.json() {
				return out.print(c.Context(), env, v)
			}
			_, err := fmt.Fprintln(env.Streams.Out, v)
			return err
		},
	}
	out.register(c)
	return c
}
