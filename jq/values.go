package jq

import "encoding/json"

// smallInts are boxed once: store ids and counts appear millions of times.
var smallInts = func() (boxed [4096]any) {
	for i := range boxed {
		boxed[i] = i
	}
	boxed[0] = json.Number("0") // as an int it would have no -0
	return boxed
}()

func (d *decoder) newMap(pairs []pair) map[string]any {
	var fields map[string]any
	switch {
	case !d.reuse:
		fields = make(map[string]any, len(pairs))
	case d.used < len(d.maps):
		fields = d.maps[d.used]
	default:
		fields = make(map[string]any, len(pairs))
		d.maps = append(d.maps, fields)
	}
	d.used++
	clear(fields) // of another element's
	for _, p := range pairs {
		fields[p.key] = p.value
	}
	return fields
}

func (d *decoder) newSlice(items []any) []any {
	if !d.reuse {
		return append(make([]any, 0, len(items)), items...)
	}
	start := len(d.slab)
	d.slab = append(d.slab, items...)
	// Who appends to it must not reach into what follows.
	return d.slab[start:len(d.slab):len(d.slab)]
}

// text reads a string.
func (d *decoder) text() (any, error) {
	raw, plain, err := d.raw()
	if err != nil {
		return nil, err
	}
	if plain {
		return d.intern(raw), nil
	}
	return unquote(raw), nil
}

// unquote takes a checked string with escapes or bytes that are no UTF-8.
func unquote(raw []byte) string {
	var text string
	// raw has been checked: there is no error that could be met.
	_ = json.Unmarshal(append(append([]byte{'"'}, raw...), '"'), &text)
	return text
}

// intern returns the string of the bytes, the same for one that was met lately.
func (d *decoder) intern(raw []byte) string {
	n := len(raw)
	if n == 0 || n > 32 {
		return string(raw)
	}
	slot := &d.names[(uint8(n)*31+raw[0])*31+raw[n-1]*7+raw[n/2]]
	if *slot != string(raw) {
		*slot = string(raw)
	}
	return *slot
}
