package cmd

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ebb/burndown"
	"ebb/burndown/file"
	"ebb/cluster"
	"ebb/decommission"
)

// names are the stores that were recorded, by each of their names.
func (p *recordedPast) names() map[string]cluster.StoreID {
	names := make(map[string]cluster.StoreID)
	name := func(id cluster.StoreID, list ...string) {
		for _, n := range append(list, id.String()) {
			if n != "" && id != 0 {
				names[n] = id
			}
		}
	}
	for i := range p.runs {
		for k := range p.runs[i].Steps {
			s := &p.runs[i].Steps[k]
			var before decommission.UndoRecord
			if stepOf(s).Starts && json.Unmarshal(s.Undo, &before) == nil {
				name(before.StoreID, before.Address)
			}
		}
	}
	for i := range p.records {
		if s := p.records[i].Sample; s != nil {
			name(s.StoreID, s.Address, s.Node)
		}
	}
	return names
}

// choose resolves -N by what was recorded.
func (p *recordedPast) choose(in *burndown.Input, nodes []string) error {
	names := p.names()
	for _, node := range nodes {
		id, known := names[strings.TrimSpace(node)]
		if !known {
			err := fmt.Errorf("nothing is recorded of node %q", node)
			if len(names) == 0 {
				return nothingRecorded(err)
			}
			return &usageError{err, "recorded are: " + strings.Join(recordedNames(names), ", ")}
		}
		if !slices.Contains(in.Stores, id) {
			in.Stores = append(in.Stores, id)
		}
	}
	return nil
}

func recordedNames(names map[string]cluster.StoreID) []string {
	var list []string
	for name, id := range names {
		if name != id.String() {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// completeRecorded completes nodes from what was recorded, without asking PD.
func completeRecorded(env *Env) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		given, before, last := givenBefore(c, "node", toComplete)
		var offers []cobra.Completion
		ids, err := file.Clusters(env.samplesDir())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		for _, id := range ids {
			p, err := env.past(id)
			if err != nil {
				continue
			}
			names := p.names()
			for _, name := range recordedNames(names) {
				if store := names[name]; !slices.Contains(given, name) && !slices.Contains(given, store.String()) {
					offers = offer(offers, before, name, last, fmt.Sprintf("store %d of cluster %d", store, id))
				}
			}
		}
		return offers, cobra.ShellCompDirectiveNoFileComp
	}
}
