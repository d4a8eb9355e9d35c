package diagnose

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"ebb/cluster"
)

// aliases gives everything that is hidden a word of its own, the same one
// wherever it occurs, so that what was equal stays equal.
type aliases struct {
	words map[string]string
	count map[string]int
}

func (a *aliases) of(kind, secret string) string {
	if secret == "" {
		return ""
	}
	key := kind + "\x00" + secret
	if word, ok := a.words[key]; ok {
		return word
	}
	a.count[kind]++
	word := fmt.Sprintf("%s-%d", kind, a.count[kind])
	a.words[key] = word
	return word
}

// address hides the host of "host:port", or of a URL.
func (a *aliases) address(address string) string {
	if address == "" {
		return ""
	}
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Scheme + "://" + a.address(u.Host)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return a.of("host", strings.Trim(address, "[]"))
	}
	return net.JoinHostPort(a.of("host", host), port)
}

// openLabels have values that PD itself gives a meaning to.
var openLabels = []string{cluster.EngineLabel, "engine_role", cluster.SpecialUseLabel}

func (a *aliases) label(key, value string) string {
	for _, open := range openLabels {
		if strings.EqualFold(key, open) {
			return value
		}
	}
	return a.of("label", value)
}

// redact hides hosts, names and label values in place. Ids, numbers, states and
// settings stay: they are what the rules go by.
func redact(ev *Evidence) {
	a := &aliases{words: make(map[string]string), count: make(map[string]int)}
	snap := ev.Snapshot
	for i := range snap.Stores {
		s := &snap.Stores[i]
		s.Address, s.PeerAddress, s.StatusAddress = a.address(s.Address), a.address(s.PeerAddress), a.address(s.StatusAddress)
		s.DeployPath = ""
		for j := range s.Labels {
			s.Labels[j].Value = a.label(s.Labels[j].Key, s.Labels[j].Value)
		}
	}
	if snap.Members != nil {
		for i := range snap.Members.Members {
			a.member(&snap.Members.Members[i])
		}
		a.member(&snap.Members.Leader)
	}
	for i := range snap.Health {
		m := cluster.Member{Name: snap.Health[i].Name, ClientURLs: snap.Health[i].ClientURLs}
		a.member(&m)
		snap.Health[i].Name, snap.Health[i].ClientURLs = m.Name, m.ClientURLs
	}
	snap.DashboardURL = ""
	a.rules(ev)
	a.outside(ev)
	eachText(ev, a.text)
}

func (a *aliases) member(m *cluster.Member) {
	m.Name = a.of("member", m.Name)
	changeAll(m.ClientURLs, a.address)
}

func (a *aliases) rules(ev *Evidence) {
	for i := range ev.Snapshot.Rules {
		for j := range ev.Snapshot.Rules[i].LabelConstraints {
			c := &ev.Snapshot.Rules[i].LabelConstraints[j]
			for k := range c.Values {
				c.Values[k] = a.label(c.Key, c.Values[k])
			}
		}
	}
	// The ids of label rules are "schema/DATABASE/TABLE".
	for i := range ev.LabelRules {
		ev.LabelRules[i].ID = a.of("label-rule", ev.LabelRules[i].ID)
	}
}

func (a *aliases) outside(ev *Evidence) {
	for i := range ev.Nodes {
		ev.Nodes[i].ID = a.address(ev.Nodes[i].ID)
	}
	for id, t := range ev.Tables {
		t.Name = a.of("table", t.Name)
		ev.Tables[id] = t
	}
	for id, s := range laterStores(ev) {
		s.Address = a.address(s.Address)
		ev.Later.Stores[id] = s
	}
	for id, h := range ev.Hosts {
		h.Unit = a.of("unit", h.Unit)
		ev.Hosts[id] = h
	}
	for i := range ev.Maintenance {
		m := &ev.Maintenance[i]
		m.ID, m.Description = a.of("task", m.ID), ""
	}
}

func laterStores(ev *Evidence) map[cluster.StoreID]LaterStore {
	if ev.Later == nil {
		return nil
	}
	return ev.Later.Stores
}

// What is left in texts of other programs and looks like a host.
var (
	anyURL      = regexp.MustCompile(`[a-z]+://[^/\s"]+`)
	anyIPv4     = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b`)
	anyIPv6     = regexp.MustCompile(`\[?(?:[0-9a-fA-F]{0,4}:){3,}[0-9a-fA-F]{0,4}\]?(?::\d+)?`)
	anyName     = regexp.MustCompile(`\b[a-zA-Z][a-zA-Z0-9-]*(?:\.[a-zA-Z0-9-]+)+\b`)
	versionLike = regexp.MustCompile(`^v\d`)
)

// text hides the hosts that are known, and then whatever looks like one.
func (a *aliases) text(text string) string {
	var secrets [][2]string
	for key, word := range a.words {
		kind, secret, _ := strings.Cut(key, "\x00")
		if kind == "host" || kind == "member" {
			secrets = append(secrets, [2]string{secret, word})
		}
	}
	// The longest first: one host may be the beginning of another.
	slices.SortFunc(secrets, func(x, y [2]string) int { return cmp.Or(len(y[0])-len(x[0]), strings.Compare(x[0], y[0])) })
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s[0], s[1])
	}
	text = anyURL.ReplaceAllString(text, "URL")
	text = anyIPv4.ReplaceAllString(text, "HOST")
	text = anyIPv6.ReplaceAllString(text, "HOST")
	return anyName.ReplaceAllStringFunc(text, func(name string) string {
		if versionLike.MatchString(name) {
			return name
		}
		return "HOST"
	})
}
