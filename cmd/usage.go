package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ebb/topology"
)

// noArgs refuses arguments, naming the nearest command where one was meant.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if c.HasSubCommands() {
		return unknownCommand(c, args[0])
	}
	return &usageError{
		fmt.Errorf("%s takes no argument: %s", c.CommandPath(), strings.Join(args, " ")),
		seeHelp(c),
	}
}

// unknownCommand says that c has no command of that name, and which it may be.
func unknownCommand(c *cobra.Command, name string) error {
	err := &usageError{fmt.Errorf("unknown command %q for %q", name, c.CommandPath()), seeHelp(c)}
	if near := nearCommands(c, name); len(near) > 0 {
		err.hint = didYouMean(near)
	}
	return err
}

// nearCommands are the commands and topics below c that name may be meant for.
func nearCommands(c *cobra.Command, name string) []string {
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
		if !c.HasParent() && slices.Contains(otherWords[sub.Name()], name) {
			return []string{sub.Name()}
		}
	}
	near := topology.Nearest(name, names, 3)
	for _, longer := range names { // "scale" is no slip of "scale-in"
		if len(name) >= 3 && strings.HasPrefix(longer, strings.ToLower(name)) && !slices.Contains(near, longer) {
			near = append(near, longer)
		}
	}
	return near
}

// otherWords are what other programs call our commands, or what people do.
var otherWords = map[string][]string{
	"audit":          {"history", "journal", "log", "logs"},
	"cancel-offline": {"cancel-delete", "recommission", "undo"},
	"diagnose":       {"doctor", "why"},
	"display":        {"list", "ls", "show", "status"},
	"fence":          {"isolate", "mask"},
	"force-remove":   {"force", "unsafe", "unsafe-recovery"},
	"orphans":        {"remove-peer"},
	"playground":     {"demo"},
	"prune":          {"clean", "cleanup", "destroy", "remove-tombstone"},
	"scale-in":       {"decommission", "delete", "drain", "offline", "remove"},
	"tune":           {"limit", "limits", "speed", "store-limit"},
	"watch":          {"monitor", "progress", "wait"},
}

// otherFlags are hints for flags that other programs have, and none of ours.
var otherFlags = map[string]string{
	"force": "no flag skips the checks; a refusal that may be overridden names its --accept-risk, and ebb force-remove is for stores whose hosts are dead",
	"json":  "did you mean -o json?",
	"quiet": "what is on stderr can be left out with 2>/dev/null",
}

// clusterArg takes at most one argument, the name of a tiup cluster.
func clusterArg(c *cobra.Command, args []string) error {
	if len(args) <= 1 {
		return nil
	}
	err := &usageError{errors.New("more than one cluster name: " + strings.Join(args, " ")), seeHelp(c)}
	if c.Flags().Lookup("node") != nil {
		err.hint += "; nodes are given with -N"
	}
	if near := nearCommands(c, args[0]); len(near) > 0 {
		err.hint = didYouMean(near)
	}
	return err
}

// clusterAndID takes the name of a cluster, an id, or both.
func clusterAndID(c *cobra.Command, args []string) error {
	if len(args) <= 2 {
		return nil
	}
	return &usageError{errors.New("want a cluster name and one id: " + strings.Join(args, " ")), seeHelp(c)}
}

// flagError says what is wrong with a flag, and which one may be meant.
func flagError(c *cobra.Command, err error) error {
	if words := c.Flags().Args(); c.HasSubCommands() && len(words) > 0 && c.Flags().Lookup("output") == nil {
		return noArgs(c, words) // of a command that does not exist no flag is known
	}
	var (
		unknown *pflag.NotExistError
		invalid *pflag.InvalidValueError
		hint    = seeHelp(c)
	)
	switch {
	case errors.As(err, &unknown):
		if meant := meantFlag(c, unknown); meant != "" {
			hint = meant
		}
	case errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "duration":
		hint = "a time is a number with a unit, as in 90s, 10m or 1h30m"
	}
	return &usageError{err, hint}
}

// meantFlag is a hint for a flag that c does not have: which of its flags is
// near, or whose flag it is; "" when it is nobody's.
func meantFlag(c *cobra.Command, unknown *pflag.NotExistError) string {
	name, short := unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames()
	if len(short) > 1 {
		name, _, _ = strings.Cut(short, "=") // -dry-run: one dash is missing
	} else if short != "" {
		return ownersHint(c, "-"+short, func(f *pflag.FlagSet) bool { return f.ShorthandLookup(short) != nil })
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if near := topology.Nearest(name, names, 2); len(near) > 0 {
		for i := range near {
			near[i] = "--" + near[i]
		}
		return didYouMean(near)
	}
	if hint, ok := otherFlags[name]; ok {
		return hint
	}
	return ownersHint(c, "--"+name, func(f *pflag.FlagSet) bool { return f.Lookup(name) != nil })
}

// ownersHint names the commands that have a flag, if they are few.
func ownersHint(c *cobra.Command, flag string, has func(*pflag.FlagSet) bool) string {
	const few = 3
	var owners []string
	eachCommand(c.Root(), func(other *cobra.Command) {
		if has(other.LocalFlags()) {
			owners = append(owners, other.CommandPath())
		}
	})
	if len(owners) == 0 || len(owners) > few {
		return ""
	}
	return fmt.Sprintf("%s is a flag of %s; %s", flag, strings.Join(owners, " and "), seeHelp(c))
}

// eachCommand calls visit for c and all commands below it.
func eachCommand(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		eachCommand(sub, visit)
	}
}

func seeHelp(c *cobra.Command) string { return fmt.Sprintf("see %s --help", c.CommandPath()) }

func didYouMean(near []string) string { return "did you mean " + strings.Join(near, " or ") + "?" }

// oneOf is a hint for a word that is none of those known.
func oneOf(word string, known []string) string {
	if near := topology.Nearest(word, known, 3); len(near) > 0 {
		return didYouMean(near)
	}
	return "known are " + strings.Join(known, ", ")
}
