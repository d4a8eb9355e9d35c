package pdtest

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"time"
)

// Fault is something that goes wrong with requests. The zero effect does
// nothing; of several effects all apply.
type Fault struct {
	// On is a pattern as in Made, "*" or "" for every request.
	On string
	// Skip lets that many matching requests pass first.
	Skip int
	// Times is how many requests are hit: 1 when zero, every one when negative.
	Times int
	// Member is the number of a member, from 1, at whose door the fault happens,
	// before it passes the request on if it does not lead. 0 is at the leader.
	Member int

	Delay time.Duration
	// Status and Body replace the answer; the request has no effect.
	Status int
	Body   string
	Header http.Header
	// Cut breaks the connection instead of answering; the request has no effect.
	Cut bool
	// LoseReply carries the request out and then breaks the connection.
	LoseReply bool
	// Hang never answers. The request has no effect.
	Hang bool
	// Truncate ends the body after so many bytes, properly, so that only its content
	// tells; CutBody breaks the connection there instead.
	Truncate int
	CutBody  bool
	// Append puts garbage behind the body.
	Append string
	// Then is called after the request, before the answer: to change the leader or
	// the state in between.
	Then func(*PD)

	hits int
	all  int // matching requests so far
}

// Inject adds a fault. Faults are looked at in the order of their injection; the
// first that matches is used.
func (pd *PD) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.faults = append(pd.faults, &f)
}

// Unused lists the faults that never hit a request.
func (pd *PD) Unused() []string {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	var out []string
	for _, f := range pd.faults {
		if f.hits == 0 {
			out = append(out, fmt.Sprintf("fault on %q", f.On))
		}
	}
	return out
}

// takeFault finds the fault for a request at a member's door. leading tells
// whether that member answers itself.
func (pd *PD) takeFault(r *http.Request, member int, leading bool) *Fault {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	for _, f := range pd.faults {
		if f.On != "" && !matches(f.On, r.Method+" "+pathOf(r)) ||
			f.Member != member+1 && (f.Member != 0 || !leading) {
			continue
		}
		if f.Times > 0 && f.hits >= f.Times {
			continue
		}
		if f.all++; f.all <= f.Skip {
			continue
		}
		f.hits++
		return f
	}
	return nil
}

func (pd *PD) serveFault(w http.ResponseWriter, r *http.Request, member int, f *Fault) {
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
			return
		case <-pd.closing:
			return
		}
	}
	switch {
	case f.Hang:
		select {
		case <-r.Context().Done():
		case <-pd.closing:
		}
		panic(http.ErrAbortHandler)
	case f.Cut:
		panic(http.ErrAbortHandler)
	}
	rec := httptest.NewRecorder()
	if f.Status != 0 {
		maps.Copy(rec.Header(), f.Header)
		rec.WriteHeader(f.Status)
		_, _ = rec.WriteString(f.Body)
	} else {
		pd.members[member].pass(rec, r, pd.Leader())
	}
	if f.Then != nil {
		f.Then(pd)
	}
	if f.LoseReply {
		panic(http.ErrAbortHandler)
	}
	f.send(w, rec)
}

// send writes the answer with what the fault does to its body.
func (f *Fault) send(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), rec.Header())
	body := rec.Body.Bytes()
	if f.Truncate > 0 && f.Truncate < len(body) {
		body = body[:f.Truncate]
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(append(body, f.Append...))
	if f.CutBody {
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
		panic(http.ErrAbortHandler)
	}
}
