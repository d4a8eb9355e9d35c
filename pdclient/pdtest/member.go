package pdtest

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

const (
	apiPrefix   = "/pd/api/v1"
	apiV2Prefix = "/pd/api/v2"
)

// member is one PD server.
type member struct {
	pd     *PD
	index  int
	url    string
	server *httptest.Server
	// advertised replaces url in the answer of /members.
	advertised string
}

func startMember(pd *PD, index int, tlsConfig *tls.Config) *member {
	m := &member{pd: pd, index: index}
	m.server = httptest.NewUnstartedServer(m)
	m.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if tlsConfig != nil {
		m.server.TLS = tlsConfig
		m.server.StartTLS()
	} else {
		m.server.Start()
	}
	m.url = m.server.URL
	return m
}

func (m *member) stop() {
	m.server.CloseClientConnections()
	m.server.Close()
}

// Stop kills one member: connections to it are refused from now on. If it led,
// there is no leader until Elect.
func (pd *PD) Stop(index int) {
	pd.mu.Lock()
	if pd.leader == index {
		pd.leader = -1
	}
	m := pd.members[index]
	pd.mu.Unlock()
	m.stop()
}

// Elect makes a member the leader; -1 leaves the cluster without one. What the
// old leader kept in memory is lost: the limits to restore at state=Up, progress,
// operators and their records.
func (pd *PD) Elect(index int) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.elect(index)
}

func (pd *PD) elect(index int) {
	if index == pd.leader {
		return
	}
	pd.leader = index
	pd.memory = newMemory()
	pd.started = pd.now()
}

// Leader is the index of the leading member, -1 for none.
func (pd *PD) Leader() int {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	return pd.leader
}

// Advertise makes a member announce another client URL than it listens on, as
// behind a NAT.
func (pd *PD) Advertise(index int, url string) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.members[index].advertised = url
}

// ServeHTTP answers as leader, or passes the request on as PD's followers do.
func (m *member) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pd := m.pd
	pd.mu.Lock()
	leader := pd.leader
	w.Header().Set("Date", pd.now().UTC().Format(http.TimeFormat))
	pd.mu.Unlock()
	if r.Header.Get("PD-Redirector") == "" && r.Header.Get("X-Caller-ID") == "" {
		pd.violate("%s %s: no X-Caller-ID", r.Method, r.URL.Path)
	}
	if fault := pd.takeFault(r, m.index, leader == m.index); fault != nil {
		pd.serveFault(w, r, m.index, fault)
		return
	}
	m.pass(w, r, leader)
}

// pass answers as leader or hands the request to it.
func (m *member) pass(w http.ResponseWriter, r *http.Request, leader int) {
	switch {
	case leader == m.index:
		m.pd.answer(w, r, m.index)
	case r.Header.Get("PD-Redirector") != "":
		http.Error(w, "[PD:apiutil:ErrRedirectToNotLeader]redirect to not leader", http.StatusInternalServerError)
	case leader < 0:
		http.Error(w, m.pd.profile.noLeaderText(), http.StatusServiceUnavailable)
	default:
		m.proxy(w, r, m.pd.members[leader])
	}
}

// proxy passes a request on and copies the answer, status line first: when the
// leader dies in the middle of a body, a 200 has already been sent.
func (m *member) proxy(w http.ResponseWriter, r *http.Request, leader *member) {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, leader.url+r.URL.RequestURI(), r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	out.Header = r.Header.Clone()
	out.Header.Set("PD-Redirector", m.url)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // both ends are this process
		DisableKeepAlives: true,
	}, Timeout: time.Minute}
	resp, err := client.Do(out)
	if err != nil {
		http.Error(w, "[PD:apiutil:ErrRedirect]redirect failed", http.StatusInternalServerError)
		return
	}
	defer resp.Body.Close()
	for k, v := range resp.Header {
		if k != "Content-Length" && k != "Content-Encoding" {
			w.Header()[k] = v
		}
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body) // a body that breaks off ends the 200 early
}

// pathOf is the path below the API's prefix.
func pathOf(r *http.Request) string { return strings.TrimPrefix(r.URL.Path, apiPrefix) }
