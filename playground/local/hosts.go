package local

import (
	"fmt"

	"ebb/playground/hosts"
	"ebb/playground/layout"
	"ebb/playground/store"
)

// bootHosts finds out what the hosts can be, tells the plan, and boots them
// beside what the caller does. booted gets one result in any case.
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
	plan.WithHosts(place.User(), place.SystemdMode())
	stores := plan.Stores()
	pd := plan.PDHosts()
	machines := make([]hosts.Machine, 0, len(stores)+len(pd))
	for i, ip := range pd {
		machines = append(machines, hosts.Machine{IP: ip, Name: fmt.Sprintf("pd-%d", i+1)})
	}
	numbers := map[string]int{}
	for _, spec := range stores {
		numbers[spec.Engine]++
		machines = append(machines, hosts.Machine{IP: spec.Host, Name: nameOf(spec, numbers[spec.Engine]), Store: &spec})
	}
	p.progress(fmt.Sprintf("starting %d hosts", len(machines)))
	go func() {
		var err error
		p.hosts, err = hosts.Start(hosts.Config{
			Dir: p.cfg.Dir, Place: place, Machines: machines, Port: layout.SSHPort, Log: p.cfg.Log,
		})
		booted <- err
	}()
	return nil
}

func nameOf(spec store.Spec, number int) string { return fmt.Sprintf("%s-%d", spec.Engine, number) }
