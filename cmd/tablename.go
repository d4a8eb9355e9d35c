package cmd

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"ebb/decommission"
	"ebb/topology"
)

const (
	// tableNamesTimeout bounds the look for all names together: they are for
	// people, and nothing waits for them.
	tableNamesTimeout = 3 * time.Second
	// maxTableNames bounds the tables that are asked for; the others go by id.
	maxTableNames = 200
	// maxTableBody bounds what is read of one answer, which has all columns of the
	// table.
	maxTableBody = 16 << 20
)

// tableNames are the names of tables as "db.table"; those that nobody knows in
// time, or TiDB does not have, are left out.
func (t *target) tableNames(ctx context.Context, ids []int64) map[int64]string {
	names := make(map[int64]string)
	for id, name := range t.tables(ctx, ids) {
		if !name.Unknown {
			names[id] = name.Schema + "." + name.Table
		}
	}
	return names
}

// tables asks the TiDB servers of the topology what tables are called. Those that
// nobody knows in time are left out, and only the first maxTableNames are asked
// for.
func (t *target) tables(ctx context.Context, ids []int64) map[int64]decommission.TableName {
	names := make(map[int64]decommission.TableName)
	if t.topology == nil || len(ids) == 0 {
		return names
	}
	tlsConfig, _ := t.tls.Load() // has been read without an error for PD's client
	ctx, cancel := context.WithTimeout(ctx, tableNamesTimeout)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: tlsConfig}}
	defer client.CloseIdleConnections()
	servers := t.topology.WithRole(topology.RoleTiDB)
	for _, id := range ids[:min(len(ids), maxTableNames)] {
		for len(servers) > 0 {
			name, err := tableName(ctx, client, statusURL(servers[0].StatusAddress, tlsConfig), id)
			if err == nil {
				names[id] = name
				break
			}
			servers = servers[1:] // it does not answer, or not as a TiDB does
		}
	}
	return names
}

func statusURL(address string, tlsConfig *tls.Config) string {
	if tlsConfig != nil {
		return "https://" + address
	}
	return "http://" + address
}

// tableName reads GET /db-table/{id} of TiDB's status port (TiDB 3.0 to master),
// which also finds the table of a partition. For a table that does not exist TiDB
// answers 400, newer ones 404.
func tableName(ctx context.Context, client *http.Client, server string, id int64) (decommission.TableName, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/db-table/%d", server, id), nil)
	if err != nil {
		return decommission.TableName{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return decommission.TableName{}, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusNotFound:
		return decommission.TableName{Unknown: true}, nil
	case http.StatusOK:
	default:
		return decommission.TableName{}, fmt.Errorf("name of table %d: %s answered %s", id, server, resp.Status)
	}
	type name struct {
		O string `json:"O"` // as written by the user
	}
	var wire struct {
		DB struct {
			Name name `json:"db_name"`
		} `json:"db_info"`
		Table struct {
			Name name `json:"name"`
		} `json:"table_info"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxTableBody)).Decode(&wire); err != nil {
		return decommission.TableName{}, fmt.Errorf("name of table %d: %w", id, err)
	}
	if wire.Table.Name.O == "" {
		return decommission.TableName{}, fmt.Errorf("name of table %d: %s sent none", id, server)
	}
	return decommission.TableName{Schema: wire.DB.Name.O, Table: wire.Table.Name.O}, nil
}
