package store

import (
	"testing"
	"time"

	"ebb/playground/store/pdfake"
)

// startFleet starts n TiKV stores with some regions against a fake PD, 20 times
// as fast as usual.
func startFleet(t *testing.T, stores, regions int) (*Fleet, *pdfake.PD) {
	t.Helper()
	pd := pdfake.Start(t)
	f, err := Start(t.Context(), Config{PD: []string{pd.URL}, Stores: make([]Spec, stores), Regions: regions, Timing: DefaultTiming().Faster(20)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, pd
}

// await polls until ok.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
