package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/sshexec"
	"ebb/topology"
	"ebb/topology/file"
)

// selection is how a command line names a cluster and nodes in it.
type selection struct {
	topologyPath string
	pd           []string
	tls          pdclient.TLSConfig
	pdTimeout    time.Duration
	useProxy     bool
	nodes        []string
}

func (s *selection) register(c *cobra.Command) {
	s.registerCluster(c)
	c.Flags().StringSliceVarP(&s.nodes, "node", "N", nil, "`NODE`s: tiup id, store address or store id")
}

// registerCluster is register for verbs that are not about nodes.
func (s *selection) registerCluster(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&s.topologyPath, "topology", "t", "", "read the topology from `FILE` (tiup's topology.yaml or meta.yaml)")
	f.StringSliceVarP(&s.pd, "pd", "u", nil, "PD `URL`s, in place of those of the topology")
	f.StringVar(&s.tls.CACert, "cacert", "", "CA certificate `FILE` for PD")
	f.StringVar(&s.tls.Cert, "cert", "", "client certificate `FILE` for PD")
	f.StringVar(&s.tls.Key, "key", "", "client key `FILE` for PD")
	f.DurationVar(&s.pdTimeout, "pd-timeout", 10*time.Second, "longest wait for one answer of PD")
	f.BoolVar(&s.useProxy, "pd-proxy", false, "reach PD through HTTP_PROXY or HTTPS_PROXY")
}

// target is the cluster that a command line names.
type target struct {
	// topology and file are nil when only PD's URL was given.
	topology *topology.Topology
	file     *file.File
	pd       *pdclient.Client
	// conflicts is set when the topology contradicts itself; it may then be shown
	// but not acted on.
	conflicts error
	// tls is what PD and the stores are spoken to with.
	tls pdclient.TLSConfig
	// sshKey is the key that tiup made for the cluster, "" without one.
	sshKey string
	// flags name the cluster on a command line, as it was named on this one.
	flags string
}

// open reads the topology and makes a client for PD. It sends nothing.
func (s *selection) open(env *Env, args []string) (*target, error) {
	t := &target{flags: s.reopenFlags(args)}
	tls := s.tls
	switch {
	case len(args) == 1 && s.topologyPath != "":
		return nil, &usageError{errors.New("both a cluster name and --topology were given"), "give one of them"}
	case len(args) == 1:
		if err := t.loadCluster(args[0], &tls); err != nil {
			return nil, err
		}
	case s.topologyPath != "":
		f, err := file.Load(s.topologyPath)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &usageError{err, "-t takes the path of a topology.yaml or meta.yaml; a cluster of tiup is named without -t"}
		}
		if err := t.accept(f, err); err != nil {
			return nil, err
		}
	case len(s.pd) == 0:
		return nil, &usageError{errors.New("no cluster given"), "name a tiup cluster, or use -t topology.yaml, or -u http://PD:2379"}
	}
	endpoints := s.pd
	if len(endpoints) == 0 {
		endpoints = t.topology.PDEndpoints()
	}
	if len(endpoints) == 0 {
		return nil, &usageError{fmt.Errorf("%s: no pd_servers", t.file.Path), "give PD's URL with -u"}
	}
	pd, err := env.NewPD(pdclient.Config{Endpoints: endpoints, TLS: tls, Timeout: s.pdTimeout, UseProxy: s.useProxy})
	if err != nil {
		return nil, &usageError{err: err}
	}
	t.pd, t.tls = pd, tls
	return t, nil
}

// loadCluster reads a tiup cluster; its client certificate serves for PD unless
// others were given.
func (t *target) loadCluster(name string, tls *pdclient.TLSConfig) error {
	c, err := file.LoadCluster("", name)
	var f *file.File
	if c != nil {
		f = c.File
	}
	if err := t.accept(f, err); err != nil {
		return err
	}
	t.topology.ClusterName = name
	t.sshKey = c.SSHKey
	if *tls == (pdclient.TLSConfig{}) {
		*tls = pdclient.TLSConfig{CACert: c.TLS.CA, Cert: c.TLS.Cert, Key: c.TLS.Key}
	}
	return nil
}

// accept takes a topology that could be read, if only for showing.
func (t *target) accept(f *file.File, err error) error {
	var parse *topology.ParseError
	switch {
	case errors.As(err, &parse) && parse.Conflicts && f != nil:
		t.conflicts = err
	case err != nil:
		return &usageError{err: err}
	}
	t.file, t.topology = f, f.Topology
	return nil
}

// warn says what is suspicious about the topology.
func (t *target) warn(env *Env) {
	say := func(text string) { env.say(kindWarning, "%s", text) }
	if t.conflicts != nil {
		say(t.conflicts.Error())
	}
	if t.topology == nil {
		return
	}
	for _, w := range t.topology.Warnings {
		say(strings.TrimSuffix(w.String()+"; "+w.Hint, "; "))
	}
	if err := t.file.CheckScaleOut(); err != nil {
		say(err.Error() + "; the topology is not edited meanwhile")
	}
}

// topologyUnmoved refuses what was decided from a topology that somebody has
// changed since, or that tiup has locked. Without a topology there is nothing to
// move.
func (t *target) topologyUnmoved() error {
	if t.file == nil {
		return nil
	}
	return t.file.Unmoved()
}

// name is what to call the cluster on the screen.
func (t *target) name() string {
	switch {
	case t.topology == nil:
		return ""
	case t.topology.ClusterName != "":
		return t.topology.ClusterName
	}
	return t.file.Path
}

// reopenFlags repeats on a command line how the cluster was named, for hints.
func (s *selection) reopenFlags(args []string) string {
	var parts []string
	switch {
	case len(args) == 1:
		parts = append(parts, args[0])
	case s.topologyPath != "":
		parts = append(parts, "-t "+sshexec.Quote(s.topologyPath))
	}
	if len(s.pd) > 0 {
		parts = append(parts, "-u "+strings.Join(s.pd, ","))
	}
	for _, f := range [][2]string{{"--cacert", s.tls.CACert}, {"--cert", s.tls.Cert}, {"--key", s.tls.Key}} {
		if f[1] != "" {
			parts = append(parts, f[0]+" "+sshexec.Quote(f[1]))
		}
	}
	if s.useProxy {
		parts = append(parts, "--pd-proxy")
	}
	return strings.Join(parts, " ")
}

// storesOf resolves -N against the topology and PD.
func (s *selection) storesOf(t *target, snap *cluster.Snapshot) (topology.Match, []topology.Node, error) {
	match := topology.MatchStores(t.topology, snap.Stores)
	nodes, err := match.Select(s.nodes)
	if err != nil && len(hintsOf(err)) == 0 {
		err = &hintedError{err, "see ebb display for the nodes and their store ids"}
	}
	if err != nil {
		return match, nil, err
	}
	for i := range nodes {
		if nodes[i].Store == nil {
			return match, nil, &usageError{
				fmt.Errorf("node %s: PD has no store at %s", nodes[i].Name(), nodes[i].Address()),
				"it never registered with PD, or its record was removed; see ebb display",
			}
		}
	}
	return match, nodes, nil
}
