package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ebb/decommission"
	"ebb/topology"
)

// hostDialer connects to the machines of a cluster. Connections are kept and
// shared until Close.
type hostDialer interface {
	// Host connects to "host:port". With sudo commands run as root.
	Host(ctx context.Context, address string, sudo bool) (decommission.Host, error)
	Close() error
}

// sshOptions are the flags of every verb that works on machines.
type sshOptions struct {
	user        string
	identities  []string
	knownHosts  []string
	acceptNew   bool
	timeout     time.Duration
	concurrency int
}

func (s *sshOptions) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.user, "ssh-user", "", "log in as this `USER` (default: the topology's user)")
	f.StringSliceVarP(&s.identities, "identity-file", "i", nil, "private key `FILE`s to log in with")
	f.StringSliceVar(&s.knownHosts, "known-hosts", nil, "known_hosts `FILE`s, in place of those of ssh_config")
	f.BoolVar(&s.acceptNew, "accept-new-host-keys", false, "accept the keys of hosts that are not known yet; a changed key is always refused")
	f.DurationVar(&s.timeout, "ssh-timeout", 5*time.Second, "longest wait for a connection to a host")
	f.IntVarP(&s.concurrency, "concurrency", "c", 16, "hosts to work on at once")
}

func (s *sshOptions) check() error {
	if s.concurrency < 1 {
		return &usageError{fmt.Errorf("--concurrency %d is less than 1", s.concurrency), "leave it out for 16"}
	}
	return nil
}

// hostAddress is where to log in for an instance: its manage_host and ssh_port.
func hostAddress(instance *topology.Instance) string {
	return topology.JoinHostPort(instance.ManageHost, instance.SSHPort)
}
