package pdclient

import (
	"errors"
	"strings"
	"testing"
)

func TestParseStatusError(t *testing.T) {
	tests := []struct {
		name          string
		status        int
		body          string
		code, message string
		is            []error
		transient     bool
		ambiguous     bool
	}{
		{"json string with code", 404, `"[PD:core:ErrStoreNotFound]store 5 not found"`,
			"PD:core:ErrStoreNotFound", "store 5 not found", []error{ErrNotFound}, false, false},
		{"json string without code", 500, `"store 5 not found"`, "", "store 5 not found", nil, false, false},
		{"errcode object", 400, `{"code":"input.invalid","msg":"parsing \"x\"","data":{}}`,
			"input.invalid", `parsing "x"`, nil, false, false},
		{"unknown path", 404, "404 page not found\n", "", "404 page not found", nil, false, false},
		{"null", 404, "null", "", "", []error{ErrNotFound}, false, false},
		{"no leader", 503, "no leader\n", "", "no leader", []error{ErrNoLeader}, true, false},
		{"no leader, new", 503, "[PD:apiutil:ErrRedirectNoLeader]redirect finds no leader\n",
			"PD:apiutil:ErrRedirectNoLeader", "redirect finds no leader", []error{ErrNoLeader}, true, false},
		{"second hop", 500, "[PD:apiutil:ErrRedirectToNotLeader]redirect to not leader\n",
			"PD:apiutil:ErrRedirectToNotLeader", "redirect to not leader", []error{ErrNoLeader}, true, false},
		{"lost on the way", 500, "[PD:apiutil:ErrRedirect]redirect failed\n",
			"PD:apiutil:ErrRedirect", "redirect failed", nil, true, true},
		{"not bootstrapped", 500, `"[PD:cluster:ErrNotBootstrapped]TiKV cluster not bootstrapped"`,
			"PD:cluster:ErrNotBootstrapped", "TiKV cluster not bootstrapped", nil, true, false},
		{"panic", 500, "PANIC: runtime error\ngoroutine 1", "", "PANIC: runtime error\ngoroutine 1",
			[]error{ErrPanicked}, false, true},
		{"NaN", 500, "json: unsupported value: NaN\n", "", "json: unsupported value: NaN", nil, false, true},
		{"rules off", 412, `"placement rules feature is disabled"`, "", "placement rules feature is disabled",
			[]error{ErrPlacementRulesDisabled}, false, false},
		{"rate limit", 429, `"too many requests"`, "", "too many requests", nil, true, false},
		{"gateway", 502, "<html>bad gateway</html>", "", "<html>bad gateway</html>", nil, true, true},
		{"operator", 500, `"operator not found"`, "", "operator not found", []error{ErrNotFound}, false, false},
		{"empty", 500, "", "", "", nil, false, true},
	}
	all := []error{ErrNotFound, ErrNoLeader, ErrPanicked, ErrPlacementRulesDisabled}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := parseStatusError("GET", "http://pd/x", tt.status, []byte(tt.body))
			if e.Code != tt.code || e.Message != tt.message {
				t.Errorf("code %q, message %q, want %q and %q", e.Code, e.Message, tt.code, tt.message)
			}
			for _, sentinel := range all {
				want := false
				for _, w := range tt.is {
					want = want || errors.Is(w, sentinel)
				}
				if errors.Is(e, sentinel) != want {
					t.Errorf("errors.Is(%v) = %v, want %v", sentinel, !want, want)
				}
			}
			if e.transient() != tt.transient || e.ambiguous() != tt.ambiguous {
				t.Errorf("transient %v, ambiguous %v, want %v and %v", e.transient(), e.ambiguous(), tt.transient, tt.ambiguous)
			}
			if !strings.Contains(e.Error(), "GET http://pd/x: pd returned ") {
				t.Errorf("error text %q", e)
			}
		})
	}
}

func FuzzParseStatusError(f *testing.F) {
	f.Add(404, []byte(`"[PD:core:ErrStoreNotFound]store 5 not found"`))
	f.Add(400, []byte(`{"code":"input.invalid","msg":"x"}`))
	f.Add(500, []byte("[PD:"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := parseStatusError("GET", "http://pd/x", status, body)
		if len(e.Error()) > 5000 && len(e.Code) < 3000 {
			t.Fatalf("error of %d bytes", len(e.Error()))
		}
		_ = e.Hint()
		if e.ambiguous() && e.noLeader() {
			t.Fatal("a request that was not passed on is not ambiguous")
		}
	})
}
