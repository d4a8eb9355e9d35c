package topology

import (
	"fmt"
	"slices"
	"strings"
)

// Parse reads a tiup topology.yaml or meta.yaml. name is used in messages only.
//
// Keys that this program does not know are left alone (the file belongs to tiup,
// which is newer); those that look like a slip of a known key become Warnings.
// The error is a *ParseError with all problems. If its Conflicts is true, the
// topology is returned beside it.
func Parse(name string, data []byte) (*Topology, error) {
	switch d, err := parse(name, data); {
	case err == nil:
		return d.topology, nil
	case err.Conflicts:
		return d.topology, err
	default:
		return nil, err
	}
}

// parse is Parse with the tree that the topology was read from. The error is
// typed so that nil stays nil.
func parse(name string, data []byte) (*decoder, *ParseError) {
	root, problems := readTree(data)
	d := &decoder{root: root, topology: &Topology{File: name}, problems: problems}
	if root != nil {
		d.document()
	}
	fatal := len(d.problems) > 0
	if !fatal {
		d.checkConflicts()
	}
	for _, list := range [][]Problem{d.problems, d.topology.Warnings} {
		for i := range list {
			list[i].File = name
		}
		sortProblems(list)
	}
	if len(d.problems) > 0 {
		return d, &ParseError{Problems: d.problems, Conflicts: !fatal}
	}
	return d, nil
}

// decoder reads a tree into a Topology and collects what is wrong on the way.
type decoder struct {
	root     *value
	topology *Topology
	problems []Problem
	specs    []*spec // one per instance, same order as topology.Instances
}

func (d *decoder) problem(v *value, path, hint, format string, args ...any) {
	d.problems = append(d.problems, Problem{
		Line: v.line, Column: v.column, Path: path, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

func (d *decoder) warn(p Problem) { d.topology.Warnings = append(d.topology.Warnings, p) }

// document reads the whole file. A meta.yaml is one that has the key "topology".
func (d *decoder) document() {
	sections, prefix := d.root, ""
	if !d.isMapping(d.root, "") {
		return
	}
	if e := d.root.entry("topology"); e != nil {
		sections, prefix = e.value, "topology"
		d.topology.Meta = true
		d.suggest(d.root, "", sortedNames(metaFields))
		if !d.isMapping(sections, prefix) {
			return
		}
		d.topology.Version = d.text(d.root, "", "tidb_version")
		d.topology.User = d.text(d.root, "", "user")
	}
	d.suggest(sections, prefix, sectionNames())
	d.global(sections, prefix)
	configs := sections.get("server_configs")
	d.group(configs, joinPath(prefix, "server_configs"), serverConfigFields)
	for _, c := range components {
		d.section(c, sections.get(c.section), joinPath(prefix, c.section))
	}
	d.unknownSections(sections, prefix)
	if len(d.specs) == 0 && len(d.topology.Unknown) == 0 && len(d.problems) == 0 {
		d.problem(d.root, "", "a topology has sections such as pd_servers and tikv_servers, each a list with hosts",
			"no instance found: this is not a tiup topology")
	}
	d.resolveInstances(configs)
	d.resolveMonitored(sections.get("monitored"), joinPath(prefix, "monitored"))
	d.locationLabels(configs.get("pd"), joinPath(prefix, "server_configs.pd"))
}

func (d *decoder) isMapping(v *value, path string) bool {
	if v.kind == mappingKind {
		return true
	}
	d.problem(v, path, "", "expected a mapping of sections, got %s", v.describe())
	return false
}

// suggest warns of keys that look misspelt.
func (d *decoder) suggest(v *value, path string, known []string) {
	for _, e := range v.entries {
		if e.merge || e.merged || slices.Contains(known, e.key) {
			continue
		}
		if guess := misspelt(e.key, known); guess != "" {
			d.warn(Problem{
				Line: e.line, Column: e.column, Path: joinPath(path, e.key),
				Message: fmt.Sprintf("unknown key %q is ignored", e.key),
				Hint:    fmt.Sprintf("did you mean %q?", guess),
			})
		}
	}
}

// group checks a mapping field by field against what is known of it. A missing
// or empty one is fine.
func (d *decoder) group(v *value, path string, known fields) {
	if v.isNull() {
		return
	}
	if v.kind != mappingKind {
		d.problem(v, path, "", "expected a mapping, got %s", v.describe())
		return
	}
	d.suggest(v, path, sortedNames(known))
	for _, e := range v.entries {
		if k, ok := known[e.key]; ok {
			d.field(e.value, joinPath(path, e.key), k)
		}
	}
}

// field checks one value against its kind.
func (d *decoder) field(v *value, path string, k fieldKind) {
	if v.isNull() || k == anyField {
		return
	}
	switch k {
	case textField:
		if v.kind != scalarKind {
			hint := ""
			if v.kind == sequenceKind && v.flow && strings.HasSuffix(path, "host") {
				hint = `write an IPv6 address in quotes: "2001:db8::1"`
			}
			d.problem(v, path, hint, "expected a string, got %s", v.describe())
		}
	case portField:
		n, ok := v.number()
		switch {
		case !ok && v.kind == scalarKind && v.style != plain:
			d.problem(v, path, "remove the quotes", "expected a port number, got %s", v.describe())
		case !ok:
			d.problem(v, path, "", "expected a port number, got %s", v.describe())
		case n < 0 || n > 65535:
			d.problem(v, path, "", "port %d is out of range (1 to 65535)", n)
		}
	case flagField:
		if _, ok := v.flag(); !ok {
			d.problem(v, path, "", "expected true or false, got %s", v.describe())
		}
	case groupField:
		if v.kind != mappingKind {
			d.problem(v, path, "", "expected a mapping, got %s", v.describe())
		}
	}
}

// text reads a string field of a mapping, "" when it is missing.
func (d *decoder) text(v *value, path, key string) string {
	f := v.get(key)
	if f.isNull() {
		return ""
	}
	d.field(f, joinPath(path, key), textField)
	return f.text
}

func sortedNames(f fields) []string {
	names := make([]string, 0, len(f))
	for key := range f {
		names = append(names, key)
	}
	slices.Sort(names)
	return names
}

// quoteShort quotes a text for a message, cutting what is too long to read.
func quoteShort(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return fmt.Sprintf("%q...", string(r[:most]))
	}
	return fmt.Sprintf("%q", s)
}
