package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"ebb/playground/store"
)

// post makes a route whose body is a T. A field that T does not have is an
// error, because a misspelt fault that is silently not injected makes a test
// pass for the wrong reason.
func post[T any](path, does string, serve func(context.Context, input, T) (any, error)) route {
	fields := fieldsOf(reflect.TypeFor[T]())
	return route{method: http.MethodPost, path: path, does: does, fields: fields, serve: func(ctx context.Context, in input) (any, error) {
		var body T
		if err := decode(in.body, &body); err != nil {
			return nil, &Error{Status: http.StatusBadRequest, Message: fmt.Sprintf("decode body of %s: %v", path, err), Accepts: fields}
		}
		if err := in.onlyQuery(); err != nil {
			return nil, err
		}
		return serve(ctx, in, body)
	}}
}

// get makes a route without a body that accepts the given query parameters.
func get(path, does string, params []string, serve func(context.Context, input) (any, error)) route {
	return route{method: http.MethodGet, path: path, does: does, fields: params, serve: func(ctx context.Context, in input) (any, error) {
		if err := in.onlyQuery(params...); err != nil {
			return nil, err
		}
		return serve(ctx, in)
	}}
}

// none is the body of a request that needs none.
type none struct{}

// done is the answer to a change that has nothing to tell.
type done struct {
	OK bool `json:"ok"`
}

// decode reads one JSON object; no body at all is the empty object.
func decode(raw []byte, into any) error {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// fieldsOf lists a struct's JSON fields with their types.
func fieldsOf(t reflect.Type) []string {
	var out []string
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		kind := field.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		out = append(out, name+" "+kind.String())
	}
	return out
}

func (in input) onlyQuery(params ...string) error {
	for name := range in.query {
		if !slices.Contains(params, name) {
			return &Error{Status: http.StatusBadRequest, Message: fmt.Sprintf("read query: unknown parameter %q", name), Accepts: params}
		}
	}
	return nil
}

// id is the i-th argument as an id.
func (in input) id(i int) (uint64, error) {
	return parseID("path", in.args[i])
}

func (in input) queryID(name string) (uint64, error) {
	if !in.query.Has(name) {
		return 0, nil
	}
	return parseID(name, in.query.Get(name))
}

func parseID(where, text string) (uint64, error) {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, &Error{Status: http.StatusBadRequest, Message: fmt.Sprintf("read %s: %q is not a number", where, text)}
	}
	return id, nil
}

// regionByID is the state of a region that must exist.
func (h *handler) regionByID(id uint64) (store.RegionState, error) {
	found := h.fleet.Regions(store.RegionFilter{ID: id})
	if id == 0 || len(found) == 0 {
		return store.RegionState{}, &Error{Status: http.StatusNotFound, Message: fmt.Sprintf("find region %d: %v", id, store.ErrNotFound)}
	}
	return found[0], nil
}
