package cmd

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/topology"
	"ebb/ui"
)

// completionPatience bounds what completion asks PD: somebody waits at a prompt,
// and no answer is as good as a late one.
const completionPatience = 900 * time.Millisecond

// completionSource is what nodes and stores are offered from. stores is nil where
// PD did not answer in time; now is PD's clock.
type completionSource struct {
	match  topology.Match
	stores []cluster.Store
	now    time.Time
}

// readForCompletion reads the cluster that the words so far name.
func readForCompletion(env *Env, c *cobra.Command, args []string) completionSource {
	var sel selection
	f := c.Flags()
	// Flags that a command lacks, or that were not given, stay empty.
	sel.topologyPath, _ = f.GetString("topology")
	sel.pd, _ = f.GetStringSlice("pd")
	sel.tls.CACert, _ = f.GetString("cacert")
	sel.tls.Cert, _ = f.GetString("cert")
	sel.tls.Key, _ = f.GetString("key")
	sel.useProxy, _ = f.GetBool("pd-proxy")
	sel.pdTimeout = completionPatience
	args = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return strings.Trim(arg, "0123456789") == "" })
	if len(args) > 1 {
		args = args[:1]
	}
	t, err := sel.open(env, args)
	if err != nil {
		return completionSource{}
	}
	defer t.pd.Close()
	ctx, cancel := context.WithTimeout(c.Context(), completionPatience)
	defer cancel()
	stores, now, err := t.pd.Stores(ctx)
	if err != nil {
		stores = nil
	}
	return completionSource{topology.MatchStores(t.topology, stores), stores, now}
}

// storeIDs offers the ids of the stores that wanted wants; nil: of all.
func (s *completionSource) storeIDs(before, last string, wanted func(*cluster.Store) bool) []cobra.Completion {
	var offers []cobra.Completion
	for i := range s.stores {
		if store := &s.stores[i]; wanted == nil || wanted(store) {
			offers = offer(offers, before, store.ID.String(), last, store.Address+", "+store.StateName)
		}
	}
	return offers
}

// plain is what the words of an offer may be made of. The scripts of the shells
// hand them on to be expanded, and names come from a cluster.
var plain = regexp.MustCompile(`^[-A-Za-z0-9._:=/\[\]]+$`)

// offer adds a word that begins as what was typed.
func offer(offers []cobra.Completion, before, word, typed, what string) []cobra.Completion {
	if !strings.HasPrefix(word, typed) || !plain.MatchString(word) {
		return offers
	}
	return append(offers, cobra.CompletionWithDesc(before+word, strings.Map(describable, ui.Clean(what))))
}

// describable leaves out of a description what a shell might expand.
func describable(r rune) rune {
	if strings.ContainsRune("$`\\'\"\t\n", r) {
		return -1
	}
	return r
}
