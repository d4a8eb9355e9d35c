package cluster

import "testing"

func TestParseRelease(t *testing.T) {
	for text, want := range map[string]Release{
		"v8.5.3": {8, 5, 3}, "4.0.16": {4, 0, 16}, "v9.0.0-beta.2.pre-483-ga186e0cc61": {9, 0, 0},
		"v7.1": {7, 1, 0}, "None": {}, "": {}, "v8": {}, "vx.y.z": {}, "v8.x.1": {}, " v6.5.12-20240101 ": {6, 5, 12},
		"8.5": {8, 5, 0}, "v8.5-alpha": {8, 5, 0}, "v7.5.3+build": {7, 5, 3}, "v7.5.x": {}, "8.-5.1": {}, "-8.5.1": {}, "8.": {},
	} {
		if got := ParseRelease(text); got != want {
			t.Errorf("ParseRelease(%q) = %+v, want %+v", text, got, want)
		}
	}
	if (Release{}).Known() || (Release{}).AtLeast(4, 0) {
		t.Error("an unknown release is known")
	}
	r := ParseRelease("6.1.0")
	if !r.AtLeast(6, 1) || !r.AtLeast(5, 4) || r.AtLeast(6, 2) || r.AtLeast(7, 0) {
		t.Error("AtLeast is wrong about 6.1")
	}
	for _, later := range []Release{{6, 1, 1}, {6, 2, 0}, {7, 0, 0}} {
		if !r.Before(later) || later.Before(r) {
			t.Errorf("6.1.0 is not before %v", later)
		}
	}
	if r.Before(r) {
		t.Error("6.1.0 is before itself")
	}
}
