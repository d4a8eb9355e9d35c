package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"ebb/playground/layout"
	"ebb/playground/local"
	"ebb/playground/runstate"
)

// upOptions are the flags of "up".
type upOptions struct {
	name, dir, net string
	topology       string // a file
	topologyText   []byte // nil without

	stores, tiflash, zones, replicas, pdCount int
	tiflashReplicas                           int
	regions                                   int
	regionSize, capacity                      size
	storeLimit, speed                         float64
	hosts                                     bool
	tiflashDirs                               int

	pdServer string
	pd       []string

	background bool
	readyFD    int // where a background process says that it is ready
	output     string
}

const upLong = `Start a playground and keep it until Ctrl-C, or, with --background, until
"ebb-playground stop". Nothing stays behind then, but for the directory if --dir
named one.

Every store has a host of its own, to log in to over SSH as with tiup: with
directories, systemd units and a process that can be stopped or killed. As root,
or where the kernel lets users have namespaces, what a login changes in /etc and
/usr/bin is the host's own; elsewhere the units are those of a user, as with
tiup's systemd_mode: user. --hosts=false spares all of that, for hundreds of
thousands of regions or dozens of stores.

` + upStatus

const upExample = `  # five TiKV stores in three zones, one TiFlash store, one embedded PD
  ebb-playground

  # three PD members, in the background, for a script
  ebb-playground --pd-count 3 --background -o json

  # the shape of a cluster of your own: 10.0.1.11 is then 127.41.7.11, or the like
  ebb-playground --topology topology.yaml

  # a pd-server of any version, and its limits made wide
  ebb-playground --pd-server ~/.tiup/components/pd/v7.5.1/pd-server --store-limit 200

  # stores that join a PD that runs already
  ebb-playground --pd http://127.0.0.1:2379 --stores 3`

func newUpCmd(env *Env) *cobra.Command {
	opts := &upOptions{regionSize: 96 << 20, capacity: 2 << 40}
	cmd := &cobra.Command{
		Use:     "up",
		Short:   "Start a playground",
		Long:    upLong,
		Example: upExample,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, flag := range []string{"pd-server", "pd-count"} {
				if err := exclusive(cmd, "pd", flag); err != nil {
					return err
				}
			}
			for _, flag := range shapeFlags {
				if err := exclusive(cmd, "topology", flag); err != nil {
					return err
				}
			}
			if err := opts.validate(); err != nil {
				return err
			}
			if opts.background {
				return runInBackground(cmd.Context(), env, cmd.Flags(), opts.output)
			}
			return runUp(cmd.Context(), env, opts)
		},
	}
	opts.addFlags(cmd)
	return cmd
}

// shapeFlags are those that a topology takes the place of.
var shapeFlags = []string{"stores", "tiflash", "replicas", "zones", "tiflash-dirs", "hosts", "pd-count", "pd"}

func (o *upOptions) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.IntVar(&o.stores, "stores", 5, "number of TiKV `stores`")
	flags.IntVar(&o.tiflash, "tiflash", 1, "number of TiFlash `stores`")
	flags.IntVar(&o.regions, "regions", 2000, "number of `regions`")
	flags.IntVar(&o.replicas, "replicas", 3, "`voters` of each region (PD's max-replicas)")
	flags.IntVar(&o.tiflashReplicas, "tiflash-replicas", 1, "TiFlash `replicas` of the tables that have any; 0 for none")
	flags.IntVar(&o.zones, "zones", 3, "number of `zones` the stores are spread over; 0 for no zone label")
	flags.Var(&o.regionSize, "region-size", "`size` of each region")
	flags.Var(&o.capacity, "capacity", "disk `size` of each store")
	flags.IntVar(&o.tiflashDirs, "tiflash-dirs", 1, "number of data `directories` of each TiFlash store")
	flags.BoolVar(&o.hosts, "hosts", true, "give the stores hosts: processes, directories, systemd units, SSH; --hosts=false spares all of it")
	flags.Float64Var(&o.speed, "speed", 1, "`factor` by which heartbeats, operators and snapshots are faster")
	flags.Float64Var(&o.storeLimit, "store-limit", 0, "`peers` each store may add in a minute; 0 for PD's default")
	flags.IntVar(&o.pdCount, "pd-count", 1, "number of PD `members`, 1 or 3")
	flags.StringVar(&o.topology, "topology", "", "take the shape of the tiup topology in this `file`, with its hosts and directories moved to this machine")
	flags.StringVar(&o.pdServer, "pd-server", "", "run this pd-server `file` instead of the embedded PD")
	flags.StringSliceVar(&o.pd, "pd", nil, "join the stores to the PD at these `URLs` instead of starting one")
	flags.StringVar(&o.name, "name", "", "`name` of the playground (default playground, playground-2, ...)")
	flags.StringVar(&o.dir, "dir", "", "`directory` for data, logs and topology.yaml, kept at the end (default a temporary one)")
	flags.StringVar(&o.net, "net", "", "first three numbers of the loopback `network` to use, such as 127.41.7 (default a free one)")
	flags.BoolVar(&o.background, "background", false, "return when the playground is ready and leave it running")
	addOutputFlag(cmd, &o.output)
	flags.IntVar(&o.readyFD, "ready-fd", 0, "")
	flags.Lookup("ready-fd").Hidden = true
}

func (o *upOptions) validate() error {
	if err := errors.Join(validateOutput(o.output), o.readTopology()); err != nil {
		return err
	}
	for i, raw := range o.pd {
		parsed, err := url.Parse(raw)
		if err != nil || parsed.Scheme != "http" || parsed.Port() == "" {
			return &UsageError{fmt.Errorf("check --pd %q: want http://HOST:PORT", raw)}
		}
		o.pd[i] = strings.TrimSuffix(raw, "/")
	}
	switch {
	case o.regions < 1:
		return &UsageError{fmt.Errorf("check --regions %d: want at least 1", o.regions)}
	case o.regionSize < 1<<20:
		return &UsageError{fmt.Errorf("check --region-size %s: want at least 1MiB", &o.regionSize)}
	case o.speed <= 0:
		return &UsageError{fmt.Errorf("check --speed %g: want more than 0", o.speed)}
	case o.storeLimit < 0:
		return &UsageError{fmt.Errorf("check --store-limit %g: want 0 or more", o.storeLimit)}
	case o.tiflashReplicas < 0:
		return &UsageError{fmt.Errorf("check --tiflash-replicas %d: want 0 or more", o.tiflashReplicas)}
	}
	return o.shape().Validate()
}

func (o *upOptions) shape() layout.Shape {
	members := o.pdCount
	if len(o.pd) > 0 {
		members = 0
	}
	return layout.Shape{
		PD: members, TiKV: o.stores, TiFlash: o.tiflash, Zones: o.zones,
		Replicas: o.replicas, Capacity: uint64(o.capacity), TiFlashDirs: o.tiflashDirs,
	}
}

// runUp runs a playground in this process until ctx ends.
func runUp(ctx context.Context, env *Env, opts *upOptions) (err error) {
	began := time.Now()
	if opts.readyFD > 0 {
		// A pd-server that inherits the pipe would keep it open.
		unix.CloseOnExec(opts.readyFD)
	}
	network, err := holdNetwork(ctx, opts)
	if err != nil {
		return err
	}
	defer network.Listener().Close()
	registry, err := env.registry()
	if err != nil {
		return err
	}
	record, err := register(registry, opts, network)
	if err != nil {
		return err
	}
	// Clean also removes the directory, if it is a temporary one.
	defer func() { err = errors.Join(err, registry.Clean(record)) }()

	logFile, err := os.OpenFile(filepath.Join(record.Dir, "playground.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer logFile.Close()

	playground, err := local.Start(ctx, local.Config{
		Shape:      opts.shape(),
		Topology:   opts.topologyText,
		Network:    network,
		Dir:        record.Dir,
		PDBinary:   opts.pdServer,
		JoinPD:     opts.pd,
		Regions:    opts.regions,
		RegionSize: int64(opts.regionSize >> 20),
		Learners:   opts.tiflashReplicas,
		StoreLimit: opts.storeLimit,
		Hosts:      opts.hosts,
		Speed:      opts.speed,
		Log:        slog.New(slog.NewTextHandler(logFile, nil)),
		Progress:   func(step string) { fmt.Fprintln(env.Err, step) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, playground.Close()) }()

	record.Ready, record.Topology, record.PD, record.SSH = true, playground.Topology(), playground.PD(), login(playground)
	if err := registry.Update(record); err != nil {
		return err
	}
	if err := announcementOf(record, opts, playground, time.Since(began)).publish(env, opts, logFile); err != nil {
		return err
	}
	<-ctx.Done()
	fmt.Fprintf(env.Err, "stopping playground %q\n", record.Name)
	return nil
}

// login is how to log in to the hosts of a playground; nil if it has none.
func login(playground *local.Playground) *runstate.SSH {
	set := playground.Hosts()
	if set == nil {
		return nil
	}
	return &runstate.SSH{User: set.User(), Port: layout.SSHPort, Key: set.KeyFile(), KnownHosts: set.KnownHosts()}
}
