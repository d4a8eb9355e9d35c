package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ebb/playground/control"
	"ebb/playground/layout"
	"ebb/playground/store"
)

const faultLong = `Break something in a running playground, or mend it.

STORE is a store id, the address that PD knows, or the ID that tiup and ebb
display (for TiFlash that is HOST:9000). REGION is a region id. MEMBER is the
name of a PD member, such as pd-1. HOST is an address, such as 127.41.1.11, or a
name, such as tikv-1.

` + exitStatus

const faultExample = `  # a host dies; twenty seconds later PD calls the store Disconnected
  ebb-playground fault stop 127.41.1.11:20160

  # ten regions get a peer on a store that PD has never heard of
  ebb-playground fault orphan --count 10 --store 99 --replace

  # three regions lose their majority, but for the peer on this store
  ebb-playground fault lose-majority 127.41.1.12:20160 --count 3

  # the PD leader dies
  ebb-playground fault pd-stop pd-1

  # the power of a host fails, with its SSH server and all that runs there
  ebb-playground fault host-down 127.41.1.11`

// faultEnv is what all faults need: the playground that is meant.
type faultEnv struct {
	*Env
	which selection
}

func newFaultCmd(env *Env) *cobra.Command {
	fault := &faultEnv{Env: env}
	cmd := &cobra.Command{
		Use:     "fault",
		Short:   "Break something in a running playground, or mend it",
		Long:    faultLong,
		Example: faultExample,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	fault.which.addFlags(cmd.PersistentFlags())
	cmd.AddCommand(fault.storeCommands()...)
	cmd.AddCommand(fault.regionCommands()...)
	cmd.AddCommand(fault.pdCommands()...)
	cmd.AddCommand(fault.hostCommands()...)
	return cmd
}

func (s *selection) connect(env *Env) (*control.Client, error) {
	registry, err := env.registry()
	if err != nil {
		return nil, err
	}
	record, err := s.find(registry)
	if err != nil {
		return nil, err
	}
	if !record.Ready {
		return nil, fmt.Errorf("connect to playground %q: it is still starting", record.Name)
	}
	return control.NewClient(record.Control), nil
}

// faultFunc does one fault and says what it did.
type faultFunc func(ctx context.Context, client *control.Client, args []string) (string, error)

// command makes a subcommand of "fault" that takes between least and most
// arguments.
func (f *faultEnv) command(use, short string, least, most int, do faultFunc) *cobra.Command {
	verb, _, _ := strings.Cut(use, " ")
	return &cobra.Command{
		Use:     use,
		Short:   short,
		Long:    short + ".\n\n" + exitStatus,
		Example: faultExamples[verb],
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.RangeArgs(least, most)(cmd, args); err != nil {
				return &UsageError{Cause: err}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := f.which.connect(f.Env)
			if err != nil {
				return err
			}
			did, err := do(cmd.Context(), client, args)
			if err != nil {
				return err
			}
			fmt.Fprintln(f.Err, did)
			return nil
		},
	}
}

// UnknownStoreError says that the playground has no such store.
type UnknownStoreError struct {
	Text  string
	Known []string
}

func (e *UnknownStoreError) Error() string {
	return fmt.Sprintf("find store %q: the stores are %s", e.Text, strings.Join(e.Known, ", "))
}

// findStore returns the store that a user names by id or address.
func findStore(ctx context.Context, client *control.Client, text string) (store.StoreState, error) {
	stores, err := client.Stores(ctx)
	if err != nil {
		return store.StoreState{}, err
	}
	known := make([]string, 0, len(stores))
	for _, s := range stores {
		if text == strconv.FormatUint(s.ID, 10) || text == s.Address || text == tiupID(s.Spec) {
			return s, nil
		}
		known = append(known, fmt.Sprintf("%d (%s)", s.ID, tiupID(s.Spec)))
	}
	return store.StoreState{}, &UnknownStoreError{Text: text, Known: known}
}

// tiupID is the name under which tiup and ebb display a store.
func tiupID(spec store.Spec) string {
	port := spec.Port
	if spec.Engine == store.TiFlash {
		port = layout.TiFlashTCPPort
	}
	return net.JoinHostPort(spec.Host, strconv.Itoa(port))
}

func parseRegion(text string) (uint64, error) {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil || id == 0 {
		return 0, &UsageError{fmt.Errorf("parse region %q: want a region id", text)}
	}
	return id, nil
}
