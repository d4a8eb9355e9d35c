package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ebb/playground/control"
	"ebb/playground/store"
)

// status is what is true in a playground; PD may not know it yet.
type status struct {
	// PDLeader is empty if PD has none, or is not the playground's own.
	PDLeader   string             `json:"pd_leader"`
	Stores     []store.StoreState `json:"stores"`
	NoMajority []uint64           `json:"no_majority"` // region ids
}

func newStatusCmd(env *Env) *cobra.Command {
	var (
		which     selection
		output    string
		noHeaders bool
	)
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the simulated stores as they truly are",
		Long: `Show the simulated stores as they truly are, which PD may learn later or never:
what runs, what was broken with "fault", and which regions have no majority.

` + exitStatus,
		Example: `  ebb-playground status
  ebb-playground status --name playground-2 -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := validateOutput(output); err != nil {
				return err
			}
			client, err := which.connect(env)
			if err != nil {
				return err
			}
			now, err := readStatus(cmd.Context(), client)
			if err != nil {
				return err
			}
			if output == outputJSON {
				return writeJSON(env.Out, now)
			}
			return now.print(env, noHeaders)
		},
	}
	which.addFlags(cmd.Flags())
	addOutputFlag(cmd, &output)
	addNoHeadersFlag(cmd, &noHeaders)
	return cmd
}

func readStatus(ctx context.Context, client *control.Client) (status, error) {
	now := status{NoMajority: []uint64{}}
	var err error
	if now.Stores, err = client.Stores(ctx); err != nil {
		return now, err
	}
	lost, err := client.Regions(ctx, store.RegionFilter{NoMajority: true})
	if err != nil {
		return now, err
	}
	for _, region := range lost {
		now.NoMajority = append(now.NoMajority, region.ID)
	}
	now.PDLeader, err = client.PDLeader(ctx)
	// No leader, or a PD that is not ours, is a state to show.
	var refused *control.Error
	if errors.As(err, &refused) && (refused.Status == http.StatusConflict || refused.Status == http.StatusBadGateway) {
		return now, nil
	}
	return now, err
}

func (s status) print(env *Env, noHeaders bool) error {
	t := table{noHeaders: noHeaders, names: []string{"STORE", "ID", "ENGINE", "PROCESS", "REGIONS", "LEADERS", "USED", "FAULTS"}}
	for _, st := range s.Stores {
		used := size(st.Used)
		t.rows = append(t.rows, []cell{
			text("%d", st.ID), text("%s", tiupID(st.Spec)), text("%s", st.Engine), text("%s", process(st)),
			text("%d", st.Regions), text("%d", st.Leaders), {used.String(), strconv.FormatUint(st.Used, 10)}, text("%s", faults(st)),
		})
	}
	if err := t.write(env.Out); err != nil {
		return err
	}
	if s.PDLeader != "" {
		fmt.Fprintf(env.prose(), "PD leader: %s\n", s.PDLeader)
	}
	if len(s.NoMajority) > 0 {
		fmt.Fprintf(env.prose(), "regions without a majority: %s\n", joinIDs(s.NoMajority))
	}
	return nil
}

func process(st store.StoreState) string {
	switch {
	case st.Forgotten:
		return "gone"
	case st.Running:
		return "runs"
	}
	return "stopped"
}

// faults lists what is wrong with a store.
func faults(st store.StoreState) string {
	list := make([]string, 0, 4)
	if st.SlowFactor > 1 {
		list = append(list, fmt.Sprintf("%g times as slow", st.SlowFactor))
	}
	if st.SlowScore > 1 {
		list = append(list, fmt.Sprintf("slow score %d", st.SlowScore))
	}
	if st.Busy {
		list = append(list, "busy")
	}
	if st.IgnoreOperators {
		list = append(list, "ignores operators")
	}
	if st.LastError != "" {
		list = append(list, "PD says: "+st.LastError)
	}
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, ", ")
}
