package pdclient_test

import (
	"errors"
	"testing"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

func TestMaintenance(t *testing.T) {
	pd := pdtest.New(t, pdtest.Master)
	c := newClient(t, pd.URLs()...)
	if err := c.StartMaintenance(t.Context(), "ebb", "db1", "prune by ops"); err != nil {
		t.Fatal(err)
	}
	if task := pd.Maintenance(); task == nil || *task != (cluster.MaintenanceTask{Type: "ebb", ID: "db1", Description: "prune by ops"}) {
		t.Errorf("PD has task %+v", task)
	}
	// A run that was cut off has left its task behind; the next one goes on.
	if err := c.StartMaintenance(t.Context(), "ebb", "db1", "prune by ops"); err != nil {
		t.Errorf("its own task: %v", err)
	}
	var busy *pdclient.MaintenanceBusyError
	if err := c.StartMaintenance(t.Context(), "ebb", "db2", "prune by others"); !errors.As(err, &busy) || busy.Task.ID != "db1" {
		t.Errorf("another machine's task: %v", err)
	}
	if tasks, err := c.MaintenanceTasks(t.Context(), "ebb"); err != nil || len(tasks) != 1 || tasks[0].ID != "db1" {
		t.Errorf("tasks %v, %v", tasks, err)
	}
	for range 2 {
		if err := c.EndMaintenance(t.Context(), "ebb", "db1"); err != nil {
			t.Errorf("end: %v", err)
		}
	}
	if tasks, err := c.MaintenanceTasks(t.Context(), "ebb"); err != nil || len(tasks) != 0 {
		t.Errorf("tasks %v, %v", tasks, err)
	}
	if task := pd.Maintenance(); task != nil {
		t.Errorf("PD still has task %+v", task)
	}
}

func TestMaintenanceOnOlderPD(t *testing.T) {
	pd := pdtest.New(t, pdtest.V8_5)
	if err := newClient(t, pd.URLs()...).StartMaintenance(t.Context(), "ebb", "db1", ""); !errors.Is(err, pdclient.ErrNotSupported) {
		t.Errorf("StartMaintenance() = %v", err)
	}
	if _, err := newClient(t, pd.URLs()...).MaintenanceTasks(t.Context(), "ebb"); !errors.Is(err, pdclient.ErrNotSupported) {
		t.Errorf("MaintenanceTasks() = %v", err)
	}
	pd.ExpectWrites(t)
}
