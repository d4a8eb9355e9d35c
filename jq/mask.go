package jq

// mask is what of a value a program can see. Beyond it only the type of a
// value, and whether it counts as true, are certain.
type mask struct {
	// all shows the value with everything in it.
	all    bool
	fields []maskField
	// partial is for a program that tells what it has not been shown: nothing is
	// shown in full because of it.
	partial bool
	// elems is what is seen of each element of an array; nil for an array that
	// nobody looks into.
	elems *mask
}

type maskField struct {
	name string
	mask *mask
}

var everything = &mask{all: true}

// A value whose type is not the one that the program expects is decoded with
// everything in it: the error that jq then raises shows it.
func (m *mask) forObject() *mask {
	if m.elems != nil {
		return everything
	}
	return m
}

// forArray returns the mask of the elements, nil for none.
func (m *mask) forArray() *mask {
	if m.all || len(m.fields) > 0 {
		return everything
	}
	return m.elems
}

// field looks a key up. Names of few fields are compared faster than hashed.
func (m *mask) field(key []byte) (string, *mask) {
	for i := range m.fields {
		if m.fields[i].name == string(key) {
			return m.fields[i].name, m.fields[i].mask
		}
	}
	return "", nil
}

// at is the mask of a field, made when it is not there yet.
func (m *mask) at(name string) *mask {
	if m.all {
		return m
	}
	for _, f := range m.fields {
		if f.name == name {
			return f.mask
		}
	}
	child := &mask{partial: m.partial}
	m.fields = append(m.fields, maskField{name, child})
	return child
}

// each is the mask of the elements, made when it is not there yet.
func (m *mask) each() *mask {
	if m.all {
		return m
	}
	if m.elems == nil {
		m.elems = &mask{partial: m.partial}
	}
	return m.elems
}

// show marks that everything is seen.
func (m *mask) show() {
	if m.all || m.partial {
		return
	}
	m.all = true
	for _, f := range m.fields {
		f.mask.show()
	}
	if m.elems != nil {
		m.elems.show()
	}
}
