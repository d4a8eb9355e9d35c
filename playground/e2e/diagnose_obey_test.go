package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// follow does what a cause recommends: commands of ebb are run as they are, those
// of pd-ctl and curl become the calls that these would make.
func (s *scene) follow(next string) {
	s.Helper()
	ways := alternative.Split(next, -1)
	way := ways[min(s.way, len(ways)-1)]
	for i, action := range strings.Split(way, "; ") {
		if i > 0 && strings.HasPrefix(action, "if ") {
			continue // what is only for another case
		}
		// "if nobody restarts it: pd-ctl ..." says when, then what.
		if i := strings.LastIndex(action, ": "); i >= 0 {
			action = action[i+2:]
		}
		if !s.perform(action) && s.person == nil {
			s.Errorf("nobody knows how to %q, of %q", action, next)
		}
	}
}

var alternative = regexp.MustCompile(`; or\b,?`)

var storeInWords = regexp.MustCompile(`store (\d+) \(`)

// perform reports whether it is something that can be done.
func (s *scene) perform(action string) bool {
	s.Helper()
	program, rest, _ := strings.Cut(action, " ")
	args := strings.Fields(rest)
	switch program {
	case "ebb":
		s.ebb(args)
	case "pd-ctl":
		s.pdctl(args)
	case "curl":
		s.curl(rest)
	case "systemctl":
		s.must(s.Fleet().StartStore(s.leaving[0].ID))
	case "ALTER":
		s.alter(rest)
	case "start":
		for _, m := range storeInWords.FindAllStringSubmatch(rest, -1) {
			s.must(s.Fleet().StartStore(number(m[1])))
		}
		return storeInWords.MatchString(rest)
	default:
		return false
	}
	return true
}

func number(text string) uint64 {
	n, _ := strconv.ParseUint(text, 10, 64)
	return n
}

// asking are verbs that ask before they act.
var asking = []string{"scale-in", "cancel-offline"}

func (s *scene) ebb(args []string) {
	s.Helper()
	if slices.Contains(asking, args[0]) && !slices.Contains(args, "--dry-run") {
		args = append(args, "--yes")
	}
	// What only looks may say no: that is an answer.
	if r := s.runRaw(args...); r.code != 0 && r.code != 3 {
		s.Errorf("ebb %q ends with %d\n%s%s", args, r.code, r.out, r.errs)
	}
}

// pdctl makes the calls of pd-ctl.
func (s *scene) pdctl(args []string) {
	s.Helper()
	var value any = args[len(args)-1]
	if n, err := strconv.ParseFloat(args[len(args)-1], 64); err == nil {
		value = n
	}
	switch shape := strings.Join(args[:2], " "); {
	case shape == "config set" && len(args) == 4:
		s.config(map[string]any{args[2]: value})
	case shape == "scheduler remove" && len(args) == 3:
		s.tell(http.MethodDelete, "/schedulers/"+args[2], nil)
	case shape == "scheduler resume" && len(args) == 3:
		s.tell(http.MethodPost, "/schedulers/"+args[2], map[string]any{"delay": 0})
	case shape == "store limit" && len(args) == 5:
		rate, err := strconv.ParseFloat(args[3], 64)
		s.must(err)
		s.tell(http.MethodPost, "/store/"+args[2]+"/limit", map[string]any{"rate": rate, "type": args[4]})
	case shape == "operator remove" && len(args) == 3:
		// It may have ended by itself meanwhile.
		if status, body := s.ask(http.MethodDelete, "/operators/"+args[2], nil); status != http.StatusOK && !strings.Contains(body, "not found") {
			s.Errorf("operator remove %s: PD says %d %s", args[2], status, body)
		}
	case shape == "operator add" && len(args) == 5 && args[2] == "split-region":
		s.tell(http.MethodPost, "/operators", map[string]any{
			"name": args[2], "region_id": number(args[3]), "policy": strings.TrimPrefix(args[4], "--policy="),
		})
	case shape == "region store" && len(args) == 3:
		s.tell(http.MethodGet, "/regions/store/"+args[2], nil)
	case strings.Join(args, " ") == "unsafe remove-failed-stores show":
		s.tell(http.MethodGet, "/admin/unsafe/remove-failed-stores/show", nil)
	default:
		s.Errorf("pd-ctl knows no %q", args)
	}
}

var curled = regexp.MustCompile(`^-X (POST|DELETE) PD/pd/api/v1(\S+)(?: -d '(.*)')?$`)

func (s *scene) curl(rest string) {
	s.Helper()
	m := curled.FindStringSubmatch(rest)
	if m == nil {
		s.Errorf("curl knows no %q", rest)
		return
	}
	var body any
	if m[3] != "" {
		s.must(json.Unmarshal([]byte(m[3]), &body))
	}
	s.tell(m[1], m[2], body)
}

// alter does to PD what TiDB does for ALTER TABLE ... SET TIFLASH REPLICA.
func (s *scene) alter(rest string) {
	s.Helper()
	var count int
	if _, err := fmt.Sscanf(rest, "TABLE ... SET TIFLASH REPLICA %d", &count); err != nil {
		s.Errorf("SQL knows no %q: %v", rest, err)
		return
	}
	s.replicate(count)
}

// replicate sets the number of TiFlash replicas of all tables that have any.
func (b *bench) replicate(count int) {
	b.Helper()
	var rules []map[string]any
	b.read("/config/rules/group/tiflash", &rules)
	for _, rule := range rules {
		rule["count"] = count
		b.tell(http.MethodPost, "/config/rule", rule)
	}
	if len(rules) == 0 {
		b.Error("there are no TiFlash rules")
	}
}
