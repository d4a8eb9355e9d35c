package e2e

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"ebb/playground/store"
)

// pdProgress are PD's own estimates that a watch reported.
func (r *result) pdProgress() (shown int) {
	for _, e := range r.events {
		if e.Store != nil && e.Store.PDProgress != nil {
			shown++
		}
	}
	return shown
}

// fractionShown is how far display says that a store has come; it has nothing but
// PD's word to go by.
func (b *bench) fractionShown(id uint64) *float64 {
	b.Helper()
	d := b.display()
	for _, n := range d.Nodes {
		if n.Store != nil && n.Store.ID == id && n.Store.Leaving != nil {
			return n.Store.Leaving.Fraction
		}
	}
	b.Fatalf("display does not show store %d leaving", id)
	return nil
}

func TestPDProgressIsShownOnlyWhenItIsAboutRemoving(t *testing.T) {
	full(t)
	b := newBench(t, setup{})
	leaver := b.tikv()[0]
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	b.wantCode(b.run("scale-in", "-N", leaver.Address, "--yes"), 0)
	held := b.truth(leaver.ID).Regions
	_, said := b.ask(http.MethodGet, fmt.Sprintf("/stores/progress?id=%d", leaver.ID), nil)
	t.Logf("right after the DELETE this PD says: %s", said)
	for name, answer := range map[string]struct {
		status int
		body   string
		shown  bool
	}{
		"preparing 1.10":  {200, `{"action":"preparing","store_id":1,"progress":1.1027777777777779,"current_speed":0,"left_seconds":1.7976931348623157e+308}`, false},
		"not found":       {404, `"[PD:progress:ErrProgressNotFound]no progress found for store 1"`, false},
		"not a number":    {500, `"json: unsupported value: NaN"`, false},
		"really removing": {200, `{"action":"removing","store_id":1,"progress":0.25,"current_speed":0,"left_seconds":1.7976931348623157e+308}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := b.in(t)
			b.proxy.answer(http.MethodGet, "/stores/progress", answer.status, answer.body)
			defer b.proxy.forget()
			r := b.run("watch", "--interval", "100ms", "--timeout", "500ms")
			b.wantCode(r, 7)
			if len(r.of("progress")) == 0 || len(r.of("contact-lost")) > 0 {
				t.Errorf("the watch did not work: %s", r.out)
			}
			if shown := r.pdProgress() > 0; shown != answer.shown {
				t.Errorf("PD's progress shown: %v, want %v\n%s", shown, answer.shown, r.out)
			}
			if e := r.of("progress")[0].Store; e.Regions != held || e.Initial != held {
				t.Errorf("%d of %d regions left, want all %d", e.Regions, e.Initial, held)
			}
			if fraction := b.fractionShown(leaver.ID); (fraction != nil) != answer.shown {
				t.Errorf("display shows a fraction: %v, want %v", fraction != nil, answer.shown)
			}
		})
	}
}

func TestDrainEndsWhateverBecomesOfPDsProgress(t *testing.T) {
	full(t)
	b := newBench(t, setup{})
	leaver := b.tikv()[0]
	var asked atomic.Int64
	b.proxy.on(http.MethodGet, "/stores/progress", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		if asked.Add(1)%2 == 0 {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`"[PD:progress:ErrProgressNotFound]no progress found"`))
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte(`"json: unsupported value: NaN"`))
	})
	b.wantCode(b.run("scale-in", "-N", leaver.Address, "--wait", "--interval", "100ms", "--yes"), 0)
	if asked.Load() < 2 {
		t.Errorf("PD's progress was asked for %d times: the test shows nothing", asked.Load())
	}
	b.wantEmptied(leaver.ID)
}
