package pdclient

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"ebb/cluster"
)

// hexKey is a raw key that PD prints as hex.
type hexKey []byte

func (k *hexKey) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("want a hex key, got %s", data)
	}
	key, err := hex.DecodeString(s)
	if err != nil {
		return fmt.Errorf("want a hex key, got %s", data)
	}
	*k = key
	return nil
}

type wireRule struct {
	GroupID          string                    `json:"group_id"`
	ID               string                    `json:"id"`
	Index            int                       `json:"index"`
	Override         bool                      `json:"override"`
	StartKey         hexKey                    `json:"start_key"`
	EndKey           hexKey                    `json:"end_key"`
	Role             cluster.RuleRole          `json:"role"`
	IsWitness        bool                      `json:"is_witness"`
	Count            int                       `json:"count"`
	LabelConstraints []cluster.LabelConstraint `json:"label_constraints"`
	LocationLabels   looseList                 `json:"location_labels"`
	IsolationLevel   string                    `json:"isolation_level"`
}

func (w *wireRule) rule() cluster.Rule {
	return cluster.Rule{
		GroupID: w.GroupID, ID: w.ID, Index: w.Index, Override: w.Override,
		StartKey: w.StartKey, EndKey: w.EndKey, Role: w.Role, IsWitness: w.IsWitness, Count: w.Count,
		LabelConstraints: w.LabelConstraints, LocationLabels: w.LocationLabels, IsolationLevel: w.IsolationLevel,
	}
}

// Rules returns all placement rules. The error matches
// ErrPlacementRulesDisabled where they are off (status 412).
func (c *Client) Rules(ctx context.Context) ([]cluster.Rule, error) {
	var wire []wireRule
	if err := c.readJSON(ctx, get("/config/rules", nil), &wire); err != nil {
		return nil, err
	}
	out := make([]cluster.Rule, len(wire))
	for i := range wire {
		out[i] = wire[i].rule()
	}
	return out, nil
}

// RuleGroups returns how groups of placement rules are ordered and override each
// other; groups of which PD says nothing have index 0 and override nothing. A PD
// without rule groups (early 4.0) has none.
func (c *Client) RuleGroups(ctx context.Context) ([]cluster.RuleGroup, error) {
	var groups []cluster.RuleGroup
	err := c.readJSON(ctx, get("/config/rule_groups", nil), &groups)
	return groups, unsupported(err, "rule groups", "")
}

// RegionLabelRules returns the rules that label regions (5.3 and later; before,
// the error matches ErrNotSupported).
func (c *Client) RegionLabelRules(ctx context.Context) ([]cluster.RegionLabelRule, error) {
	var wire []struct {
		ID       string                `json:"id"`
		Index    int                   `json:"index"`
		Labels   []cluster.RegionLabel `json:"labels"`
		RuleType string                `json:"rule_type"`
		Data     json.RawMessage       `json:"data"`
	}
	err := c.readJSON(ctx, get("/config/region-label/rules", nil), &wire)
	if err := unsupported(err, "region labels", "5.3"); err != nil {
		return nil, err
	}
	out := make([]cluster.RegionLabelRule, len(wire))
	for i, w := range wire {
		out[i] = cluster.RegionLabelRule{ID: w.ID, Index: w.Index, Labels: w.Labels, RuleType: w.RuleType}
		var ranges []struct {
			Start hexKey `json:"start_key"`
			End   hexKey `json:"end_key"`
		}
		if w.RuleType != "key-range" || json.Unmarshal(w.Data, &ranges) != nil {
			continue // the form of data belongs to the rule type
		}
		for _, r := range ranges {
			out[i].Ranges = append(out[i].Ranges, cluster.KeyRange{Start: r.Start, End: r.End})
		}
	}
	return out, nil
}

// RegionFit returns how PD fits a region to the placement rules, orphan peers
// included (6.5 and later; before, the error matches ErrNotSupported). Errors:
// ErrPlacementRulesDisabled; ErrNotFound for an unknown region.
func (c *Client) RegionFit(ctx context.Context, id cluster.RegionID) (*cluster.RegionFit, error) {
	var wire struct {
		Fits []struct {
			Rule          wireRule   `json:"rule"`
			Peers         []wirePeer `json:"peers"`
			DifferentRole []wirePeer `json:"peers-different-role"`
			Score         float64    `json:"isolation-score"`
		} `json:"rule-fits"`
		Orphans []wirePeer `json:"orphan-peers"`
	}
	err := c.readJSON(ctx, get("/config/rules/region/"+id.String()+"/detail", nil), &wire)
	if err := unsupported(err, "placement detail of a region", "6.5"); err != nil {
		return nil, err
	}
	out := &cluster.RegionFit{Orphans: peers(wire.Orphans)}
	for i := range wire.Fits {
		f := &wire.Fits[i]
		out.Fits = append(out.Fits, cluster.FittedRule{
			Rule: f.Rule.rule(), Peers: peers(f.Peers), DifferentRole: peers(f.DifferentRole), IsolationScore: f.Score,
		})
	}
	return out, nil
}

// wirePeer is a peer inside small answers; regions are decoded by decodeRegions.
type wirePeer struct {
	ID        uint64           `json:"id"`
	StoreID   cluster.StoreID  `json:"store_id"`
	Role      cluster.PeerRole `json:"role"`
	IsWitness bool             `json:"is_witness"`
}

func peers(list []wirePeer) []cluster.Peer {
	var out []cluster.Peer
	for _, p := range list {
		out = append(out, cluster.Peer(p))
	}
	return out
}

// unsupported turns the router's "no such path" into an *UnsupportedError.
func unsupported(err error, feature, since string) error {
	if status, ok := errors.AsType[*StatusError](err); ok && status.noRoute() {
		return &UnsupportedError{Feature: feature, Since: since}
	}
	return err
}
