package e2e

import (
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// moved says that a progress event shows regions gone.
func moved(e event) bool { return e.Type == "progress" && e.Store.Regions < e.Store.Initial }

func TestWaitGoesOnWhenPDsLeaderIsKilled(t *testing.T) {
	s := half
	s.members, s.direct = 3, true
	b := newBench(t, s)
	leaver := b.tikv()[1]
	r := b.start("scale-in", "-N", leaver.Address, "--wait", "--interval", "200ms", "--yes")
	r.await("progress", moved)
	leader, err := b.Members().Leader(t.Context())
	b.must(err)
	b.must(b.Members().StopMember(t.Context(), leader))
	b.wantCode(r.wait(), 0)
	if got := b.pdState(leaver.ID); got != "Tombstone" {
		t.Errorf("PD says %q", got)
	}
	b.wantEmptied(leaver.ID)
}

func TestWaitReportsLostContactAndGoesOn(t *testing.T) {
	full(t)
	s := half
	s.direct = true
	b := newBench(t, s)
	leaver := b.tikv()[1]
	r := b.start("scale-in", "-N", leaver.Address, "--wait", "--interval", "200ms", "--pd-timeout", "3s", "--yes")
	r.await("progress", moved)
	b.must(b.Members().StopMember(t.Context(), "pd-1"))
	if lost := r.awaitType("contact-lost"); lost.Error == "" {
		t.Errorf("contact-lost does not say why: %s", lost.line)
	}
	b.must(b.Members().StartMember(t.Context(), "pd-1"))
	r.awaitType("contact-regained")
	end := r.wait()
	b.wantCode(end, 0)
	if n := len(end.of("contact-lost")); n != 1 {
		t.Errorf("contact was lost once and reported %d times", n)
	}
	if got := b.pdState(leaver.ID); got != "Tombstone" {
		t.Errorf("PD says %q", got)
	}
	b.wantEmptied(leaver.ID)
}

func TestPDDownAtTheStart(t *testing.T) {
	b := newBench(t, setup{direct: true})
	topology, err := os.ReadFile(b.Topology())
	b.must(err)
	leaver := b.tikv()[0]
	b.must(b.Members().StopMember(t.Context(), "pd-1"))
	for _, verb := range []string{"scale-in", "cancel-offline"} {
		r := b.run(verb, "-N", leaver.Address, "--yes", "--pd-timeout", "3s")
		b.wantCode(r, 9)
		if f := r.failure(t); f.Code != "unreachable" || !strings.Contains(f.Message, b.PD()[0]) || len(f.Hints) == 0 {
			t.Errorf("%s: %+v", verb, f)
		}
	}
	b.wantCode(b.run("display", "--pd-timeout", "3s"), 9)
	b.wantCode(b.run("watch", "--pd-timeout", "3s"), 9)
	if after, err := os.ReadFile(b.Topology()); err != nil || string(after) != string(topology) {
		t.Errorf("the topology changed (%v)", err)
	}
	if left, err := filepath.Glob(filepath.Join(b.state, "ebb", "journal", "*")); err != nil || len(left) > 0 {
		t.Errorf("journal: %v %v", left, err)
	}
}

func TestFollowerAsOnlyEndpoint(t *testing.T) {
	full(t)
	b := newBench(t, setup{members: 3})
	leader, err := b.Members().Leader(t.Context())
	b.must(err)
	follower := (slices.Index(b.Members().Members(), leader) + 1) % 3
	// The leader's address leads nowhere from here: everything has to be passed on
	// by the follower.
	b.proxy.servers[slices.Index(b.Members().Members(), leader)].Close()
	b.endpoints = b.proxy.urls()[follower]
	leaver := b.tikv()[1]
	b.wantCode(b.run("display"), 0)
	b.wantCode(b.run("scale-in", "-N", leaver.Address, "--yes"), 0)
	if got := b.pdState(leaver.ID); got != "Offline" {
		t.Errorf("PD says %q", got)
	}
	b.wantCode(b.run("cancel-offline", "-N", leaver.Address, "--yes"), 0)
	if got := b.pdState(leaver.ID); got != "Up" {
		t.Errorf("PD says %q", got)
	}
}

// What ebb makes of a certificate that it cannot trust, and of mixed-up schemes.
// TLS itself is that of a server in front of PD.
func TestPDBehindTLS(t *testing.T) {
	b := newBench(t, setup{tikv: 3})
	target, err := url.Parse(b.PD()[0])
	b.must(err)
	secure := httptest.NewUnstartedServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshakes
	secure.StartTLS()
	defer secure.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}
	b.must(os.WriteFile(ca, pem.EncodeToMemory(block), 0o600))

	display := func(args ...string) result {
		return b.runRaw(append([]string{"display", "-o", "json", "--pd-timeout", "3s"}, args...)...)
	}
	b.wantCode(display("-u", secure.URL, "--cacert", ca), 0)
	unknown := display("-u", secure.URL)
	b.wantCode(unknown, 9)
	if !strings.Contains(unknown.failure(t).Message, "certificate") {
		t.Errorf("the error does not speak of certificates: %s", unknown.errs)
	}
	b.wantCode(display("-u", strings.Replace(secure.URL, "https:", "http:", 1)), 9)
	b.wantCode(display("-u", b.PD()[0], "--cacert", ca), 4)
	b.wantCode(display("-u", secure.URL, "--cacert", ca+".missing"), 4)
}
