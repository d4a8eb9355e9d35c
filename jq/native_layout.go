package jq

import "slices"

// layout is which parts of a value a native program looks at.
type layout struct {
	shape  uint16
	fields []layoutField
	elems  *layout // nil when nobody looks into arrays
}

type layoutField struct {
	name   string
	layout *layout
}

// lay makes a layout of a mask.
func (c *nativeCompiler) lay(m *mask) *layout {
	l := &layout{}
	if m.elems != nil {
		l.elems = c.lay(m.elems)
	}
	var names []string
	for _, f := range m.fields {
		names = append(names, f.name)
		l.fields = append(l.fields, layoutField{f.name, c.lay(f.mask)})
	}
	if names != nil {
		l.shape = c.shape(names)
	}
	return l
}

// shape makes a shape whose fields have the names in order.
func (c *nativeCompiler) shape(names []string) uint16 {
	s := shape{}
	for slot, name := range names {
		id := c.name(name)
		for len(s.slots) <= id {
			s.slots = append(s.slots, -1)
		}
		s.slots[id] = int8(slot)
	}
	if len(names) > 100 || len(c.shapes) > 1000 {
		panic(tooHard{})
	}
	c.shapes = append(c.shapes, s)
	return uint16(len(c.shapes) - 1)
}

// name numbers a name.
func (c *nativeCompiler) name(name string) int {
	id := slices.Index(c.names, name)
	if id < 0 {
		id = len(c.names)
		c.names = append(c.names, name)
	}
	return id
}

// number gives all shapes a slot for all names.
func (c *nativeCompiler) number() {
	for i := range c.shapes {
		for len(c.shapes[i].slots) < len(c.names) {
			c.shapes[i].slots = append(c.shapes[i].slots, -1)
		}
	}
}
