package jq

import (
	"bytes"
	"unicode/utf8"

	"ebb/internal/skim"
)

// load reads the element; false when it is not JSON, or may not be.
func (m *machine) load(data []byte) bool {
	m.data = data
	m.root = m.addFields(1)
	i := m.read(m.program.layout, skim.Space(data, 0), m.root, 0)
	return i >= 0 && skim.Space(data, i) == len(data)
}

// read reads the value at i to a node and returns the index behind it; below 0
// when it is none, or may be none.
func (m *machine) read(l *layout, i int, to ref, depth int) int {
	if i >= len(m.data) || depth > skim.MaxDepth {
		return -1
	}
	n := node{}
	var end int
	var err error
	switch c := m.data[i]; {
	case '0' <= c && c <= '9' || c == '-':
		return m.readNumber(i, to)
	case c == '"':
		return m.readText(i, to)
	case c == '{' && l.fields != nil:
		return m.readObject(l, i, to, depth)
	case c == '[' && l.elems != nil:
		return m.readArray(l, i, to, depth)
	case c == '{':
		n.kind = hiddenObject
		end, err = skim.Value(m.data, i, depth)
	case c == '[':
		n.kind = hiddenArray
		end, err = skim.Value(m.data, i, depth)
	case c == 't':
		n.kind = trueNode
		end, err = skim.Word(m.data, i, "true")
	case c == 'f':
		n.kind = falseNode
		end, err = skim.Word(m.data, i, "false")
	case c == 'n':
		end, err = skim.Word(m.data, i, "null")
	default:
		return -1
	}
	if err != nil {
		return -1
	}
	m.nodes[to] = n
	return end
}

func (m *machine) readNumber(i int, to ref) int {
	n, end := 0, i
	for end < len(m.data) && m.data[end]-'0' <= 9 {
		n = n*10 + int(m.data[end]-'0')
		end++
	}
	if end < len(m.data) && end-i <= intDigits && (m.data[i] != '0' || end == i+1) {
		if c := m.data[end]; c == ',' || c == '}' || c == ']' {
			m.nodes[to] = node{kind: intNode, n: n}
			return end
		}
	}
	end, err := skim.Number(m.data, i)
	if err != nil {
		return -1
	}
	m.nodes[to] = node{kind: numberNode, n: i, end: end}
	return end
}

func (m *machine) readText(i int, to ref) int {
	if end := skim.PlainString(m.data, i); end > 0 {
		m.nodes[to] = node{kind: textNode, n: i + 1, end: end - 1}
		return end
	}
	end, err := skim.String(m.data, i)
	if err != nil {
		return -1
	}
	n := node{kind: textNode, n: i + 1, end: end - 1}
	if text := m.data[n.n:n.end]; bytes.IndexByte(text, '\\') >= 0 || !utf8.Valid(text) {
		n.kind = escapedNode
	}
	m.nodes[to] = n
	return end
}

// next returns the index of what follows the value that ends at i and whether
// it is another one; below 0 when it is neither that nor the end.
func (m *machine) next(i int, end byte) (at int, more bool) {
	if i = skim.Space(m.data, i); i >= len(m.data) {
		return -1, false
	}
	switch m.data[i] {
	case ',':
		return skim.Space(m.data, i+1), true
	case end:
		return i + 1, false
	}
	return -1, false
}

func (m *machine) readObject(l *layout, i int, to ref, depth int) int {
	first := m.addFields(len(l.fields))
	m.nodes[to] = node{kind: objectNode, shape: l.shape, first: first}
	b := m.data
	if i = skim.Space(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1
	}
	for more := true; more; {
		if i >= len(b) || b[i] != '"' {
			return -1
		}
		end := skim.PlainString(b, i)
		if end == 0 {
			return -1 // an escaped name may be that of any field
		}
		name := b[i+1 : end-1]
		if i = skim.Space(b, end); i >= len(b) || b[i] != ':' {
			return -1
		}
		if i = skim.Space(b, i+1); i >= len(b) {
			return -1
		}
		slot := 0
		for slot < len(l.fields) && l.fields[slot].name != string(name) {
			slot++
		}
		if slot < len(l.fields) {
			i = m.read(l.fields[slot].layout, i, first+ref(slot), depth+1)
		} else {
			var err error
			if i, err = skim.Member(b, i, depth+1); err != nil {
				return -1
			}
		}
		if i < 0 {
			return -1
		}
		i, more = m.next(i, '}')
	}
	return i
}

func (m *machine) readArray(l *layout, i int, to ref, depth int) int {
	n := node{kind: arrayNode}
	var last ref
	more := true
	if i = skim.Space(m.data, i+1); i < len(m.data) && m.data[i] == ']' {
		i, more = i+1, false
	}
	for ; more && i >= 0; n.n++ {
		item := m.addFields(1)
		if i = m.read(l.elems, i, item, depth+1); i < 0 {
			return -1
		}
		if n.n == 0 {
			n.first = item
		} else {
			m.nodes[last].next = item
		}
		last = item
		i, more = m.next(i, ']')
	}
	m.nodes[to] = n
	return i
}
