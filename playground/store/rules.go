package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// ruleIndex orders TiFlash's rules after the default ones, as TiDB does.
const ruleIndex = 120

// writeTiFlashRules asks PD for TiFlash learners on some tables. It goes through
// PD's HTTP API, group and then rule by rule, because that is what TiDB does for
// ALTER TABLE ... SET TIFLASH REPLICA (ddl/placement and domain/infosync there).
func (f *Fleet) writeTiFlashRules(ctx context.Context, ranges []keyRange) error {
	if len(ranges) == 0 {
		return nil
	}
	if err := f.post(ctx, "/config/rule_group", map[string]any{"id": TiFlash, "index": ruleIndex, "override": false}); err != nil {
		return err
	}
	for _, r := range ranges {
		rule := map[string]any{
			"group_id": TiFlash, "id": fmt.Sprintf("table-%d-r", r.table), "index": ruleIndex, "override": false,
			"start_key": hex.EncodeToString(r.start), "end_key": hex.EncodeToString(r.end),
			"role": "learner", "count": f.cfg.Learners,
			"label_constraints": []any{map[string]any{"key": "engine", "op": "in", "values": []string{TiFlash}}},
		}
		if err := f.post(ctx, "/config/rule", rule); err != nil {
			return err
		}
	}
	return nil
}

func (f *Fleet) post(ctx context.Context, path string, body any) error {
	t, err := f.pd.target(ctx)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode placement rule: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, rpcTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url+"/pd/api/v1"+path, bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("write placement rule: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	// A connection of its own: none is left open for Close to wait for.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: f.cfg.TLS}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("write placement rule: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return fmt.Errorf("write placement rule: PD returned %d for %s: %s", resp.StatusCode, path, bytes.TrimSpace(text))
	}
	return nil
}
