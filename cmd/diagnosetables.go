package cmd

import (
	"context"
	"fmt"

	"ebb/diagnose"
	"ebb/topology"
)

// addTables asks the TiDB servers of the topology for the tables that a report
// would name. A table that nobody answered for is not a table that is gone.
func addTables(ctx context.Context, ev *diagnose.Evidence, t *target) {
	ids := diagnose.NamedTables(ev)
	switch {
	case len(ids) == 0:
		ev.Tables = make(map[int64]diagnose.Table)
		return
	case t.topology == nil || len(t.topology.WithRole(topology.RoleTiDB)) == 0:
		ev.NoteAbsent(diagnose.FieldTables, "no TiDB server is known; a topology would name them")
		return
	}
	names := t.tables(ctx, ids)
	if missing := len(ids) - len(names); missing > 0 {
		ev.NoteUnread(diagnose.FieldTables, fmt.Errorf("no TiDB server of the topology answered for %d of %d tables", missing, len(ids)))
	}
	ev.Tables = make(map[int64]diagnose.Table)
	for id, name := range names {
		if name.Unknown {
			ev.Tables[id] = diagnose.Table{Gone: true}
		} else {
			ev.Tables[id] = diagnose.Table{Name: name.Schema + "." + name.Table}
		}
	}
}
