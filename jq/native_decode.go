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

// load reads the element; false when it is not JSON, or may not be.
func (m *machine) load(data []byte) bool {
	m.data, m.pos, m.depth = data, 0, 0
	m.root = m.addFields(1)
	return m.read(m.program.layout, m.root) && !m.space()
}

// read reads a value to a node.
func (m *machine) read(l *layout, to ref) bool {
	if !m.space() {
		return false
	}
	n := node{}
	var err error
	start := m.pos
	switch m.data[m.pos] {
	case '{':
		if len(l.fields) > 0 {
			return m.readObject(l, to)
		}
		n.kind = hiddenObject
		err = m.skip()
	case '[':
		if l.elems != nil {
			return m.readArray(l, to)
		}
		n.kind = hiddenArray
		err = m.skip()
	case '"':
		var plain bool
		_, plain, err = m.raw()
		n = node{kind: escapedNode, n: start + 1, end: m.pos - 1}
		if plain {
			n.kind = textNode
		}
	case 't':
		n.kind, err = trueNode, m.literal("true")
	case 'f':
		n.kind, err = falseNode, m.literal("false")
	case 'n':
		n.kind, err = nullNode, m.literal("null")
	default:
		return m.readNumber(to)
	}
	m.nodes[to] = n
	return err == nil
}

func (m *machine) readNumber(to ref) bool {
	start := m.pos
	integer, err := m.numeral()
	if err != nil {
		return false
	}
	n := node{kind: numberNode, n: start, end: m.pos}
	if text := m.data[start:m.pos]; integer && text[0] != '-' && len(text) <= intDigits {
		n = node{kind: intNode}
		for _, c := range text {
			n.n = n.n*10 + int(c-'0')
		}
	}
	m.nodes[to] = n
	return true
}

func (m *machine) readObject(l *layout, to ref) bool {
	first := m.addFields(len(l.fields))
	m.nodes[to] = node{kind: objectNode, shape: l.shape, first: first}
	empty, err := m.open('}')
	for more := !empty; more && err == nil; {
		var raw []byte
		var plain bool
		if raw, plain, err = m.key(); err != nil || !plain {
			return false // an escaped name may be that of any field
		}
		slot := slices.IndexFunc(l.fields, func(f layoutField) bool { return f.name == string(raw) })
		if slot < 0 {
			err = m.skip()
		} else if !m.read(l.fields[slot].layout, first+ref(slot)) {
			return false
		}
		if err == nil {
			more, err = m.next('}')
		}
	}
	return err == nil
}

func (m *machine) readArray(l *layout, to ref) bool {
	n := node{kind: arrayNode}
	var last ref
	empty, err := m.open(']')
	for more := !empty; more && err == nil; n.n++ {
		item := m.addFields(1)
		if !m.read(l.elems, item) {
			return false
		}
		if n.n == 0 {
			n.first = item
		} else {
			m.nodes[last].next = item
		}
		last = item
		more, err = m.next(']')
	}
	m.nodes[to] = n
	return err == nil
}
