// Package control is the remote control of a running playground: a strict JSON
// API over loopback HTTP for looking at the simulated stores' true state and
// for breaking things, and a client for it.
//
// It does its own routing. The method and wildcard patterns of http.ServeMux are
// not available in a program that embeds PD, which must set the Go debug option
// httpmuxgo121; and a table of routes can list itself.
package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"ebb/playground/hosts"
	"ebb/playground/store"
)

// PD controls the members of the playground's own PD.
type PD interface {
	Leader(ctx context.Context) (string, error)
	// TransferLeader moves the leadership to the named member, or with an empty
	// name to any other.
	TransferLeader(ctx context.Context, to string) error
	StopMember(ctx context.Context, name string) error
	StartMember(ctx context.Context, name string) error
}

// maxBody bounds a request's body; the largest is one store's description.
const maxBody = 64 << 10

// handler serves the API.
type handler struct {
	fleet  *store.Fleet
	pd     PD
	hosts  *hosts.Set
	routes []route
}

// NewHandler returns the API. p is nil when PD is somebody else's, and s when the
// stores have no hosts: requests to steer them are then refused with 409.
func NewHandler(f *store.Fleet, p PD, s *hosts.Set) http.Handler {
	h := &handler{fleet: f, pd: p, hosts: s}
	h.routes = append(h.routes, h.storeRoutes()...)
	h.routes = append(h.routes, h.regionRoutes()...)
	h.routes = append(h.routes, h.faultRoutes()...)
	h.routes = append(h.routes, h.pdRoutes()...)
	h.routes = append(h.routes, h.hostRoutes()...)
	return h
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := h.dispatch(w, r)
	if err != nil {
		failure := describe(err)
		writeJSON(w, failure.Status, failure)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (h *handler) dispatch(w http.ResponseWriter, r *http.Request) (any, error) {
	if r.URL.Path == "/" && r.Method == http.MethodGet {
		return Index{Routes: h.listing()}, nil
	}
	var methods []string
	for _, rt := range h.routes {
		args, ok := rt.match(r.URL.EscapedPath())
		if !ok {
			continue
		}
		if rt.method != r.Method {
			methods = append(methods, rt.method+" "+rt.path)
			continue
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			return nil, &Error{Status: http.StatusBadRequest, Message: fmt.Sprintf("read request: %v", err)}
		}
		return rt.serve(r.Context(), input{args: args, query: r.URL.Query(), body: body})
	}
	if methods != nil {
		return nil, &Error{Status: http.StatusMethodNotAllowed, Message: "serve " + r.Method + " " + r.URL.Path + ": no such method here", Accepts: methods}
	}
	var paths []string
	for _, l := range h.listing() {
		paths = append(paths, l.Method+" "+l.Path)
	}
	return nil, &Error{Status: http.StatusNotFound, Message: "serve " + r.URL.Path + ": no such route", Accepts: paths}
}

// route is one line of the API. A path segment in braces is an argument.
type route struct {
	method, path string
	does         string
	fields       []string // of the body or, for GET, of the query
	serve        func(context.Context, input) (any, error)
}

// input is what came with a request: arguments in order, query and body.
type input struct {
	args  []string
	query url.Values
	body  []byte
}

func (rt route) match(path string) (args []string, ok bool) {
	have, want := strings.Split(path, "/"), strings.Split(rt.path, "/")
	if len(have) != len(want) {
		return nil, false
	}
	for i, segment := range want {
		if strings.HasPrefix(segment, "{") {
			arg, err := url.PathUnescape(have[i])
			if err != nil {
				return nil, false
			}
			args = append(args, arg)
		} else if segment != have[i] {
			return nil, false
		}
	}
	return args, true
}

// Listing describes one route.
type Listing struct {
	Method  string   `json:"method"`
	Path    string   `json:"path"`
	Does    string   `json:"does"`
	Accepts []string `json:"accepts,omitempty"`
}

// Index is the answer to GET /.
type Index struct {
	Routes []Listing `json:"routes"`
}

func (h *handler) listing() []Listing {
	var out []Listing
	for _, rt := range h.routes {
		out = append(out, Listing{Method: rt.method, Path: rt.path, Does: rt.does, Accepts: rt.fields})
	}
	return out
}

// Error is a refused request, in the API's answer and from Client.
type Error struct {
	Status  int    `json:"status"`
	Message string `json:"error"`
	// Accepts lists the routes or fields that would have been understood.
	Accepts []string `json:"accepts,omitempty"`
}

func (e *Error) Error() string {
	if len(e.Accepts) == 0 {
		return e.Message
	}
	return e.Message + " (accepted: " + strings.Join(e.Accepts, ", ") + ")"
}

// describe finds the status for an error of the fleet or of PD.
func describe(err error) *Error {
	var known *Error
	var refused *store.PDError
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, store.ErrNotFound):
		return &Error{Status: http.StatusNotFound, Message: err.Error()}
	case errors.Is(err, store.ErrConflict):
		return &Error{Status: http.StatusConflict, Message: err.Error()}
	case errors.As(err, &refused):
		return &Error{Status: http.StatusBadGateway, Message: err.Error()}
	default:
		return &Error{Status: http.StatusInternalServerError, Message: err.Error()}
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		status = http.StatusInternalServerError
		buf.Reset()
		fmt.Fprintf(&buf, "{\"status\":%d,\"error\":\"encode answer\"}\n", status)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // a client that went away cannot be told
}
