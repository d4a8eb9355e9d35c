package e2e

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"ebb/playground/store"
)

// Every cause that PD and simulated stores can have is made here. It comes first,
// no other problem is named unless it is true as well, and what is recommended
// makes the stores leave.
func TestDiagnoseNamesTheCause(t *testing.T) {
	for _, list := range [][]scenario{settingScenarios(), placementScenarios(), regionScenarios(), storeScenarios()} {
		for _, sc := range list {
			t.Run(sc.cause+"/"+sc.name, sc.run)
		}
	}
}

// set is a fault that is a setting.
func set(items map[string]any) func(*scene) {
	return func(s *scene) { s.Helper(); s.config(items) }
}

// withoutRules turns placement rules off first.
func withoutRules(next func(*scene)) func(*scene) {
	return func(s *scene) {
		s.Helper()
		s.config(map[string]any{"replication.enable-placement-rules": "false"})
		next(s)
	}
}

func paused(checker string) func(*scene) {
	return func(s *scene) {
		s.Helper()
		s.tell(http.MethodPost, "/checker/"+checker, map[string]any{"delay": 3600})
	}
}

// deaf makes all stores ignore what PD orders.
func deaf(s *scene) { s.Helper(); s.must(s.Fleet().IgnoreOperators(store.Obedience{Ignore: true})) }

func obedient(s *scene) { s.Helper(); s.must(s.Fleet().IgnoreOperators(store.Obedience{})) }

func settingScenarios() []scenario {
	return []scenario{
		{cause: "D13", name: "halted", quick: true, before: set(map[string]any{"schedule.halt-scheduling": "true"})},
		{cause: "P07", name: "zero", before: set(map[string]any{"schedule.replica-schedule-limit": 0})},
		{cause: "P16", name: "rule", quick: true, before: paused("rule")},
		{cause: "P16", name: "replica", before: withoutRules(paused("replica"))},
		{cause: "P16", name: "joint-state", before: func(s *scene) {
			paused("joint-state")(s)
			s.regions = s.on(s.leaving[0].ID, 1)
			s.must(s.Fleet().JointStuck(s.Context(), s.regions[0]))
		}, person: func(s *scene) { s.must(s.Fleet().HealRegion(s.regions[0])) }},
		{cause: "D31", name: "off", before: withoutRules(set(map[string]any{"schedule.enable-replace-offline-replica": "false"}))},
		// PD refuses the delete while no other store takes leaders.
		{cause: "D12", name: "everywhere", quick: true, before: deaf, after: func(s *scene) {
			for _, st := range s.staying {
				s.tell(http.MethodPost, "/schedulers", map[string]any{"name": "evict-leader-scheduler", "store_id": st.ID})
			}
			obedient(s)
		}},
	}
}

func placementScenarios() []scenario {
	tiflashLeaves := func(s *scene) []store.StoreState { return s.tiflash()[:1] }
	two := func(s *scene) []store.StoreState { return s.tikv()[1:3] }
	addTiKV := func(s *scene) { s.add(s.staying[0]) }
	back := func(gone int) func(s *scene) {
		return func(s *scene) {
			s.Helper()
			s.await("some are taken back, and the others leave", func() bool {
				up, tombstone := 0, 0
				for _, st := range s.leaving {
					switch s.pdState(st.ID) {
					case "Up":
						up++
					case "Tombstone":
						tombstone++
					}
				}
				return tombstone == gone && up == len(s.leaving)-gone
			})
		}
	}
	// PD counts TiFlash stores among those that are Up (pd#9933), and accepts.
	return []scenario{
		{cause: "D01", name: "add one", foreseen: true, quick: true, setup: setup{tikv: 3, tiflash: 1}, person: addTiKV},
		{cause: "D01", name: "take it back", foreseen: true, setup: setup{tikv: 3, tiflash: 1}, way: 1, end: back(0)},
		{cause: "D11", name: "two of four", foreseen: true, setup: setup{tikv: 4, tiflash: 2}, leavers: two, end: back(1)},
		{
			cause: "D04", name: "fewer replicas", setup: setup{tikv: 3, tiflash: 2}, leavers: tiflashLeaves,
			before: func(s *scene) { s.replicate(2); s.awaitLearners() },
		},
		{
			cause: "D04", name: "another TiFlash store", setup: setup{tikv: 3, tiflash: 2}, leavers: tiflashLeaves, way: 1,
			before: func(s *scene) { s.replicate(2); s.awaitLearners() }, person: func(s *scene) { s.add(s.leaving[0]) },
		},
		{
			cause: "D14", name: "a zone leaves", setup: setup{tikv: 6, zones: 3}, before: (*scene).isolateAll,
			leavers: func(s *scene) []store.StoreState {
				return slices.DeleteFunc(s.tikv(), func(st store.StoreState) bool { return st.Labels["zone"] != s.tikv()[0].Labels["zone"] })
			},
			person: func(s *scene) { s.add(s.leaving[0]) },
		},
		{
			cause: "D14", name: "labels", before: (*scene).wantSSD, setup: setup{tikv: 6},
			person: func(s *scene) { s.label(s.staying[len(s.staying)-1].ID) },
		},
		// PD calls no store low on space that has fewer than 100 regions.
		{
			cause: "D10", name: "all full", quick: true, setup: setup{regions: 200}, before: func(s *scene) { s.fill(0.95) },
			person: func(s *scene) { s.fill(0) },
		},
		{cause: "D10", name: "add one", setup: setup{regions: 200}, before: func(s *scene) { s.fill(0.95) }, person: addTiKV},
	}
}

func (s *scene) isolateAll() { s.Helper(); s.isolate() }

// fill makes the stores that stay as full as that.
func (s *scene) fill(fraction float64) {
	s.Helper()
	for _, st := range s.staying {
		s.must(s.Fleet().FillStore(st.ID, fraction))
	}
	s.await("PD knows how full they are", func() bool {
		var one struct {
			Status struct {
				Available string `json:"available"` // such as 102.4GiB, of 2TiB
			} `json:"status"`
		}
		for _, st := range s.staying {
			s.read(fmt.Sprintf("/store/%d", st.ID), &one)
			if low := strings.HasSuffix(one.Status.Available, "GiB"); low != (fraction > 0.9) {
				return false
			}
		}
		return true
	})
}

// withoutReplicas takes all TiFlash replicas away.
func (s *scene) withoutReplicas() {
	s.Helper()
	var rules []struct {
		ID string `json:"id"`
	}
	s.read("/config/rules/group/tiflash", &rules)
	for _, rule := range rules {
		s.tell(http.MethodDelete, "/config/rule/tiflash/"+rule.ID, nil)
	}
	s.await("the learners are gone", func() bool { return s.regionsOn(s.tiflash()[0].ID) == 0 })
}

// awaitLearners waits until every table with TiFlash replicas has two.
func (s *scene) awaitLearners() {
	s.Helper()
	s.await("the TiFlash stores are alike", func() bool {
		flash := s.tiflash()
		return flash[0].Regions > 0 && flash[0].Regions == flash[1].Regions && s.regionsOn(flash[0].ID) == s.regionsOn(flash[1].ID)
	})
}

func (s *scene) label(id uint64) {
	s.Helper()
	s.tell(http.MethodPost, fmt.Sprintf("/store/%d/label", id), map[string]string{"disk": "ssd"})
}

// wantSSD has all data on three stores, one of which is to leave.
func (s *scene) wantSSD() {
	s.Helper()
	chosen := append(slices.Clone(s.leaving), s.staying[:2]...)
	for _, st := range chosen {
		s.label(st.ID)
	}
	s.tell(http.MethodPost, "/config/rule", map[string]any{
		"group_id": "pd", "id": "default", "role": "voter", "count": 3,
		"label_constraints": []map[string]any{{"key": "disk", "op": "in", "values": []string{"ssd"}}},
	})
	s.await("all data are there", func() bool {
		for _, st := range s.staying[2:] {
			if s.truth(st.ID).Regions > 0 || s.regionsOn(st.ID) > 0 {
				return false
			}
		}
		return true
	})
}

func regionScenarios() []scenario {
	return []scenario{
		{
			cause: "D02", name: "two stores dead", also: []string{"D19", "D20"}, setup: setup{tikv: 6},
			before: func(s *scene) { s.die(s.staying[:2]...) },
		},
		{
			cause: "D06", name: "alive", setup: setup{limit: 40},
			after: func(s *scene) { s.tell(http.MethodDelete, fmt.Sprintf("/store/%d?force=true", s.leaving[0].ID), nil) },
		},
		{
			cause: "D06", name: "dead", says: "cannot be taken back", also: []string{"D02", "D19", "D20"}, setup: setup{tikv: 6},
			before: func(s *scene) { s.die(s.leaving[0], s.staying[0]) },
			after:  func(s *scene) { s.tell(http.MethodDelete, fmt.Sprintf("/store/%d?force=true", s.leaving[0].ID), nil) },
			person: func(s *scene) {
				s.must(s.Fleet().StartStore(s.leaving[0].ID))
				s.must(s.Fleet().StartStore(s.staying[0].ID))
			},
		},
		{
			cause: "D07", name: "placement rules off", before: withoutRules(func(s *scene) {
				_, err := s.Fleet().OrphanPeers(s.Context(), store.Orphan{Store: lost, Region: s.on(s.leaving[0].ID, 1)[0], Replace: true})
				s.must(err)
			}),
			person: func(s *scene) {
				s.await("no operator is in the way", func() bool {
					r := s.runRaw("orphans", "apply", "-t", s.Topology(), "-u", s.endpoints, "--yes")
					return r.code == 0
				})
			},
		},
		{
			cause: "D16", name: "timed out", before: deaf, after: (*scene).timeOut, person: obedient,
		},
		{
			cause: "P12", name: "a pending peer", before: (*scene).pendingExtra, setup: setup{tikv: 5},
			person: func(s *scene) { s.must(s.Fleet().HealRegion(s.regions[0])) },
		},
	}
}

// timeOut gives a region an order that nobody carries out, and waits for PD to give
// up, which takes it a minute.
func (s *scene) timeOut() {
	s.Helper()
	for _, region := range s.on(s.leaving[0].ID, 20) {
		if s.region(region).LeaderStore == s.leaving[0].ID {
			continue
		}
		s.ask(http.MethodDelete, fmt.Sprintf("/operators/%d", region), nil)
		s.tell(http.MethodPost, "/operators", map[string]any{"name": "remove-peer", "region_id": region, "store_id": s.leaving[0].ID})
		return
	}
	s.Fatal("the store leads all of its regions")
}

// pendingExtra gives every region a peer more than the rules want, and one of them
// another that waits for a snapshot.
func (s *scene) pendingExtra() {
	s.Helper()
	count := func(n int, constraints ...map[string]any) {
		s.tell(http.MethodPost, "/config/rule", map[string]any{"group_id": "pd", "id": "default", "role": "voter", "count": n, "location_labels": []string{"host"}, "label_constraints": constraints})
	}
	for _, st := range s.staying {
		s.label(st.ID)
	}
	count(4)
	s.await("four peers each", func() bool {
		return !slices.ContainsFunc(s.Fleet().Regions(store.RegionFilter{}), func(r store.RegionState) bool {
			return len(r.Peers) != 4 || slices.ContainsFunc(r.Peers, func(p store.PeerState) bool { return p.Role != "Voter" })
		})
	})
	s.regions = s.on(s.leaving[0].ID, 1)
	other := slices.IndexFunc(s.region(s.regions[0]).Peers, func(p store.PeerState) bool {
		return p.Store != s.leaving[0].ID && p.Store != s.region(s.regions[0]).LeaderStore
	})
	s.config(map[string]any{"schedule.halt-scheduling": "true"})
	s.must(s.Fleet().PendingPeer(s.regions[0], s.region(s.regions[0]).Peers[other].Store))
	s.await("PD knows", func() bool { return s.knows(s.region(s.regions[0])) })
	s.leave(s.leaving...)
	count(3, map[string]any{"key": "disk", "op": "in", "values": []string{"ssd"}})
	s.config(map[string]any{"schedule.halt-scheduling": "false"})
}

func storeScenarios() []scenario {
	return []scenario{
		{
			cause: "D20", name: "the last place", also: []string{"D19"}, setup: setup{tikv: 4},
			before: func(s *scene) { s.die(s.staying[0]) },
		},
		{
			cause: "D19", name: "in flight", also: []string{"D20"}, before: deaf, after: (*scene).dieInFlight,
			person: (*scene).removeOperators,
		},
		{
			// PD calls the store Tombstone at once.
			cause: "D21", name: "another store", also: []string{"D22", "D19", "D20"}, setup: setup{tikv: 6},
			before: func(s *scene) { s.die(s.staying[0]) },
			after: func(s *scene) {
				s.tell(http.MethodPost, "/admin/unsafe/remove-failed-stores", map[string]any{"stores": []uint64{s.staying[0].ID}, "timeout": 600})
			},
			// The stores here know nothing of such a recovery, so it does not end by itself;
			// a new leader of PD knows nothing of it either.
			person: func(s *scene) { s.restartPD() },
		},
		{
			cause: "D23", name: "stopped", hosted: true, args: []string{"--hosts"}, setup: setup{tikv: 4, limit: 60},
			after: func(s *scene) { s.must(s.Fleet().StopStore(s.leaving[0].ID)) },
		},
		{
			cause: "D24", name: "removed without PD", also: []string{"D19"}, setup: setup{tikv: 6},
			before: func(s *scene) {
				s.die(s.staying[0])
				s.must(os.WriteFile(s.Topology(), []byte(without(s.topologyText(), s.staying[0])), 0o644))
			},
			person: func(s *scene) {
				s.leaving = append(s.leaving, s.staying[0])
				s.wantCode(s.bench.run("scale-in", "-N", s.staying[0].Address, "--yes"), 0)
			},
		},
		{
			cause: "D25", name: "three and one", setup: setup{tikv: 3, tiflash: 1}, refused: true,
			leavers: func(s *scene) []store.StoreState { return s.tiflash() },
			before: func(s *scene) {
				s.withoutReplicas()
				s.tell(http.MethodDelete, fmt.Sprintf("/store/%d", s.staying[1].ID), nil)
				if status, _ := s.ask(http.MethodDelete, fmt.Sprintf("/store/%d", s.leaving[0].ID), nil); status == http.StatusOK {
					s.Error("PD accepts the delete")
				}
			},
			person: func(s *scene) { s.add(s.staying[0]); s.leave(s.leaving...) },
		},
		{
			cause: "D28", name: "restarted", args: []string{"--for", "3s"}, setup: setup{limit: 60},
			during: func(s *scene) { s.must(s.Fleet().RestartStore(s.staying[0].ID)) }, person: func(*scene) {},
		},
	}
}

// dieInFlight stops a store that operators wait for.
func (s *scene) dieInFlight() {
	s.Helper()
	s.await("an operator for the store", func() bool {
		var list []string
		s.read("/operators", &list)
		for _, op := range list {
			if _, move, ok := strings.Cut(op, "{"); ok {
				var from uint64
				if _, err := fmt.Sscanf(move, "mv peer: store [%d] to [%d]", &from, &s.store); err == nil {
					return true
				}
			}
		}
		return false
	})
	s.die(s.truth(s.store))
}

// removeOperators does for all regions what is recommended for the first.
func (s *scene) removeOperators() {
	s.Helper()
	obedient(s)
	s.await("no operator waits any more", func() bool {
		d := s.diagnose()
		c := d.of("D19")
		if c != nil {
			s.follow(c.Next)
		}
		return c == nil
	})
}
