package cmd

import (
	"encoding/json"
	"reflect"
	"strings"
)

// withLists returns a document in which no list and no map is nil, so that none is
// printed as null, for readers that go through all of them. What is left out when
// it is empty stays out. The document itself is not changed: the parts that differ
// are copies.
func withLists(document any) any {
	v := reflect.ValueOf(document)
	if !v.IsValid() {
		return document
	}
	if filled, changed := fill(v); changed {
		return filled.Interface()
	}
	return document
}

var jsonMarshaler = reflect.TypeFor[json.Marshaler]()

// fill returns a value with empty lists for nil ones, and whether it is another.
func fill(v reflect.Value) (filled reflect.Value, changed bool) {
	t := v.Type()
	if t.Implements(jsonMarshaler) {
		return v, false // json.RawMessage, time.Time: they print themselves
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface:
		return fillPointer(v)
	case reflect.Struct:
		return fillStruct(v)
	case reflect.Slice:
		return fillSlice(v)
	case reflect.Map:
		if v.IsNil() {
			return reflect.MakeMap(t), true
		}
	}
	return v, false
}

func fillPointer(v reflect.Value) (filled reflect.Value, changed bool) {
	if v.IsNil() {
		return v, false
	}
	inner, changed := fill(v.Elem())
	if !changed || v.Kind() == reflect.Interface {
		return inner, changed
	}
	filled = reflect.New(v.Type().Elem())
	filled.Elem().Set(inner)
	return filled, true
}

func fillStruct(v reflect.Value) (filled reflect.Value, changed bool) {
	filled = v
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() && !f.Anonymous || strings.Contains(options, "omit") && isNilList(v.Field(i)) {
			continue
		}
		member, memberChanged := fill(v.Field(i))
		if !memberChanged {
			continue
		}
		if !changed {
			filled, changed = reflect.New(v.Type()).Elem(), true
			filled.Set(v)
		}
		filled.Field(i).Set(member)
	}
	return filled, changed
}

func isNilList(v reflect.Value) bool {
	return (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.IsNil()
}

func fillSlice(v reflect.Value) (filled reflect.Value, changed bool) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return v, false // bytes are a text in JSON
	}
	if v.IsNil() {
		return reflect.MakeSlice(v.Type(), 0, 0), true
	}
	filled = v
	for i := range v.Len() {
		element, elementChanged := fill(v.Index(i))
		if !elementChanged {
			continue
		}
		if !changed {
			filled, changed = reflect.MakeSlice(v.Type(), v.Len(), v.Len()), true
			reflect.Copy(filled, v)
		}
		filled.Index(i).Set(element)
	}
	return filled, changed
}
