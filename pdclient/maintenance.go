package pdclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"ebb/cluster"
)

// MaintenanceBusyError is PD's refusal to let a second maintenance task begin.
type MaintenanceBusyError struct {
	// Task is the one that runs, as far as PD says; see cluster.MaintenanceTask.
	Task   cluster.MaintenanceTask
	Status *StatusError
}

func (e *MaintenanceBusyError) Error() string {
	if e.Task.ID == "" {
		return fmt.Sprintf("start maintenance: pd says that another task runs: %s", e.Status.Message)
	}
	return fmt.Sprintf("start maintenance: task %s/%s runs already: %s", e.Task.Type, e.Task.ID, e.Task.Description)
}

// Hint says what to do.
func (e *MaintenanceBusyError) Hint() string {
	return fmt.Sprintf("wait for it to end; if nobody runs it any more, remove it: curl -X DELETE PD%s%s", apiV2Prefix, taskPath(e.Task.Type, e.Task.ID))
}

func (e *MaintenanceBusyError) Unwrap() error { return e.Status }

func taskPath(kind, id string) string {
	return "/maintenance/" + url.PathEscape(kind) + "/" + url.PathEscape(id)
}

// StartMaintenance takes PD's lock for maintenance, of which there is one in a
// cluster (RFC 0118; 8.5.5 and master). PD keeps it until EndMaintenance, also
// beyond the end of this process; who finds its own task there has been cut off
// before and goes on. Errors: *MaintenanceBusyError; ErrNotSupported on older
// versions.
func (c *Client) StartMaintenance(ctx context.Context, kind, id, description string) error {
	// A look first: an older PD answers a write to a path that it does not have
	// with 404 as well, but nobody should have to find a write in its log.
	_, err := c.read(ctx, request{method: http.MethodGet, v2: true, path: "/maintenance/" + url.PathEscape(kind)})
	if err := unsupported(err, "the maintenance lock", "8.5.5"); errors.Is(err, ErrNotSupported) {
		return err
	}
	err = c.write(ctx, request{method: http.MethodPut, v2: true, path: taskPath(kind, id), body: []byte(description)})
	status, refused := errors.AsType[*StatusError](err)
	if !refused || status.Status != http.StatusConflict {
		return err
	}
	busy := &MaintenanceBusyError{Status: status}
	var body struct {
		Task cluster.MaintenanceTask `json:"existing_task"`
	}
	if json.Unmarshal([]byte(status.Message), &body) == nil {
		busy.Task = body.Task
	}
	if busy.Task.Type == kind && busy.Task.ID == id {
		return nil
	}
	return busy
}

// EndMaintenance gives the lock back. A task that PD does not have is no error.
func (c *Client) EndMaintenance(ctx context.Context, kind, id string) error {
	err := c.write(ctx, request{method: http.MethodDelete, v2: true, path: taskPath(kind, id)})
	if IsNotFound(err) {
		return nil
	}
	return err
}

// MaintenanceTasks lists the tasks of one type that hold PD's lock for
// maintenance: one at most. Errors: ErrNotSupported on older versions.
func (c *Client) MaintenanceTasks(ctx context.Context, kind string) ([]cluster.MaintenanceTask, error) {
	a, err := c.read(ctx, request{method: http.MethodGet, v2: true, path: "/maintenance/" + url.PathEscape(kind)})
	if err := unsupported(err, "the maintenance lock", "8.5.5"); err != nil {
		if IsNotFound(err) {
			return nil, nil
		}
		return nil, err
	}
	var tasks []cluster.MaintenanceTask
	err = a.decode(&tasks)
	return tasks, err
}
