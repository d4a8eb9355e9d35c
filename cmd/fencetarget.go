package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/topology"
)

// fenceTargets resolves where the stores would run.
func fenceTargets(t *target, snap *cluster.Snapshot, nodes []topology.Node) []decommission.FenceTarget {
	var list []decommission.FenceTarget
	for i := range nodes {
		s := nodes[i].Store
		f := decommission.FenceTarget{
			StoreID: s.ID, Address: s.Address, DeployPath: s.DeployPath, Machine: machineOf(&nodes[i]),
			Dial: dialAddresses(&nodes[i]), Neighbours: neighbours(t, snap, nodes, machineOf(&nodes[i])),
		}
		if in := nodes[i].Instance; in != nil {
			f.Node, f.Host, f.Unit = in.ID, hostAddress(in), in.Unit
			f.UserUnits = t.topology.Global.SystemdMode == topology.UserUnits
			f.DeployDir, f.Ports, f.Listen = in.DeployDir, in.Ports, listenAddresses(in)
			f.Dirs = slices.Concat([]string{in.DeployDir, in.LogDir}, in.DataDirs, in.OtherDirs)
		}
		list = append(list, f)
	}
	return list
}

// machineOf is the host by which people and fence agents know the machine.
func machineOf(n *topology.Node) string {
	if n.Instance != nil {
		return n.Instance.ManageHost
	}
	host, _, err := net.SplitHostPort(n.Address())
	if err != nil {
		return n.Address()
	}
	return host
}

// neighbours are live stores and PD members on the machine that are not to be
// fenced. They would not survive that it is switched off.
func neighbours(t *target, snap *cluster.Snapshot, fenced []topology.Node, machine string) []string {
	var list []string
	match := topology.MatchStores(t.topology, snap.Stores)
	for _, n := range match.All() {
		named := slices.ContainsFunc(fenced, func(f topology.Node) bool { return n.Store != nil && f.Store.ID == n.Store.ID })
		if !named && n.Store != nil && n.Store.Live(snap.ReadAt) && machineOf(&n) == machine {
			list = append(list, fmt.Sprintf("store %d (%s) is live on %s", n.Store.ID, n.Store.Address, machine))
		}
	}
	if t.topology == nil {
		return list
	}
	for _, pd := range t.topology.WithRole(topology.RolePD) {
		healthy := slices.ContainsFunc(snap.Health, func(m cluster.MemberHealth) bool { return m.Healthy && m.Name == pd.Name })
		if healthy && pd.ManageHost == machine {
			list = append(list, fmt.Sprintf("PD %s is healthy on %s", pd.Name, machine))
		}
	}
	return list
}

// dialAddresses are where the store answers others, by its own word to PD and by
// the topology. A store that listens everywhere may have told PD an address that
// means this machine when it is dialled from here: those are left out.
func dialAddresses(n *topology.Node) []string {
	s := n.Store
	candidates := []string{s.Address, s.PeerAddress, s.StatusAddress}
	if in := n.Instance; in != nil {
		for _, port := range in.Ports {
			candidates = append(candidates, topology.JoinHostPort(in.Host, port))
		}
	}
	var list []string
	for _, address := range candidates {
		if address != "" && !slices.Contains(list, address) && (!meansHere(address) || meansHere(s.Address)) {
			list = append(list, address)
		}
	}
	return list
}

func meansHere(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "" || host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip.IsUnspecified() || ip.IsLoopback())
}

// dialTimeout bounds one dial: a machine that is there refuses at once.
const dialTimeout = 3 * time.Second

// portState tries a port. Only the machine's own refusal says that it is closed:
// silence may be a firewall.
func (e *Env) portState(ctx context.Context, address string) decommission.PortState {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := e.Dial(ctx, "tcp", address)
	switch {
	case err == nil:
		_ = conn.Close() // nothing was sent, nothing can be lost
		return decommission.PortOpen
	case errors.Is(err, syscall.ECONNREFUSED):
		return decommission.PortClosed
	}
	return decommission.PortUnknown
}
