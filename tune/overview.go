package tune

import (
	"time"

	"ebb/cluster"
)

// Overview is how fast PD is allowed to move regions, and what limits it now.
type Overview struct {
	ClusterID uint64            `json:"cluster_id"`
	PDVersion string            `json:"pd_version"`
	ReadAt    time.Time         `json:"read_at"`
	Leaving   []cluster.StoreID `json:"leaving"`
	Receivers []cluster.StoreID `json:"receivers"`
	Settings  []Row             `json:"settings"`
	Limits    []Limit           `json:"limits"`
	Held      []Held            `json:"held"`
	Notes     []string          `json:"notes,omitempty"`
}

// Row is a setting; one of stores that are alike in it.
type Row struct {
	Setting Setting           `json:"setting"`
	Engine  cluster.Engine    `json:"engine,omitempty"`
	Stores  []cluster.StoreID `json:"stores,omitempty"`
	// Now is what PD shows, and Works what it works by as far as we know: a
	// temporary value of our own, else Now. Default is "" when it is not known.
	Now     Value `json:"now"`
	Works   Value `json:"works"`
	Default Value `json:"default,omitempty"`
	// Profiles are the values after each profile, where it would change any.
	Profiles map[Profile]Value `json:"profiles"`
	Expires  bool              `json:"can_expire"`
}

// Limit is something that limits how fast regions leave, or may.
type Limit struct {
	Setting Setting        `json:"setting"`
	Engine  cluster.Engine `json:"engine,omitempty"`
	Text    string         `json:"text"`
	// PerMinute is the rate in regions that it allows, nil when it is none.
	PerMinute *float64 `json:"regions_per_minute,omitempty"`
	// Binding is set for what is felt now.
	Binding bool `json:"binding"`
}

// Look makes an overview. Without leaving stores all that live are taken for
// receivers. Errors: *UnreadError.
func Look(ev Evidence) (*Overview, error) {
	v, err := newView(ev)
	if err != nil {
		return nil, err
	}
	receivers := v.receivers
	if len(v.leaving) == 0 {
		for i := range ev.Snapshot.Stores {
			if s := &ev.Snapshot.Stores[i]; s.State == cluster.Up && s.Live(ev.Snapshot.ReadAt) && s.Engine() != cluster.TiFlashCompute {
				receivers = append(receivers, s)
			}
		}
	}
	o := &Overview{
		PDVersion: ev.Snapshot.PDVersion, ReadAt: ev.Snapshot.ReadAt, Leaving: ids(v.leaving), Receivers: ids(receivers), Held: ev.Held,
	}
	if ev.Snapshot.Members != nil {
		o.ClusterID = ev.Snapshot.Members.ClusterID
	}
	for _, s := range configSettings {
		o.Settings = append(o.Settings, v.row(Item{Setting: s}, ""))
	}
	if v.limits {
		for _, s := range []Setting{AddPeer, RemovePeer} {
			for _, store := range receivers {
				o.addRow(v.row(Item{s, store.ID}, store.Engine()))
			}
		}
	}
	o.Limits, o.Notes = v.bottlenecks(), v.notes
	return o, nil
}

func (v *view) row(i Item, engine cluster.Engine) Row {
	r := Row{
		Setting: i.Setting, Engine: engine, Now: v.shows(i), Works: v.works(i), Expires: expires(v.release, i.Setting),
		Default: Default(v.release, i.Setting, engine), Profiles: make(map[Profile]Value),
	}
	if i.StoreID != 0 {
		r.Stores = []cluster.StoreID{i.StoreID}
	}
	for _, p := range Profiles() {
		if value := p.Wants(i.Setting, engine); value != "" && !i.Setting.fasterOrSame(v.base(i), value) {
			r.Profiles[p] = value
		} else {
			r.Profiles[p] = v.base(i)
		}
	}
	return r
}

// addRow adds a store to the row of those that are alike, or a new row.
func (o *Overview) addRow(r Row) {
	for i := range o.Settings {
		if have := &o.Settings[i]; have.Setting == r.Setting && have.Engine == r.Engine && have.Now == r.Now && have.Works == r.Works {
			have.Stores = append(have.Stores, r.Stores...)
			return
		}
	}
	o.Settings = append(o.Settings, r)
}
