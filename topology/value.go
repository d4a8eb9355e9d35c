package topology

import (
	"strings"
)

// value is one YAML value with aliases and merge keys already applied, and the
// place where it is written.
type value struct {
	kind         kind
	line, column int // of the alias, for a value that is reached through one

	text  string // scalars: decoded text
	tag   string // short form, such as "!!int"
	style style

	entries []entry  // mappings: own keys in file order, then merged ones
	items   []*value // sequences

	flow   bool   // written as {...} or [...]
	tagged bool   // written with an explicit tag
	anchor string // the anchor that the value carries
	alias  string // the alias that the value is reached through
}

type kind int

const (
	scalarKind kind = iota
	mappingKind
	sequenceKind
)

type style int

const (
	plain style = iota
	singleQuoted
	doubleQuoted
	blockText
)

const nullTag = "!!null"

// entry is one key of a mapping.
type entry struct {
	key          string
	line, column int
	value        *value
	merge        bool // the key is "<<" itself
	merged       bool // the key came in through "<<" and is written elsewhere
	plainKey     bool // written without quotes, tag or anchor
}

// get returns the value of a key, nil when the mapping does not have it. get of
// a nil value, or of one that is no mapping, is nil.
func (v *value) get(key string) *value {
	if e := v.entry(key); e != nil {
		return e.value
	}
	return nil
}

func (v *value) entry(key string) *entry {
	if v == nil {
		return nil
	}
	for i := range v.entries {
		if v.entries[i].key == key {
			return &v.entries[i]
		}
	}
	return nil
}

func (v *value) isNull() bool { return v == nil || v.kind == scalarKind && v.tag == nullTag }

// number accepts what YAML calls an integer; a quoted number is none.
func (v *value) number() (int, bool) {
	var n int
	return n, v.kind == scalarKind && v.tag == "!!int" && v.decode(&n)
}

// flag accepts booleans in all the spellings that tiup's decoder knows (yes, on).
func (v *value) flag() (b, ok bool) {
	if v.kind != scalarKind || v.tag != "!!bool" && (v.tag != "!!str" || v.style != plain) {
		return false, false
	}
	ok = v.decode(&b)
	return b, ok
}

// describe names a value in a message.
func (v *value) describe() string {
	switch {
	case v.kind == mappingKind:
		return "a mapping"
	case v.kind == sequenceKind:
		return "a list"
	case v.isNull():
		return "nothing"
	case v.tag == "!!int" || v.tag == "!!float":
		return "the number " + v.text
	case v.tag == "!!bool":
		return "the boolean " + v.text
	}
	return "the string " + quoteShort(v.text)
}

// lookup finds a configuration item by its path. tiup takes dotted keys and
// nested mappings, in any mixture, for the same thing (spec/server_config.go).
// found has every place where the item is given, in file order.
func (v *value) lookup(path ...string) (found []*value) {
	if v == nil || len(path) == 0 {
		return []*value{v}
	}
	for _, e := range v.entries {
		parts := strings.Split(e.key, ".")
		if e.merge || len(parts) > len(path) || strings.Join(path[:len(parts)], ".") != e.key {
			continue
		}
		if rest := path[len(parts):]; len(rest) == 0 || e.value.kind == mappingKind {
			found = append(found, e.value.lookup(rest...)...)
		}
	}
	return found
}

// joinPath is the dotted name of a key below path.
func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return strings.Join([]string{path, key}, ".")
}
