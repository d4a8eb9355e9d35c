package cmd

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"ebb/diagnose"
	"ebb/topology"
)

// tidbTimeout bounds all questions to TiDB together.
const tidbTimeout = 5 * time.Second

// addTables asks the TiDB servers of the topology for the tables that a report
// would name. Any of them knows all tables, so the first that answers is enough.
func addTables(ctx context.Context, ev *diagnose.Evidence, t *target) {
	ids := diagnose.NamedTables(ev)
	if len(ids) == 0 {
		ev.Tables = make(map[int64]diagnose.Table)
		return
	}
	var servers []string
	if t.topology != nil {
		for _, in := range t.topology.WithRole(topology.RoleTiDB) {
			servers = append(servers, in.StatusAddress)
		}
	}
	if len(servers) == 0 {
		ev.NoteAbsent(diagnose.FieldTables, "no TiDB server is known; a topology would name them")
		return
	}
	tlsConfig, err := t.tls.Load()
	if err != nil {
		ev.NoteUnread(diagnose.FieldTables, err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tidbTimeout)
	defer cancel()
	var errs []error
	for _, server := range servers {
		tables, err := tablesFrom(ctx, newTiDB(server, tlsConfig), ids)
		if err == nil {
			ev.Tables = tables
			return
		}
		errs = append(errs, err)
	}
	ev.NoteUnread(diagnose.FieldTables, errors.Join(errs...))
}

func tablesFrom(ctx context.Context, db *tidb, ids []int64) (map[int64]diagnose.Table, error) {
	tables := make(map[int64]diagnose.Table)
	for _, id := range ids {
		table, err := db.table(ctx, id)
		if err != nil {
			return nil, err
		}
		tables[id] = table
	}
	return tables, nil
}

// tidb is the status port of one TiDB server.
type tidb struct {
	base   string
	client *http.Client
}

func newTiDB(address string, tlsConfig *tls.Config) *tidb {
	scheme := "http"
	if tlsConfig != nil {
		scheme = "https"
	}
	return &tidb{scheme + "://" + address, &http.Client{Transport: &http.Transport{TLSClientConfig: tlsConfig, DisableKeepAlives: true}}}
}

// noSuchTable is the error code of a table id that TiDB does not know. It sends
// it with status 400 (server/handler, 4.0 to master), later ones may send 404.
const noSuchTable = "[schema:1146]"

// table asks for the name of a table (GET /db-table/ID, TiDB 4.0 to master).
func (db *tidb) table(ctx context.Context, id int64) (diagnose.Table, error) {
	url := fmt.Sprintf("%s/db-table/%d", db.base, id)
	fail := func(err error) (diagnose.Table, error) {
		return diagnose.Table{}, fmt.Errorf("read table %d from TiDB: %w", id, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fail(err)
	}
	resp, err := db.client.Do(req)
	if err != nil {
		return fail(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxStatusBody))
	switch {
	case err != nil:
		return fail(err)
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusBadRequest && strings.HasPrefix(string(body), noSuchTable):
		return diagnose.Table{Gone: true}, nil
	case resp.StatusCode != http.StatusOK:
		return fail(fmt.Errorf("GET %s: status %d", url, resp.StatusCode))
	}
	type name struct {
		Original string `json:"O"`
	}
	var answer struct {
		Database struct {
			Name name `json:"db_name"`
		} `json:"db_info"`
		Table struct {
			Name name `json:"name"`
		} `json:"table_info"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fail(fmt.Errorf("GET %s: %w", url, err))
	}
	if answer.Database.Name.Original == "" || answer.Table.Name.Original == "" {
		return fail(fmt.Errorf("GET %s: the answer names no table", url))
	}
	return diagnose.Table{Name: answer.Database.Name.Original + "." + answer.Table.Name.Original}, nil
}
