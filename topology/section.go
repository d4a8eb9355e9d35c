package topology

import (
	"fmt"
	"regexp"
	"strings"
)

// spec is one instance as it is written, before defaults.
type spec struct {
	component *component
	value     *value
	path      string
}

func (s *spec) text(key string) string {
	if v := s.value.get(key); !v.isNull() {
		return strings.TrimSpace(v.text)
	}
	return ""
}

func (s *spec) flag(key string) bool {
	if v := s.value.get(key); !v.isNull() {
		b, _ := v.flag()
		return b
	}
	return false
}

// number is a port as given; 0 when it is not, which is also how tiup reads 0.
func (s *spec) number(key string) int {
	if v := s.value.get(key); !v.isNull() {
		n, _ := v.number()
		return n
	}
	return 0
}

// port is a port with its default.
func (s *spec) port(key string) int {
	n := s.number(key)
	for _, p := range s.component.ports {
		if n == 0 && p.key == key {
			return p.value
		}
	}
	return n
}

// at is the value of a field, or the instance itself where the field is not
// written: the place that a problem with the field points to.
func (s *spec) at(key string) *value {
	if v := s.value.get(key); v != nil {
		return v
	}
	return s.value
}

// section reads one list of instances.
func (d *decoder) section(c *component, list *value, path string) {
	if list.isNull() {
		return
	}
	if list.kind != sequenceKind {
		d.problem(list, path, `start each instance with "- host:"`, "expected a list of instances, got %s", list.describe())
		return
	}
	names := c.names()
	for i, item := range list.items {
		s := &spec{component: c, value: item, path: fmt.Sprintf("%s[%d]", path, i)}
		if item.kind != mappingKind {
			d.problem(item, s.path, `write "host: ..." with the fields below it`, "expected an instance, got %s", item.describe())
			continue
		}
		d.suggest(item, s.path, names)
		for _, e := range item.entries {
			if k, ok := c.known(e.key); ok {
				d.field(e.value, joinPath(s.path, e.key), k)
			}
		}
		d.checkHost(s)
		d.specs = append(d.specs, s)
	}
}

// checkHost looks at the two fields that end up as an address and on a command
// line of ssh, where a leading dash would be an option.
func (d *decoder) checkHost(s *spec) {
	if host := s.value.get("host"); host.isNull() || host.kind == scalarKind && s.text("host") == "" {
		d.problem(s.at("host"), joinPath(s.path, "host"), "", "host is missing")
	}
	for _, key := range []string{"host", "manage_host"} {
		v := s.value.get(key)
		if v.isNull() || v.kind != scalarKind || s.text(key) == "" {
			continue
		}
		host := bareHost(s.text(key))
		if host == "" || host[0] == '-' || strings.ContainsFunc(host, notInHost) {
			d.problem(v, joinPath(s.path, key), "", "%s is not a host name or IP address", quoteShort(v.text))
		}
	}
}

// notInHost is true for what no host name, IPv4 or IPv6 address contains. Names
// are otherwise not judged: "db_1" resolves in many places.
func notInHost(r rune) bool {
	return r <= ' ' || r == 0x7f || strings.ContainsRune("/@[]\\'\"$`;&|<>(){}*?!,=#", r)
}

// Linux user and group names as tiup accepts them (spec/validate.go).
var (
	userName  = regexp.MustCompile(`^[a-z_]([a-z0-9_-]{0,31}|[a-z0-9_-]{0,30}\$)$`)
	groupName = regexp.MustCompile(`^[a-z_]([a-z0-9_-]{0,15})$`)
)

// global reads the section "global". The user of a meta.yaml's own top level,
// if there is one, has been read before and wins as login user, as in tiup.
func (d *decoder) global(sections *value, prefix string) {
	v, path := sections.get("global"), joinPath(prefix, "global")
	d.group(v, path, globalFields)
	s := &spec{value: v}
	g := Global{
		User: orDefault(s.text("user"), "tidb"), Group: s.text("group"),
		SSHPort: s.number("ssh_port"), SSHType: orDefault(s.text("ssh_type"), "builtin"),
		EnableTLS: s.flag("enable_tls"), ListenHost: s.text("listen_host"),
		DeployDir: orDefault(s.text("deploy_dir"), "deploy"), DataDir: orDefault(s.text("data_dir"), "data"),
		LogDir: s.text("log_dir"), OS: strings.ToLower(orDefault(s.text("os"), "linux")), Arch: normalArch(s.text("arch")),
		SystemdMode: SystemdMode(orDefault(s.text("systemd_mode"), string(SystemUnits))), PDMode: s.text("pd_mode"),
	}
	if g.SSHPort == 0 {
		g.SSHPort = 22
	}
	if f := v.get("user"); f != nil && f.kind == scalarKind && !userName.MatchString(g.User) {
		d.problem(f, joinPath(path, "user"), userNameHint, "%s is not a user name", quoteShort(g.User))
	}
	if f := v.get("group"); f != nil && f.kind == scalarKind && g.Group != "" && !groupName.MatchString(g.Group) {
		d.problem(f, joinPath(path, "group"), userNameHint, "%s is not a group name", quoteShort(g.Group))
	}
	g.Group = orDefault(g.Group, g.User)
	d.oneOf(v.get("systemd_mode"), joinPath(path, "systemd_mode"), string(SystemUnits), string(UserUnits))
	d.oneOf(v.get("ssh_type"), joinPath(path, "ssh_type"), "builtin", "system", "none")
	d.oneOf(v.get("pd_mode"), joinPath(path, "pd_mode"), "ms")
	if d.topology.User != "" && !userName.MatchString(d.topology.User) {
		d.problem(d.root.get("user"), "user", userNameHint, "%s is not a user name", quoteShort(d.topology.User))
	}
	d.topology.User = orDefault(d.topology.User, g.User)
	d.topology.Global = g
}

const userNameHint = "a lower-case letter or underscore, then at most 31 (groups: 15) lower-case letters, digits, '_' or '-'"

// oneOf checks a field that has a fixed set of words. Empty means the default.
func (d *decoder) oneOf(v *value, path string, words ...string) {
	if v.isNull() || v.kind != scalarKind || v.text == "" {
		return
	}
	for _, w := range words {
		if v.text == w {
			return
		}
	}
	hint := ""
	if guess := Nearest(v.text, words, 1); len(guess) > 0 {
		hint = fmt.Sprintf("did you mean %q?", guess[0])
	}
	d.problem(v, path, hint, "unknown value %s, expected %s", quoteShort(v.text), strings.Join(words, " or "))
}

func orDefault(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// normalArch spells an architecture as tiup's package names do.
func normalArch(arch string) string {
	switch arch = strings.ToLower(arch); arch {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return arch
}
