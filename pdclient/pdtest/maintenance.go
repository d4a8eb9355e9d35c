package pdtest

import (
	"net/http"

	"ebb/cluster"
)

// maintenanceRoutes are PD's lock for maintenance (8.5.5 and master): one task at
// a time, whatever its type.
func (pd *PD) maintenanceRoutes() []route {
	absent := !pd.profile.hasMaintenance()
	return []route{
		{on: "GET /maintenance/{kind}", v2: true, absent: absent, handle: func(r *request) reply {
			if pd.maintenance == nil || pd.maintenance.Type != r.PathValue("kind") {
				return failed(http.StatusNotFound, "no maintenance task of this type is running")
			}
			return ok([]*cluster.MaintenanceTask{pd.maintenance})
		}},
		{on: "PUT /maintenance/{kind}/{id}", v2: true, absent: absent, text: true, handle: func(r *request) reply {
			if pd.maintenance != nil {
				return reply{status: http.StatusConflict, json: map[string]any{
					"error": "another maintenance task is running", "existing_task": pd.maintenance,
				}}
			}
			pd.maintenance = &cluster.MaintenanceTask{Type: r.PathValue("kind"), ID: r.PathValue("id"), Description: r.text}
			return ok("Maintenance task started successfully.")
		}},
		{on: "DELETE /maintenance/{kind}/{id}", v2: true, absent: absent, handle: func(r *request) reply {
			m := pd.maintenance
			if m == nil || m.Type != r.PathValue("kind") || m.ID != r.PathValue("id") {
				return failed(http.StatusNotFound, "maintenance task not found")
			}
			pd.maintenance = nil
			return ok("Maintenance task ended successfully.")
		}},
	}
}

// Maintenance is the task that holds the lock, nil for none.
func (pd *PD) Maintenance() *cluster.MaintenanceTask {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	return pd.maintenance
}
