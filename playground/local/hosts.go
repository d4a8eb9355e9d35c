package local

import (
	"errors"
	"fmt"

	"ebb/playground/hosts"
	"ebb/playground/layout"
	"ebb/playground/store"
)

// bootHosts finds out what the hosts can be, tells the plan, and boots them
// beside what the caller does: booted gets one result, unless an error is returned.
func (p *Playground) bootHosts(plan *layout.Layout, booted chan<- error) error {
	if !p.cfg.Hosts {
		booted <- nil
		return nil
	}
	place, err := hosts.Survey(p.cfg.Dir)
	if err != nil {
		return err
	}
	if p.cfg.UserUnits {
		place = place.WithUserUnits()
	}
	if p.cfg.Topology != nil && !place.Isolated {
		return ErrNoNamespaces
	}
	plan.WithHosts(place.User(), place.SystemdMode())
	machines := p.machines(plan)
	p.progress(fmt.Sprintf("starting %d hosts", len(machines)))
	go func() {
		var err error
		p.hosts, err = hosts.Start(hosts.Config{
			Dir: p.cfg.Dir, Place: place, Machines: machines, Port: layout.SSHPort, MonitoredDir: plan.MonitoredDir(), Log: p.cfg.Log,
		})
		booted <- err
	}()
	return nil
}

// ErrNoNamespaces says that the directories of a topology cannot be made.
var ErrNoNamespaces = errors.New("adopt topology: hosts with file systems of their own need namespaces, which this machine does not allow")

// machines lists the hosts: of PD, of the stores, of which several may share one,
// and the jump host.
func (p *Playground) machines(plan *layout.Layout) []hosts.Machine {
	var machines []hosts.Machine
	at := func(ip, name string) *hosts.Machine {
		for i := range machines {
			if machines[i].IP == ip {
				return &machines[i]
			}
		}
		machines = append(machines, hosts.Machine{IP: ip, Name: name})
		return &machines[len(machines)-1]
	}
	for i, ip := range plan.PDHosts() {
		at(ip, fmt.Sprintf("pd-%d", i+1))
	}
	numbers := map[string]int{}
	for _, spec := range plan.Stores() {
		numbers[spec.Engine]++
		m := at(spec.Host, nameOf(spec, numbers[spec.Engine]))
		m.Stores = append(m.Stores, spec)
	}
	if p.cfg.JumpHost == 0 {
		return machines
	}
	jump := p.cfg.Network.Host(p.cfg.JumpHost)
	for i := range machines {
		machines[i].OnlyVia = jump
	}
	at(jump, "jump")
	return machines
}

func nameOf(spec store.Spec, number int) string { return fmt.Sprintf("%s-%d", spec.Engine, number) }
