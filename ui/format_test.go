package ui

import (
	"math"
	"testing"
	"time"
)

func TestBytes(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0B", 1023: "1023B", 1024: "1.0KiB", 64 << 20: "64.0MiB",
		1023719768064:  "953.4GiB",
		1<<40 - 1:      "1.0TiB", // not 1024.0GiB
		1<<20 - 1:      "1.0MiB",
		math.MaxUint64: "16.0EiB",
		3 << 50:        "3.0PiB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -12: "-12",
		math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestCounted(t *testing.T) {
	for n, want := range map[int]string{0: "0 regions", 1: "1 region", 1200: "1,200 regions"} {
		if got := Counted(n, "region"); got != want {
			t.Errorf("Counted(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                       "0s",
		4*time.Minute + 40*time.Second:          "4m40s",
		59*time.Minute + 59600*time.Millisecond: "1h00m",
		2*time.Hour + 13*time.Minute:            "2h13m",
		23*time.Hour + 59*time.Minute:           "23h59m",
		76 * time.Hour:                          "3d4h",
		-90 * time.Second:                       "-1m30s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 3900 * time.Millisecond: "3s", 119 * time.Second: "119s", 4 * time.Minute: "4m",
		5 * time.Hour: "5h", 80 * time.Hour: "3d", -2 * time.Second: "-2s",
	} {
		if got := Age(d); got != want {
			t.Errorf("Age(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestETA(t *testing.T) {
	for _, tt := range []struct {
		lo, hi time.Duration
		want   string
	}{
		{0, 0, "-"},
		{280 * time.Second, 370 * time.Second, "4m40s-6m10s"},
		{280 * time.Second, 280 * time.Second, "4m40s"},
		{-time.Second, 10 * time.Second, "0s-10s"},
		{50 * time.Minute, 2 * time.Hour, "50m00s-2h00m"},
	} {
		if got := ETA(tt.lo, tt.hi); got != tt.want {
			t.Errorf("ETA(%v, %v) = %q, want %q", tt.lo, tt.hi, got, tt.want)
		}
	}
}

func TestRate(t *testing.T) {
	for r, want := range map[float64]string{
		0: "0/s", 12.6: "12.6/s", 1: "1.0/s", 0.5: "30.0/min", 0.001: "3.6/h", 12345.6: "12,346/s",
		-1: "-", math.Inf(1): "-",
	} {
		if got := Rate(r); got != want {
			t.Errorf("Rate(%v) = %q, want %q", r, got, want)
		}
	}
	if got := Rate(math.NaN()); got != "-" {
		t.Errorf("Rate(NaN) = %q", got)
	}
}

func TestShare(t *testing.T) {
	for part, want := range map[float64]string{0: "0.0%", 1: "100.0%", 0.99999: "99.9%", 0.29: "29.0%", 1.0 / 3: "33.3%"} {
		if got := Share(part); got != want {
			t.Errorf("Share(%v) = %q, want %q", part, got, want)
		}
	}
}

func TestPercent(t *testing.T) {
	for _, tt := range []struct {
		done, total uint64
		want        string
	}{
		{0, 0, "-"},
		{0, 10, "0.0%"},
		{1, 3, "33.3%"},
		{999_999, 1_000_000, "99.9%"}, // not 100.0%
		{10, 10, "100.0%"},
		{11, 10, "100.0%"},
	} {
		if got := Percent(tt.done, tt.total); got != tt.want {
			t.Errorf("Percent(%d, %d) = %q, want %q", tt.done, tt.total, got, tt.want)
		}
	}
}
