package topology

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// Remove takes the instances with the given ids out of a topology.yaml or a
// meta.yaml. It returns the new text and the ids that were taken out, as the file
// spells them and in the order of ids; with none, edited equals data. An id that the file does not have
// is not an error: a run that was interrupted after the edit is simply run again,
// and whoever has to tell a slip from that compares removed with ids.
//
// Only the lines of the instances go. Comments directly above an entry at its
// indentation go with it, except above the first one of a section, where they
// are most often about the section, and except where they hold an entry that is
// commented out. So do comments directly below it that are indented as its
// fields are. All other comments and all blank lines stay. A section that
// becomes empty is written "[]", as tiup itself does.
//
// Each change is proved by reading both texts: the list is one entry shorter and
// all other values are equal. Where no such change can be found the error is an
// *EditError, and likewise for the only instance of a file, which would leave no
// topology, and for an id that two entries have. A file that cannot be read is a
// *ParseError. With an error, edited is nil and nothing is to be written.
func Remove(data []byte, ids []string) (edited []byte, removed []string, err error) {
	before, perr := parse("topology", data)
	if perr != nil && !perr.Conflicts {
		return nil, nil, perr
	}
	// From the bottom up: an entry that is first only once those above it have
	// gone still takes its comments along.
	order := slices.Clone(ids)
	slices.SortStableFunc(order, func(a, b string) int {
		return cmp.Compare(before.topology.line(b), before.topology.line(a))
	})
	names := make(map[string]string)
	for _, id := range order {
		next, name, err := remove(data, id)
		if err != nil {
			return nil, nil, err
		}
		if name != "" {
			data, names[normalAddress(id)] = next, name
		}
	}
	for _, id := range ids {
		if name, ok := names[normalAddress(id)]; ok {
			removed = append(removed, name)
			delete(names, normalAddress(id))
		}
	}
	return bytes.Clone(data), removed, nil
}

// line is where an instance stands, 0 when there is none of the id.
func (t *Topology) line(id string) int {
	if in := t.Instance(id); in != nil {
		return in.Line
	}
	return 0
}

// remove takes out one instance. name is "" when the file does not have it.
func remove(data []byte, id string) (edited []byte, name string, err error) {
	before, perr := parse("topology", data)
	if perr != nil && !perr.Conflicts {
		return nil, "", perr
	}
	var found []int
	for i := range before.topology.Instances {
		if normalAddress(before.topology.Instances[i].ID) == normalAddress(id) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		return data, "", nil
	}
	in, s := &before.topology.Instances[found[0]], before.specs[found[0]]
	fail := &EditError{
		ID: in.ID, Line: in.Line, Column: in.Column,
		byHand: fmt.Sprintf("take the entry of %s out by hand", in.ID),
	}
	switch {
	case len(found) > 1:
		fail.Reason = fmt.Sprintf("%s has the same id, so it cannot be told which one is meant", before.topology.Instances[found[1]].Path)
		return nil, "", fail
	case len(before.specs) == 1:
		fail.Reason = "it is the only instance of the topology"
		return nil, "", fail
	}
	at := before.place(s)
	text := newText(data)
	cuts := text.removalSplices(at)
	at.list.value.items = slices.Delete(at.list.value.items, at.index, at.index+1)
	for _, c := range cuts {
		next := text.apply(c)
		if after, err := parse("topology", next); (err == nil || err.Conflicts) && sameMeaning(before.root, after.root, nil) {
			return next, in.ID, nil
		}
	}
	fail.Reason = at.whyFixed(before.root, s.value)
	return nil, "", fail
}

// place is where an instance stands in its file.
type place struct {
	list  *entry // the section
	index int    // of the instance in it
	next  int    // line of the first key after the section; 0 when there is none
}

func (d *decoder) place(s *spec) place {
	sections, outer := d.root, []entry(nil)
	if e := d.root.entry("topology"); e != nil {
		sections, outer = e.value, d.root.entries
	}
	p := place{list: sections.entry(s.component.section)}
	p.index = slices.Index(p.list.value.items, s.value)
	for _, e := range slices.Concat(sections.entries, outer) {
		if !e.merged && e.line > s.value.line && (p.next == 0 || e.line < p.next) {
			p.next = e.line
		}
	}
	return p
}

// whyFixed explains why an entry cannot be taken out alone. root is the file
// without it.
func (p *place) whyFixed(root, instance *value) string {
	list := p.list.value
	switch {
	case list.alias != "":
		return fmt.Sprintf("the section is the alias *%s, which others share", list.alias)
	case p.list.merged:
		return "the section is merged into the topology from elsewhere"
	case list.anchor != "" && root.takes(list.anchor):
		return fmt.Sprintf("others take the section over through the anchor &%s", list.anchor)
	}
	for _, name := range instance.anchors() {
		if root.takes(name) {
			return fmt.Sprintf("others take values of the entry over through the anchor &%s", name)
		}
	}
	return "the form of the section does not allow to take out this entry alone"
}

// anchors are the names that are defined in the text of a value.
func (v *value) anchors() []string {
	if v.alias != "" {
		return nil
	}
	var names []string
	if v.anchor != "" {
		names = append(names, v.anchor)
	}
	for _, item := range v.items {
		names = append(names, item.anchors()...)
	}
	for _, e := range v.entries {
		if !e.merged {
			names = append(names, e.value.anchors()...)
		}
	}
	return names
}

// takes reports whether the text of a value has an alias of the name.
func (v *value) takes(name string) bool {
	if v.alias != "" {
		return v.alias == name
	}
	return slices.ContainsFunc(v.items, func(item *value) bool { return item.takes(name) }) ||
		slices.ContainsFunc(v.entries, func(e entry) bool { return !e.merged && e.value.takes(name) })
}
