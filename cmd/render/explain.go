package render

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"ebb/cluster"
	"ebb/diagnose"
	"ebb/ui"
)

// Explain is the JSON document of ebb explain REGION.
type Explain struct {
	SchemaVersion int           `json:"schema_version"`
	Type          string        `json:"type"` // "explain"
	ClusterID     uint64        `json:"cluster_id"`
	PDVersion     string        `json:"pd_version"`
	ReadAt        time.Time     `json:"read_at"`
	Region        ExplainRegion `json:"region"`
	// Explanations has one for each peer that PD wants elsewhere, or for the store
	// that was asked about.
	Explanations []diagnose.Explanation `json:"explanations"`
	// LastOperator is what PD did last to the region, in the last ten minutes; nil
	// for nothing.
	LastOperator *cluster.Operator `json:"last_operator,omitempty"`
	// PDFit is PD's own view of the region against the rules (6.5 and later), and
	// Differences where ours is another.
	PDFit       *cluster.RegionFit `json:"pd_fit,omitempty"`
	Differences []string           `json:"differences,omitempty"`
	// Notes name what could not be read.
	Notes []string `json:"notes,omitempty"`
}

// ExplainRegion is the region as PD knows it.
type ExplainRegion struct {
	ID       cluster.RegionID    `json:"id"`
	StartKey string              `json:"start_key"` // hex
	EndKey   string              `json:"end_key"`   // hex, "" is the end of the key space
	TableID  int64               `json:"table_id,omitempty"`
	Epoch    cluster.RegionEpoch `json:"epoch"`
	SizeMiB  int64               `json:"approximate_size_mib"`
	Keys     int64               `json:"approximate_keys"`
	Leader   cluster.StoreID     `json:"leader_store_id"` // 0 for none
	Peers    []ExplainPeer       `json:"peers"`
}

// ExplainPeer is one peer and the store that it is on.
type ExplainPeer struct {
	PeerID  uint64             `json:"peer_id"`
	StoreID cluster.StoreID    `json:"store_id"`
	Role    string             `json:"role"`
	Witness bool               `json:"is_witness,omitempty"`
	Leader  bool               `json:"leader,omitempty"`
	Down    bool               `json:"down,omitempty"`
	Pending bool               `json:"pending,omitempty"`
	Address string             `json:"address,omitempty"`
	State   string             `json:"state"` // "unknown" for a store that PD has no record of
	Class   diagnose.TailClass `json:"class"`
}

// NewExplainRegion describes a region with the stores of its peers.
func NewExplainRegion(r *cluster.Region, snap *cluster.Snapshot, w *diagnose.World) ExplainRegion {
	e := ExplainRegion{
		ID: r.ID, StartKey: hexKey(r.StartKey), EndKey: hexKey(r.EndKey), Epoch: r.Epoch,
		SizeMiB: r.ApproximateSizeMiB, Keys: r.ApproximateKeys, Leader: r.Leader.StoreID, Peers: []ExplainPeer{},
	}
	e.TableID, _ = cluster.TableID(r.StartKey)
	for i := range r.Peers {
		p := &r.Peers[i]
		peer := ExplainPeer{
			PeerID: p.ID, StoreID: p.StoreID, Role: p.Role.String(), Witness: p.IsWitness, Leader: r.HasLeader() && p.ID == r.Leader.ID,
			Down: r.IsDown(p.ID), Pending: r.IsPending(p.ID), State: "unknown", Class: w.Classify(r, p.StoreID),
		}
		if s := snap.Store(p.StoreID); s != nil {
			peer.Address, peer.State = s.Address, s.StateName
		}
		e.Peers = append(e.Peers, peer)
	}
	return e
}

func hexKey(key []byte) string { return strings.ToUpper(hex.EncodeToString(key)) }

var blockStyles = map[cluster.Answer]ui.Style{cluster.Yes: ui.Red, cluster.No: ui.Green, cluster.CannotTell: ui.Yellow}

// Write prints the explanation for one screen.
func (e *Explain) Write(o *ui.Output) error {
	p := &printer{o: o}
	r := &e.Region
	table := "no table"
	if r.TableID != 0 {
		table = tableName(r.TableID, "")
	}
	leader := "no leader"
	if r.Leader != 0 {
		leader = fmt.Sprintf("leader on store %d", r.Leader)
	}
	p.hang(o.Paint(ui.Bold, fmt.Sprintf("region %d  ", r.ID)), fmt.Sprintf("%s, %d MiB, epoch %d/%d, %s; PD %s, read at %s",
		table, r.SizeMiB, r.Epoch.ConfVer, r.Epoch.Version, leader, orDash(e.PDVersion), e.ReadAt.UTC().Format("15:04:05Z")))
	p.hang("keys    ", shortKey(r.StartKey, "start")+" to "+shortKey(r.EndKey, "end"))
	p.table(peerTable(r.Peers))
	for i := range e.Explanations {
		p.explanation(&e.Explanations[i], i == 0)
	}
	p.operators(e)
	for _, d := range e.Differences {
		p.hang(o.Paint(ui.Yellow, "differs: "), ui.Clean(d))
	}
	for _, n := range e.Notes {
		p.hang(o.Paint(ui.Yellow, "note: "), ui.Clean(n))
	}
	return errors.Join(p.errs...)
}

// shortKey keeps the front of a key, which names the table.
func shortKey(key, end string) string {
	const most = 40
	switch {
	case key == "":
		return "the " + end
	case len(key) > most:
		return key[:most] + "..."
	}
	return key
}

func (p *printer) table(t *ui.Table) { p.keep(t.Write(p.o)) }

func peerTable(peers []ExplainPeer) *ui.Table {
	t := ui.NewTable(
		ui.Column{Name: "Store", Align: ui.Right}, ui.Column{Name: "Address", Min: 12, Drop: 1}, ui.Column{Name: "State"}, ui.Column{Name: "Role", Drop: 2},
		ui.Column{Name: "Peer", Align: ui.Right, Drop: 3}, ui.Column{Name: "Health"}, ui.Column{Name: "Class"})
	for i := range peers {
		peer := &peers[i]
		role, health := peer.Role, "ok"
		if peer.Witness {
			role += ", witness"
		}
		if peer.Leader {
			role += ", leads"
		}
		switch {
		case peer.Down:
			health = "down"
		case peer.Pending:
			health = "pending"
		}
		t.Row(ui.Text(peer.StoreID.String()), ui.Text(orDash(peer.Address)), ui.Text(peer.State), ui.Text(role),
			ui.Text(fmt.Sprint(peer.PeerID)), ui.Text(health), ui.Styled(string(peer.Class), blockStyles[peer.Class.Blocks()]))
	}
	return t
}

// explanation prints the part that belongs to one store. The quorum and the
// rules are those of the region, and shown once.
func (p *printer) explanation(e *diagnose.Explanation, first bool) {
	if first {
		p.hang("quorum  ", quorumText(&e.Quorum))
		for i := range e.Rules {
			p.hang("rule    ", ui.Clean(ruleText(&e.Rules[i])))
		}
		if len(e.Orphans) > 0 {
			p.hang("orphans ", "no rule asks for the peers on store "+peerList(e.Orphans))
		}
	}
	if len(e.Candidates) > 0 {
		p.printf("\n%s\n", p.o.Paint(ui.Bold, stepText(e)))
		p.table(candidateTable(e.Candidates))
	}
	head := string(e.Class) + ": "
	if e.Store != 0 {
		head = fmt.Sprintf("store %d %s: ", e.Store, e.Class)
	}
	p.hang(p.o.Paint(blockStyles[e.Blocks], head), ui.Clean(e.Sentence))
	if e.Next != "" {
		p.hang(p.o.Paint(ui.Cyan, "next: "), ui.Clean(e.Next))
	}
}

func stepText(e *diagnose.Explanation) string {
	text := e.Step.Operator
	if e.Step.Removes != 0 {
		text += fmt.Sprintf(" of store %d", e.Step.Removes)
	}
	if e.Step.Rule != "" {
		text += ", rule " + e.Step.Rule
	}
	if e.Step.Assumed {
		text += " (if it were to leave)"
	}
	return ui.Clean(text)
}

func quorumText(q *diagnose.Quorum) string {
	half := func(r cluster.QuorumReport) string {
		return fmt.Sprintf("%d of %d voters live, %d needed", r.Live, r.Voters, cluster.Majority(r.Voters))
	}
	if q.Joint {
		return fmt.Sprintf("%s: old %s; new %s", q.Answer, half(q.Old), half(q.New))
	}
	return fmt.Sprintf("%s: %s", q.Answer, half(q.Old))
}
