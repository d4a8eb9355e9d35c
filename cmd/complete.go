package cmd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/operators"
	"ebb/topology"
	"ebb/topology/file"
)

// completeTree gives all commands below c their completion. What fails offers
// nothing and says nothing. --accept-risk and --cluster-id are left out on
// purpose: whoever gives them shall have read the plan that names them.
func completeTree(env *Env, c *cobra.Command) {
	for _, sub := range c.Commands() {
		completeTree(env, sub)
	}
	if c.DisableFlagParsing || c.HasSubCommands() && !strings.Contains(c.Use, "[CLUSTER]") {
		return
	}
	if c.Runnable() && c.ValidArgsFunction == nil {
		c.ValidArgsFunction = completeArgs(env, c.Name())
	}
	for name, complete := range map[string]cobra.CompletionFunc{
		"node":   completeNodes(env, eligibleFor(c.Name())),
		"store":  completeStores(env),
		"zone":   completeZones(env),
		"pd":     cobra.NoFileCompletions,
		"role":   cobra.FixedCompletions([]string{string(topology.RoleTiKV), string(topology.RoleTiFlash)}, cobra.ShellCompDirectiveNoFileComp),
		"format": cobra.FixedCompletions(scriptFormats(), cobra.ShellCompDirectiveNoFileComp),
		// --interval and its like take a value that nobody can guess.
		"interval": cobra.NoFileCompletions, "timeout": cobra.NoFileCompletions, "jq": cobra.NoFileCompletions,
	} {
		if c.Flags().Lookup(name) == nil {
			continue
		}
		if _, has := c.GetFlagCompletionFunc(name); !has {
			_ = c.RegisterFlagCompletionFunc(name, complete) // the flag exists
		}
	}
	if c.Flags().Lookup("topology") != nil {
		_ = c.MarkFlagFilename("topology", "yaml", "yml") // the flag exists
	}
}

func scriptFormats() []string {
	return []string{string(operators.FormatPDCtl), string(operators.FormatCurl), string(operators.FormatJSON)}
}

// eligibleFor tells which stores a verb may be meant for; nil: every one.
func eligibleFor(verb string) func(*cluster.Store, time.Time) bool {
	switch verb {
	case "scale-in":
		return chooseLeaving.eligible
	case "cancel-offline":
		return chooseReturning.eligible
	case "fence":
		return chooseFenced.eligible
	case "force-remove":
		return chooseDead.eligible
	case "prune":
		return func(s *cluster.Store, _ time.Time) bool { return s.State == cluster.Tombstone }
	case "watch":
		return func(s *cluster.Store, _ time.Time) bool { return s.Leaving() }
	}
	return nil
}

// completeArgs completes the name of a cluster, and ids of stores where they are
// arguments.
func completeArgs(env *Env, verb string) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var offers []cobra.Completion
		named := c.Flags().Changed("topology") || c.Flags().Changed("pd")
		switch {
		case !strings.Contains(c.Use, "[CLUSTER]"):
		case verb == "explain" && len(args) != 1, verb != "explain" && len(args) != 0:
		case !named:
			offers = completeClusters(toComplete)
		}
		if verb == "store" && (named && len(args) == 0 || !named && len(args) == 1) {
			source := readForCompletion(env, c, args)
			offers = append(offers, source.storeIDs("", toComplete, nil)...)
		}
		return offers, cobra.ShellCompDirectiveNoFileComp
	}
}

func completeClusters(toComplete string) []cobra.Completion {
	names, err := file.ClusterNames("")
	if err != nil {
		return nil
	}
	var offers []cobra.Completion
	for _, name := range names {
		offers = offer(offers, "", name, toComplete, "tiup cluster")
	}
	return offers
}

// completeNodes completes the last of the nodes with commas between.
func completeNodes(env *Env, eligible func(*cluster.Store, time.Time) bool) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		given, before, last := givenBefore(c, "node", toComplete)
		source := readForCompletion(env, c, args)
		var offers []cobra.Completion
		for _, n := range source.match.All() {
			s := n.Store
			if s != nil && eligible != nil && !eligible(s, source.now) {
				continue
			}
			what := "not asked"
			if s != nil {
				what = fmt.Sprintf("store %d, %s, %d regions", s.ID, s.StateName, s.RegionCount)
			} else if source.stores != nil {
				continue // PD has no store there, so there is nothing to do with it
			}
			if !slices.Contains(given, n.Name()) && (s == nil || !slices.Contains(given, s.ID.String())) {
				offers = offer(offers, before, n.Name(), last, what)
			}
		}
		if last != "" {
			offers = append(offers, source.storeIDs(before, last, func(s *cluster.Store) bool {
				return !slices.Contains(given, s.ID.String()) && (eligible == nil || eligible(s, source.now))
			})...)
		}
		return offers, cobra.ShellCompDirectiveNoFileComp
	}
}

// givenBefore splits the value of a flag that takes a list: what was given of it
// already, here and in earlier uses of the flag, what stands before the element
// to complete, and that element.
func givenBefore(c *cobra.Command, flag, toComplete string) (given []string, before, last string) {
	at := strings.LastIndexByte(toComplete, ',') + 1
	before, last = toComplete[:at], toComplete[at:]
	given, _ = c.Flags().GetStringSlice(flag) // nil where it is no such list
	return append(slices.Clone(given), strings.Split(before, ",")...), before, last
}

// completeStores completes ids of stores, one or several with commas between.
func completeStores(env *Env) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		given, before, last := givenBefore(c, "store", toComplete)
		source := readForCompletion(env, c, args)
		return source.storeIDs(before, last, func(s *cluster.Store) bool { return !slices.Contains(given, s.ID.String()) }), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeZones completes labels that stores have.
func completeZones(env *Env) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		stores := make(map[string]int)
		source := readForCompletion(env, c, args)
		for i := range source.stores {
			for _, l := range source.stores[i].Labels {
				stores[l.Key+"="+l.Value]++
			}
		}
		var offers []cobra.Completion
		for label, n := range stores {
			offers = offer(offers, "", label, toComplete, strconv.Itoa(n)+" stores")
		}
		slices.Sort(offers)
		return offers, cobra.ShellCompDirectiveNoFileComp
	}
}
