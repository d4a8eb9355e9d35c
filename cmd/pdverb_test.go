package cmd

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"ebb/cluster"
	"ebb/pdclient/pdtest"
)

// scriptPD is the PD of a script. seen is the number of calls that the script
// has judged already: expectations are about what came after them.
type scriptPD struct {
	*pdtest.PD
	seen int
}

// calls are the new calls, which are then no longer new.
func (pd *scriptPD) calls() []pdtest.Call {
	all := pd.Calls()
	fresh := all[pd.seen:]
	pd.seen = len(all)
	return fresh
}

// runPDVerb is "pd PROFILE [members N]", which starts a PD and sets $PD to the
// URLs of its members, $PD1... to each, $PORT1... to their ports; after that it
// is one of pdVerbs. A word that is left over is a mistake.
func runPDVerb(ts *testscript.TestScript, neg bool, args []string) {
	defer func() {
		if r := recover(); r != nil {
			problem, ok := r.(verbError)
			if !ok {
				panic(r)
			}
			ts.Fatalf("pd %s: %s", strings.Join(args, " "), string(problem))
		}
	}()
	s, w := scriptOf(ts), &words{args}
	verb := w.next()
	switch do, known := pdVerbs[verb]; {
	case neg:
		panic(verbError("! is not supported"))
	case s.pd == nil:
		s.pd = startScriptPD(ts, verb, w)
	case known:
		do(ts, s.pd, w)
	default:
		panic(verbError("unknown verb"))
	}
	if !w.empty() {
		panic(verbError(fmt.Sprintf("cannot make sense of %q", w.left)))
	}
}

func startScriptPD(ts *testscript.TestScript, profile string, w *words) *scriptPD {
	p, err := pdtest.ParseProfile(profile)
	ts.Check(err)
	members := 1
	if w.take("members") {
		members = w.int()
	}
	pd := pdtest.Start(p, pdtest.Members(members))
	urls := pd.URLs()
	ts.Setenv("PD", strings.Join(urls, ","))
	for i, member := range urls {
		u, err := url.Parse(member)
		ts.Check(err)
		ts.Setenv(fmt.Sprintf("PD%d", i+1), member)
		ts.Setenv(fmt.Sprintf("PORT%d", i+1), u.Port())
	}
	return &scriptPD{PD: pd}
}

type pdVerb = func(*testscript.TestScript, *scriptPD, *words)

// pdChanges are the verbs that change something; they can also stand behind
// "then" of a fault.
var pdChanges = map[string]func(*pdtest.PD, *words){
	"addstores": func(pd *pdtest.PD, w *words) { pd.AddStores(ids(w)...) },
	"store":     setStore,
	"regions": func(pd *pdtest.PD, w *words) {
		n := w.int()
		pd.AddRegions(n, ids(w)...)
	},
	"region": setRegion,
	"leaderless": func(pd *pdtest.PD, w *words) {
		pd.EditRegion(cluster.RegionID(w.uint()), func(r *cluster.Region) { r.Leader = cluster.Peer{} })
	},
	"silence": func(pd *pdtest.PD, w *words) { pd.Silence(id(w), w.duration()) },
	"never-beat": func(pd *pdtest.PD, w *words) {
		pd.NeverBeat(id(w))
	},
	"revive": func(pd *pdtest.PD, w *words) { pd.Revive(id(w)) },
	"drop":   func(pd *pdtest.PD, w *words) { pd.DropStore(id(w)) },
	"restarted": func(pd *pdtest.PD, w *words) {
		pd.EditStore(id(w), func(s *cluster.Store) { s.StartTime = s.StartTime.Add(time.Minute) })
	},
	"set": func(pd *pdtest.PD, w *words) {
		name, value := w.next(), w.next()
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			pd.SetConfig(name, n)
		} else {
			pd.SetConfig(name, value)
		}
	},
	"set-ttl": func(pd *pdtest.PD, w *words) {
		name, value := w.next(), w.uint()
		pd.SetConfigTTL(name, float64(value), w.duration())
	},
	"rules":      setRules,
	"limit":      func(pd *pdtest.PD, w *words) { pd.SetLimit(id(w), limit(w)) },
	"evict":      func(pd *pdtest.PD, w *words) { pd.SetEvictLeaders(ids(w)...) },
	"cluster-id": func(pd *pdtest.PD, w *words) { pd.SetClusterID(w.uint()) },
	"elect": func(pd *pdtest.PD, w *words) {
		if w.take("nobody") {
			pd.Elect(-1)
		} else {
			pd.Elect(w.int() - 1)
		}
	},
	"stop":          func(pd *pdtest.PD, w *words) { pd.Stop(w.int() - 1) },
	"pause-checker": func(pd *pdtest.PD, w *words) { pd.PauseChecker(w.next(), w.duration()) },
	"move": func(pd *pdtest.PD, w *words) {
		store, n := id(w), w.int()
		if moved := pd.MoveRegions(store, n); moved != n {
			panic(verbError(fmt.Sprintf("moved %d regions only", moved)))
		}
	},
	"bury":     func(pd *pdtest.PD, _ *words) { pd.Bury() },
	"progress": func(pd *pdtest.PD, _ *words) { pd.RefreshProgress() },
	"obey":     func(pd *pdtest.PD, _ *words) { pd.ObeyOperators() },
	"operator": func(pd *pdtest.PD, w *words) {
		pd.AddOperator(cluster.RegionID(w.uint()), w.next(), w.next(), w.next())
	},
	"advance": func(pd *pdtest.PD, w *words) { pd.Advance(w.duration()) },
}

// pdVerbs are pdChanges and the expectations.
var pdVerbs = func() map[string]pdVerb {
	verbs := map[string]pdVerb{
		"fault":           setFault,
		"await":           awaitCalls,
		"await-faults":    awaitFaults,
		"expect-writes":   expectWrites,
		"no-requests":     expectNothing,
		"expect-calls":    expectCalls,
		"expect-state":    expectState,
		"expect-limit":    expectLimit,
		"expect-evicting": expectEvicting,
		"expect-works":    expectWorks,
		"expect-config":   expectConfig,
	}
	for name, change := range pdChanges {
		verbs[name] = func(_ *testscript.TestScript, pd *scriptPD, w *words) { change(pd.PD, w) }
	}
	return verbs
}()

func id(w *words) cluster.StoreID { return cluster.StoreID(w.uint()) }

func ids(w *words) []cluster.StoreID {
	list := []cluster.StoreID{}
	for !w.empty() {
		list = append(list, id(w))
	}
	return list
}

func limit(w *words) cluster.StoreLimit {
	rate := func() float64 {
		if w.take("unlimited") {
			return cluster.LimitUnlimited
		}
		return float64(w.uint())
	}
	return cluster.StoreLimit{AddPeer: rate(), RemovePeer: rate()}
}

// setStore is "store ID [WORD VALUE]...", which registers a store or changes it.
func setStore(pd *pdtest.PD, w *words) {
	storeID := id(w)
	if _, known := pd.Store(storeID); !known {
		pd.AddStores(storeID)
	}
	pd.EditStore(storeID, func(s *cluster.Store) {
		for !w.empty() {
			editStore(s, w)
		}
	})
	// The limits of a new store depend on its engine.
	if s, _ := pd.Store(storeID); s.Engine() == cluster.TiFlash && pd.Limit(storeID) == (cluster.StoreLimit{AddPeer: 15, RemovePeer: 15}) {
		pd.SetLimit(storeID, cluster.StoreLimit{AddPeer: 30, RemovePeer: 30})
	}
}

func editStore(s *cluster.Store, w *words) {
	gib := func() cluster.Size { return cluster.Size{Bytes: w.uint() << 30} }
	switch word := w.next(); word {
	case "address":
		s.Address = w.next()
	case "status-address":
		s.StatusAddress = w.next()
	case "tiflash":
		s.Labels = append(s.Labels, cluster.Label{Key: cluster.EngineLabel, Value: "tiflash"})
	case "label":
		key, value, _ := strings.Cut(w.next(), "=")
		s.Labels = append(s.Labels, cluster.Label{Key: key, Value: value})
	case "up":
		s.State = cluster.Up
	case "offline":
		s.State = cluster.Offline
	case "tombstone":
		s.State = cluster.Tombstone
	case "busy":
		s.IsBusy = true
	case "well":
		s.IsBusy = false
	case "destroyed":
		s.PhysicallyDestroyed = true
	case "regions":
		s.RegionCount = w.int()
	case "leaders":
		s.LeaderCount = w.int()
	case "size-mib":
		s.RegionSizeMiB = int64(w.int())
	case "capacity-gib":
		s.Capacity = gib()
	case "available-gib":
		s.Available = gib()
	case "used-gib":
		s.Used = gib()
	default:
		panic(verbError("store: unknown word " + word))
	}
}

// setRegion is "region ID voters 1,2,3 leader 2 [size-mib N] [learner 4]
// [incoming 5] [demoting 6] [witness 3] [down 3] [pending 3]"; the regions of one
// script follow each other in keys.
func setRegion(pd *pdtest.PD, w *words) {
	region := cluster.Region{ID: cluster.RegionID(w.uint()), ApproximateSizeMiB: 96, Epoch: cluster.RegionEpoch{ConfVer: 1, Version: 1}}
	region.StartKey = fmt.Appendf(nil, "k%08d", region.ID)
	region.EndKey = fmt.Appendf(nil, "k%08d", region.ID+1)
	peer := func(store cluster.StoreID) cluster.Peer {
		if p := region.PeerOn(store); p != nil {
			return *p
		}
		panic(verbError(fmt.Sprintf("region: no peer on store %d", store)))
	}
	for !w.empty() {
		switch word := w.next(); word {
		case "voters":
			for _, field := range strings.Split(w.next(), ",") {
				store := id(&words{[]string{field}})
				region.Peers = append(region.Peers, cluster.Peer{ID: uint64(region.ID)*100 + uint64(store), StoreID: store})
			}
		case "learner":
			store := id(w)
			region.Peers = append(region.Peers, cluster.Peer{ID: uint64(region.ID)*100 + uint64(store), StoreID: store, Role: cluster.Learner})
		case "incoming", "demoting":
			store, role := id(w), cluster.IncomingVoter
			if word == "demoting" {
				role = cluster.DemotingVoter
			}
			region.Peers = append(region.Peers, cluster.Peer{ID: uint64(region.ID)*100 + uint64(store), StoreID: store, Role: role})
		case "witness":
			region.PeerOn(peer(id(w)).StoreID).IsWitness = true
		case "leader":
			region.Leader = peer(id(w))
		case "first": // of the key space; regions with ids in a row touch each other
			region.StartKey = nil
		case "last":
			region.EndKey = nil
		case "size-mib":
			region.ApproximateSizeMiB = int64(w.int())
		case "down":
			region.Down = append(region.Down, cluster.DownPeer{Peer: peer(id(w)), DownSeconds: 300})
		case "pending":
			region.Pending = append(region.Pending, peer(id(w)))
		default:
			panic(verbError("region: unknown word " + word))
		}
	}
	pd.AddRegion(region)
}

// setRules is "rules off" or "rules default [count N] [location LABEL,...]
// [isolation LABEL] [tiflash TABLE COUNT]...".
func setRules(pd *pdtest.PD, w *words) {
	if w.take("off") {
		pd.SetRules()
		return
	}
	if !w.take("default") {
		panic(verbError("rules: want off or default"))
	}
	rules := []cluster.Rule{{GroupID: "pd", ID: "default", Role: cluster.RoleVoter, Count: 3}}
	if w.take("count") {
		rules[0].Count = w.int()
	}
	if w.take("location") {
		rules[0].LocationLabels = strings.Split(w.next(), ",")
	}
	if w.take("isolation") {
		rules[0].IsolationLevel = w.next()
	}
	for w.take("tiflash") {
		table, count := w.int(), w.int()
		rules = append(rules, cluster.Rule{
			GroupID: cluster.TiFlashRuleGroup, ID: fmt.Sprintf("table-%d-r", table), Role: cluster.RoleLearner, Count: count, Index: 120,
			StartKey: fmt.Appendf(nil, "t%08d", table), EndKey: fmt.Appendf(nil, "t%08d", table+1),
			LabelConstraints: []cluster.LabelConstraint{{Key: cluster.EngineLabel, Op: "in", Values: []string{"tiflash"}}},
		})
	}
	pd.SetRules(rules...)
}

// setFault is "fault 'METHOD /path' WORD [VALUE]... [then CHANGE...]".
func setFault(ts *testscript.TestScript, pd *scriptPD, w *words) {
	f := pdtest.Fault{On: w.next()}
	for !w.empty() {
		switch word := w.next(); word {
		case "skip":
			f.Skip = w.int()
		case "times":
			f.Times = w.int()
		case "always":
			f.Times = -1
		case "member":
			f.Member = w.int()
		case "delay":
			f.Delay = w.duration()
		case "status":
			f.Status = w.int()
		case "body":
			f.Body = w.next()
			if data, err := os.ReadFile(ts.MkAbs(f.Body)); err == nil {
				f.Body = string(data)
			}
		case "cut":
			f.Cut = true
		case "lose-reply":
			f.LoseReply = true
		case "hang":
			f.Hang = true
		case "truncate":
			f.Truncate = w.int()
		case "cut-body":
			f.CutBody, f.Truncate = true, w.int()
		case "append":
			f.Append = w.next()
		case "then-copy": // FROM TO: somebody else works on the files meanwhile
			from, to := ts.MkAbs(w.next()), ts.MkAbs(w.next())
			f.Then = func(*pdtest.PD) { copyFile(ts, from, to) }
		case "then-interrupt":
			f.Then = func(*pdtest.PD) { interruptJob(scriptOf(ts)) }
		case "then":
			change, args := pdChanges[w.next()], w.rest()
			if change == nil {
				panic(verbError("fault: no such change: " + strings.Join(args, " ")))
			}
			f.Then = func(pd *pdtest.PD) { change(pd, &words{slices.Clone(args)}) }
		default:
			panic(verbError("fault: unknown word " + word))
		}
	}
	pd.Inject(f)
}

func copyFile(ts *testscript.TestScript, from, to string) {
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o644)
	}
	if err != nil {
		ts.Logf("copy %s to %s: %v", from, to, err)
	}
}

// interruptJob sends Ctrl-C to the background command while it waits for an
// answer, and holds the answer back until it has had time to notice.
func interruptJob(s *script) {
	if j := s.job.Load(); j != nil {
		j.cmd.Process.Signal(os.Interrupt)
		time.Sleep(200 * time.Millisecond)
	}
}

// awaitCalls is "await N 'GET /stores'": it waits until that has been called N
// times since the start.
func awaitCalls(ts *testscript.TestScript, pd *scriptPD, w *words) {
	n, pattern := w.int(), w.next()
	eventually(ts, fmt.Sprintf("%d calls %q", n, pattern), func() bool { return pd.Made(pattern) >= n })
}

// awaitFaults waits until every fault has hit a request.
func awaitFaults(ts *testscript.TestScript, pd *scriptPD, _ *words) {
	eventually(ts, "the faults to happen", func() bool { return len(pd.Unused()) == 0 })
}

func expectWrites(ts *testscript.TestScript, pd *scriptPD, w *words) {
	want := w.rest()
	var got []string
	for _, c := range pd.calls() {
		if c.Method != "GET" {
			got = append(got, c.String())
		}
	}
	if !slices.Equal(got, want) {
		ts.Fatalf("pd got the writes\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func expectNothing(ts *testscript.TestScript, pd *scriptPD, _ *words) {
	if calls := pd.calls(); len(calls) > 0 {
		ts.Fatalf("pd got %d requests, first %s", len(calls), calls[0])
	}
}

// expectCalls is "expect-calls PATTERN... [!PATTERN]..." over the whole script.
func expectCalls(ts *testscript.TestScript, pd *scriptPD, w *words) {
	for !w.empty() {
		pattern, not := strings.CutPrefix(w.next(), "!")
		if n := pd.Made(pattern); (n == 0) != not {
			ts.Fatalf("pd got %d calls %q", n, pattern)
		}
	}
}

func expectState(ts *testscript.TestScript, pd *scriptPD, w *words) {
	storeID, want := id(w), w.next()
	if s, known := pd.Store(storeID); !known || s.State.String() != want {
		ts.Fatalf("store %d is %s (known: %v), want %s", storeID, s.State, known, want)
	}
}

func expectLimit(ts *testscript.TestScript, pd *scriptPD, w *words) {
	storeID := id(w)
	if got, want := pd.Limit(storeID), limit(w); got != want {
		ts.Fatalf("store %d has limits %+v, want %+v", storeID, got, want)
	}
}

// expectWorks is "expect-works ID ADD REMOVE", the limits that PD works by.
func expectWorks(ts *testscript.TestScript, pd *scriptPD, w *words) {
	storeID, want := id(w), limit(w)
	if got := pd.EffectiveLimit(storeID); got != want {
		ts.Fatalf("store %d works by limits %+v, want %+v", storeID, got, want)
	}
}

// expectConfig is "expect-config NAME VALUE", which PD works by.
func expectConfig(ts *testscript.TestScript, pd *scriptPD, w *words) {
	name, want := w.next(), w.next()
	if got := fmt.Sprint(pd.Config(name)); got != want {
		ts.Fatalf("%s is %s, want %s", name, got, want)
	}
}

func expectEvicting(ts *testscript.TestScript, pd *scriptPD, w *words) {
	if got, want := pd.EvictLeaders(), ids(w); !slices.Equal(got, want) && len(got)+len(want) > 0 {
		ts.Fatalf("under evict-leader are %v, want %v", got, want)
	}
}
