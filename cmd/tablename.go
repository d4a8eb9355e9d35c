package cmd

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"ebb/topology"
)

// Bounds of asking TiDB for the names of tables: a name is a convenience.
const (
	tableNamesTimeout = 3 * time.Second
	maxTableNames     = 200
	maxTableBody      = 8 << 20 // one table's definition
)

// tableNames asks the TiDB servers of the topology what tables are called
// ("db.table"; GET /db-table/ID on the status port, TiDB 3.0 to master; partitions
// have the name of their table). What nobody answers is left out, and only the
// first maxTableNames are asked for.
func (t *target) tableNames(ctx context.Context, ids []int64) map[int64]string {
	names := make(map[int64]string)
	if t.topology == nil || len(ids) == 0 {
		return names
	}
	ctx, cancel := context.WithTimeout(ctx, tableNamesTimeout)
	defer cancel()
	tlsConfig, _ := t.tls.Load() // has been read without an error for PD's client
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: tlsConfig}}
	defer client.CloseIdleConnections()
	servers := t.topology.WithRole(topology.RoleTiDB)
	for _, id := range ids[:min(len(ids), maxTableNames)] {
		for len(servers) > 0 {
			name, answered := tableName(ctx, client, tlsConfig, servers[0].StatusAddress, id)
			if answered {
				if name != "" {
					names[id] = name
				}
				break
			}
			servers = slices.Delete(servers, 0, 1)
		}
	}
	return names
}

// tableName asks one TiDB. answered is false when it does not speak at all; the
// name is "" for a table that it does not know.
func tableName(ctx context.Context, client *http.Client, tlsConfig *tls.Config, address string, id int64) (name string, answered bool) {
	scheme := "http"
	if tlsConfig != nil {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s://%s/db-table/%d", scheme, address, id), nil)
	if err != nil {
		return "", false
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", false
	}
	defer resp.Body.Close()
	var wire struct {
		DB struct {
			Name struct{ O string } `json:"db_name"`
		} `json:"db_info"`
		Table struct {
			Name struct{ O string } `json:"name"`
		} `json:"table_info"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxTableBody)).Decode(&wire)
	if err != nil || resp.StatusCode != http.StatusOK || wire.DB.Name.O == "" || wire.Table.Name.O == "" {
		return "", true
	}
	return wire.DB.Name.O + "." + wire.Table.Name.O, true
}
