package pdtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"ebb/cluster"
)

// route is one call of the API.
type route struct {
	on     string   // method and path
	query  []string // keys that may be in the query
	fields []string // members that may be in the body; nil for no body
	absent bool     // this version does not have it
	v2     bool     // below /pd/api/v2
	text   bool     // the body is text
	handle func(*request) reply
}

// request is what a handler gets; the state is locked meanwhile.
type request struct {
	*http.Request
	body map[string]any
	text string
}

// reply is what a handler answers.
type reply struct {
	status int
	json   any    // the body
	plain  string // the body of an answer that is not JSON
	raw    []byte // a body that is JSON already
}

func ok(v any) reply { return reply{status: http.StatusOK, json: v} }

// done is the answer to a successful write: null in 4.0, a sentence later.
func (pd *PD) done(sentence string) reply {
	if !pd.profile.hasSuccessText() {
		return reply{status: http.StatusOK, raw: []byte("null")}
	}
	return ok(sentence)
}

// failed is an error as most handlers answer it: a JSON string.
func failed(status int, format string, args ...any) reply {
	return reply{status: status, json: fmt.Sprintf(format, args...)}
}

// errcode is the error object of PD's parameter checks.
type errcode struct {
	Code string   `json:"code"`
	Msg  string   `json:"msg"`
	Data struct{} `json:"data"`
}

// invalid is an error as parameter checks answer it: an object.
func invalid(format string, args ...any) reply {
	return reply{status: http.StatusBadRequest, json: errcode{Code: "input.invalid", Msg: fmt.Sprintf(format, args...)}}
}

func (pd *PD) newRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, list := range [][]route{
		pd.memberRoutes(), pd.storeRoutes(), pd.limitRoutes(), pd.scheduleRoutes(), pd.configRoutes(),
		pd.ruleRoutes(), pd.regionRoutes(), pd.operatorRoutes(),
		pd.maintenanceRoutes(),
	} {
		for _, rt := range list {
			method, path, _ := strings.Cut(rt.on, " ")
			prefix := apiPrefix
			if rt.v2 {
				prefix = apiV2Prefix
			}
			mux.HandleFunc(method+" "+prefix+path, pd.handler(rt))
		}
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		pd.violate("%s %s: pd has no such call", r.Method, r.URL.Path)
		http.NotFound(w, r)
	})
	return mux
}

// answer serves a request at the leader and logs it.
func (pd *PD) answer(w http.ResponseWriter, r *http.Request, member int) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	call := Call{Method: r.Method, Path: pathOf(r), Query: r.URL.Query(), Body: string(body), Member: member}
	seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	pd.routes.ServeHTTP(seen, r)
	call.Status = seen.status
	pd.mu.Lock()
	pd.calls = append(pd.calls, call)
	pd.mu.Unlock()
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (pd *PD) handler(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if rt.absent {
			http.NotFound(w, r)
			return
		}
		for key := range r.URL.Query() {
			if !slices.Contains(rt.query, key) {
				pd.violate("%s %s: unknown query key %q", r.Method, r.URL.Path, key)
			}
		}
		req := &request{Request: r}
		if !pd.readBody(rt, req) {
			pd.send(w, invalid("invalid body"))
			return
		}
		pd.mu.Lock()
		answer := rt.handle(req)
		pd.mu.Unlock()
		pd.send(w, answer)
	}
}

// readBody decodes the body and checks its members.
func (pd *PD) readBody(rt route, req *request) bool {
	data, err := io.ReadAll(req.Body)
	if err != nil {
		return false
	}
	if rt.text {
		req.text = string(data)
		return true
	}
	if rt.fields == nil {
		if len(data) > 0 {
			pd.violate("%s: unexpected body %s", rt.on, data)
		}
		return true
	}
	if err := json.Unmarshal(data, &req.body); err != nil {
		pd.violate("%s: body is no JSON object: %s", rt.on, data)
		return false
	}
	for name := range req.body {
		if !slices.Contains(rt.fields, name) && !slices.Contains(rt.fields, "*") {
			pd.violate("%s: unknown body field %q", rt.on, name)
		}
	}
	return true
}

func (pd *PD) send(w http.ResponseWriter, a reply) {
	switch {
	case a.plain != "":
		http.Error(w, a.plain, a.status)
		return
	case a.raw == nil:
		data, err := json.Marshal(a.json)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		a.raw = data
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if object, ok := a.json.(errcode); ok {
		w.Header().Set("TiDB-Error-Code", object.Code)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.raw)
}

// id reads the id in the path; ok is false when it is no number, which PD answers
// with an error object.
func (r *request) id() (n uint64, ok bool) {
	n, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	return n, err == nil
}

func storeID(s string) cluster.StoreID {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return cluster.StoreID(n)
}
