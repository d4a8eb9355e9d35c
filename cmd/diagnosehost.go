package cmd

import (
	"context"

	"ebb/decommission"
	"ebb/diagnose"
	"ebb/topology"
)

// askHost asks systemd about the unit of one store.
func askHost(ctx context.Context, dialer hostDialer, t *target, instance *topology.Instance) diagnose.Host {
	h := diagnose.Host{Unit: instance.Unit}
	host, err := dialer.Host(ctx, hostAddress(instance), false)
	if err != nil {
		h.Err = err.Error()
		return h
	}
	unit, err := decommission.ReadUnit(ctx, host, t.topology.Global.SystemdMode == topology.UserUnits, instance.Unit)
	if err != nil {
		h.Err = err.Error()
		return h
	}
	h.Running = unit.Exists() && unit.Running()
	return h
}
