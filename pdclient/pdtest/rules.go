package pdtest

import (
	"encoding/hex"
	"net/http"
	"strings"

	"ebb/cluster"
)

func (pd *PD) ruleRoutes() []route {
	return []route{
		{on: "GET /config/rules", handle: pd.getRules},
		{on: "GET /config/rule_groups", handle: pd.getRuleGroups},
		{on: "GET /config/rules/region/{id}/detail", absent: !pd.profile.hasRuleDetail(), handle: pd.getFit},
		{on: "GET /config/region-label/rules", absent: !pd.profile.hasRegionLabels(), handle: pd.getLabelRules},
	}
}

func (pd *PD) rulesDisabled() bool { return pd.replicate["enable-placement-rules"] != "true" }

func hexKey(key []byte) string { return strings.ToUpper(hex.EncodeToString(key)) }

func (pd *PD) wireRule(r *cluster.Rule) map[string]any {
	out := map[string]any{
		"group_id": r.GroupID, "id": r.ID, "start_key": hexKey(r.StartKey), "end_key": hexKey(r.EndKey),
		"role": r.Role, "count": r.Count,
	}
	if pd.profile.hasWitness() {
		out["is_witness"] = r.IsWitness
	}
	putNonZero(out, "index", r.Index)
	putNonZero(out, "override", r.Override)
	if len(r.LabelConstraints) > 0 {
		out["label_constraints"] = r.LabelConstraints
	}
	if len(r.LocationLabels) > 0 {
		out["location_labels"] = r.LocationLabels
	}
	if pd.profile >= V5_0 {
		putNonZero(out, "isolation_level", r.IsolationLevel)
	}
	return out
}

func (pd *PD) getRules(*request) reply {
	if pd.rulesDisabled() {
		return failed(http.StatusPreconditionFailed, "placement rules feature is disabled")
	}
	out := []any{}
	for i := range pd.rules {
		out = append(out, pd.wireRule(&pd.rules[i]))
	}
	return ok(out)
}

func (pd *PD) getRuleGroups(*request) reply {
	if pd.rulesDisabled() {
		return failed(http.StatusPreconditionFailed, "placement rules feature is disabled")
	}
	out := []any{}
	for _, g := range pd.ruleGroups {
		wire := map[string]any{"id": g.ID}
		putNonZero(wire, "index", g.Index)
		putNonZero(wire, "override", g.Override)
		out = append(out, wire)
	}
	return ok(out)
}

// getFit is a plain fit: each rule takes the first peers that it accepts.
func (pd *PD) getFit(r *request) reply {
	if pd.rulesDisabled() {
		return failed(http.StatusPreconditionFailed, "placement rules feature is disabled")
	}
	id, isNumber := r.id()
	region := pd.region(cluster.RegionID(id))
	switch {
	case !isNumber:
		return failed(http.StatusBadRequest, "invalid region id")
	case region == nil:
		return failed(http.StatusNotFound, "[PD:region:ErrRegionNotFound]region %d not found", id)
	}
	left := append([]cluster.Peer(nil), region.Peers...)
	var fits []any
	for i := range pd.rules {
		rule := &pd.rules[i]
		var taken, kept []cluster.Peer
		for _, p := range left {
			s, known := pd.stores[p.StoreID]
			if known && len(taken) < rule.Count && rule.Accepts(&s.Store) {
				taken = append(taken, p)
			} else {
				kept = append(kept, p)
			}
		}
		left = kept
		fits = append(fits, map[string]any{
			"rule": pd.wireRule(rule), "peers": pd.wirePeers(taken), "peers-different-role": nil, "isolation-score": 0,
		})
	}
	return ok(map[string]any{"rule-fits": fits, "orphan-peers": pd.wirePeers(left)})
}

func (pd *PD) getLabelRules(*request) reply {
	out := []any{}
	for _, l := range pd.labels {
		var data []any
		for _, k := range l.Ranges {
			data = append(data, map[string]string{"start_key": hexKey(k.Start), "end_key": hexKey(k.End)})
		}
		out = append(out, map[string]any{
			"id": l.ID, "index": l.Index, "labels": l.Labels, "rule_type": "key-range", "data": data,
		})
	}
	return ok(out)
}

// SetRules replaces the placement rules and switches them on; none switches them
// off.
func (pd *PD) SetRules(rules ...cluster.Rule) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.rules = rules
	pd.replicate["enable-placement-rules"] = "true"
	if len(rules) == 0 {
		pd.replicate["enable-placement-rules"] = "false"
	}
}

// SetRuleGroups replaces the order and overriding of rule groups.
func (pd *PD) SetRuleGroups(groups ...cluster.RuleGroup) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.ruleGroups = groups
}

// SetLabelRules replaces the region label rules.
func (pd *PD) SetLabelRules(rules ...cluster.RegionLabelRule) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.labels = rules
}
