package e2e

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const api = "/pd/api/v1"

// proxy stands between ebb and every PD member. It writes down each request,
// fails the test over those that ebb must never send, and lets a test change what
// PD answers. The addresses in PD's answers are replaced by its own: ebb goes
// where PD says that the leader is, and would go past it.
type proxy struct {
	servers []*httptest.Server
	names   *strings.Replacer

	mu    sync.Mutex
	calls []call
	rules []rule
	// mayForce is the path of the one store that may be deleted by force.
	mayForce string
}

// call is one request of ebb.
type call struct {
	method, path string // path is below /pd/api/v1
	query        url.Values
	rawQuery     string
	caller       string // X-Caller-ID
}

func (c call) String() string { return c.method + " " + c.path + "?" + c.rawQuery }

// rule is what happens to requests of a method and path in place of next. Without
// a method it is for all that may change something.
type rule struct {
	method, path string
	serve        func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

func startProxy(t *testing.T, members []string) *proxy {
	t.Helper()
	p := &proxy{}
	var pairs []string
	for _, member := range members {
		target, err := url.Parse(member)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(p.front(target))
		t.Cleanup(server.Close)
		p.servers = append(p.servers, server)
		pairs = append(pairs, member, server.URL)
	}
	p.names = strings.NewReplacer(pairs...)
	t.Cleanup(func() {
		for _, bad := range p.forbidden() {
			t.Error(bad)
		}
	})
	return p
}

func (p *proxy) urls() []string {
	urls := make([]string, len(p.servers))
	for i, s := range p.servers {
		urls[i] = s.URL
	}
	return urls
}

// front serves one member.
func (p *proxy) front(target *url.URL) http.Handler {
	member := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		// A member that is away is a broken connection, not a bad gateway.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := http.Handler(member)
		if path := strings.TrimPrefix(r.URL.Path, api); path == "/members" || path == "/health" {
			next = edited(member, func(body string) string { return p.names.Replace(body) })
		}
		if serve := p.record(r); serve != nil {
			serve(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// record writes a request down and returns what a rule says about it.
func (p *proxy) record(r *http.Request) func(http.ResponseWriter, *http.Request, http.Handler) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := call{
		method: r.Method, path: strings.TrimPrefix(r.URL.Path, api), query: r.URL.Query(),
		rawQuery: r.URL.RawQuery, caller: r.Header.Get("X-Caller-ID"),
	}
	p.calls = append(p.calls, c)
	for _, rule := range p.rules {
		if rule.method == c.method && rule.path == c.path || rule.method == "" && c.method != http.MethodGet {
			return rule.serve
		}
	}
	return nil
}

// edited is a handler whose answers are changed on the way.
func edited(next http.Handler, change func(body string) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		body := answer.Body.Bytes()
		if answer.Code == http.StatusOK {
			body = []byte(change(string(body)))
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(answer.Code)
		_, _ = bytes.NewReader(body).WriteTo(w)
	})
}

// on makes a rule. It holds until forget.
func (p *proxy) on(method, path string, serve func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append(p.rules, rule{method, path, serve})
}

// answer replaces PD's answer; PD does not see the request.
func (p *proxy) answer(method, path string, status int, body string) {
	p.on(method, path, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

// edit changes what PD answers.
func (p *proxy) edit(method, path string, change func(body string) string) {
	p.on(method, path, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		edited(next, change).ServeHTTP(w, r)
	})
}

// forget removes all rules.
func (p *proxy) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = nil
}

// made returns the requests of a method, in order; "" is all of them.
func (p *proxy) made(method string) []call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.calls), func(c call) bool { return method != "" && c.method != method })
}

// writes are the requests that may change something.
func (p *proxy) writes() []call {
	return slices.DeleteFunc(p.made(""), func(c call) bool { return c.method == http.MethodGet })
}

// forbidden lists the requests that ebb must never send, whatever it was told:
// PD takes the mere presence of a force key for force, spins for ever over
// statistics of an open range, and forgets every operator of everybody.
func (p *proxy) forbidden() []string {
	var bad []string
	for _, c := range p.made("") {
		_, force := c.query["force"]
		switch {
		case c.method == http.MethodDelete && c.path == p.mayForce && c.rawQuery == "force=true":
		case force:
			bad = append(bad, c.String()+": has a force key")
		case c.method == http.MethodDelete && strings.HasPrefix(c.path, "/store/") && c.rawQuery != "":
			bad = append(bad, c.String()+": a delete with a query")
		case c.path == "/stats/region" && c.query.Get("end_key") == "":
			bad = append(bad, c.String()+": has no end_key")
		case c.method == http.MethodDelete && c.path == "/operators":
			bad = append(bad, c.String()+": cancels all operators")
		case c.caller == "":
			bad = append(bad, c.String()+": does not say who calls")
		}
	}
	return bad
}

// The check of the proxy has to be able to fail.
func TestProxyForbidsWhatHarmsPD(t *testing.T) {
	for request, caller := range map[string]string{
		"DELETE /pd/api/v1/store/4?force=false":             "ebb",
		"DELETE /pd/api/v1/store/4?x=1":                     "ebb",
		"GET /pd/api/v1/stats/region?start_key=&end_key=":   "ebb",
		"DELETE /pd/api/v1/operators":                       "ebb",
		"GET /pd/api/v1/stores":                             "",
		"POST /pd/api/v1/store/4/state?state=Up&force=true": "ebb",
	} {
		method, target, _ := strings.Cut(request, " ")
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("X-Caller-ID", caller)
		p := &proxy{}
		p.record(r)
		if len(p.forbidden()) != 1 {
			t.Errorf("%s: %v", request, p.forbidden())
		}
	}
}
