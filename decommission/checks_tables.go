package decommission

import (
	"fmt"
	"slices"
	"strings"

	"ebb/cluster"
)

// Table is a table whose TiFlash replicas do not all find a place.
type Table struct {
	ID     int64  `json:"table_id"`
	Schema string `json:"schema,omitempty"` // "" when nobody knows it
	Name   string `json:"table,omitempty"`
	// Unknown is set when TiDB has no such table any more.
	Unknown bool `json:"unknown_to_tidb,omitempty"`
	// Replicas are asked for, and Places are left.
	Replicas int `json:"replicas"`
	Places   int `json:"places"`
	// SQL lowers the replicas to the places; "" without a name.
	SQL string `json:"sql,omitempty"`
}

// text is how people are told of the table.
func (t *Table) text() string {
	if t.Name == "" {
		return fmt.Sprintf("table %d", t.ID)
	}
	return t.Schema + "." + t.Name
}

// tablesLike are the tables of all TiFlash rules that place peers as this one
// does: rule sets that are alike are judged once.
func (c *checker) tablesLike(fit *cluster.RuleFit) []Table {
	like := placing(&fit.Rule)
	var list []Table
	for i := range c.snap.Rules {
		r := &c.snap.Rules[i]
		id, ok := r.TiFlashTable()
		if !ok || placing(r) != like || slices.ContainsFunc(list, func(t Table) bool { return t.ID == id }) {
			continue
		}
		t := Table{ID: id, Replicas: r.Count, Places: fit.Placed}
		if name, known := c.ev.Tables[id]; known {
			t.Schema, t.Name, t.Unknown = name.Schema, name.Table, name.Unknown
		}
		if t.Name != "" {
			t.SQL = fmt.Sprintf("ALTER TABLE %s.%s SET TIFLASH REPLICA %d", quoteSQL(t.Schema), quoteSQL(t.Name), t.Places)
		}
		list = append(list, t)
	}
	return list
}

// placing is equal for rules that place peers alike.
func placing(r *cluster.Rule) string {
	return fmt.Sprintf("%q %d %q %q %q", r.Role, r.Count, r.LabelConstraints, r.LocationLabels, r.IsolationLevel)
}

func quoteSQL(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// tiflashShortage words the shortage of a TiFlash rule in tables and SQL.
func (c *checker) tiflashShortage(f *Finding, fit *cluster.RuleFit) {
	f.Check, f.Tables = checkTiFlash, c.tablesLike(fit)
	whose := fit.Rule.Name()
	var gone []string
	for i := range f.Tables {
		switch t := &f.Tables[i]; {
		case i == 0 && len(f.Tables) == 1:
			whose = t.text()
		case i == 0:
			whose = fmt.Sprintf("%s and %d more", t.text(), len(f.Tables)-1)
		}
		if f.Tables[i].Unknown {
			gone = append(gone, fmt.Sprintf("table %d", f.Tables[i].ID))
		}
	}
	f.Summary = fmt.Sprintf("%s: %s asked for, %d can be placed on the TiFlash stores that stay", whose, cluster.Plural(fit.Rule.Count, "TiFlash replica"), fit.Placed)
	if len(gone) > 0 {
		f.Evidence = append(f.Evidence, fmt.Sprintf("TiDB has no %s any more; the rule goes when TiDB has collected the garbage, or with DELETE PD/pd/api/v1/config/rule/tiflash/table-ID-r", few(gone)))
	}
	if sql := firstSQL(f.Tables); sql != "" {
		f.Fix = fmt.Sprintf("lower the replicas first: %s; or add a TiFlash store", sql)
		return
	}
	f.Fix = fmt.Sprintf("lower the replicas first: ALTER TABLE ... SET TIFLASH REPLICA %d, or add a TiFlash store", fit.Placed)
}

// firstSQL is the statement for the first tables; the JSON form has all.
func firstSQL(tables []Table) string {
	var statements []string
	for i := range tables {
		if tables[i].SQL != "" {
			statements = append(statements, tables[i].SQL+";")
		}
	}
	const most = 3
	if more := len(statements) - most; more > 0 {
		statements = append(statements[:most], fmt.Sprintf("and %d more, which -o json has", more))
	}
	return strings.TrimSuffix(strings.Join(statements, " "), ";")
}

// ShortTables are the tables whose TiFlash replicas would not all find a place,
// at most limit of them: those whose names are worth asking for.
func ShortTables(snap *cluster.Snapshot, leaving []cluster.StoreID, limit int) []int64 {
	var ids []int64
	for _, f := range newChecker(Evidence{Snapshot: snap}, leaving).placement() {
		for i := range f.Tables {
			ids = append(ids, f.Tables[i].ID)
		}
	}
	return ids[:min(len(ids), limit)]
}
