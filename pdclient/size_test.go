package pdclient

import (
	"strings"
	"testing"

	"ebb/cluster"
)

func TestParseSize(t *testing.T) {
	const ki, mi, gi, ti = 1 << 10, 1 << 20, 1 << 30, 1 << 40
	tests := []struct {
		in        string
		bytes     uint64
		precision uint64
	}{
		{"0B", 0, 0},
		{"1023B", 1023, 0},
		{"1KiB", ki, 1},
		{"192MiB", 192 * mi, (mi + 19) / 20},
		{"953.4GiB", 1023705455002, gi / 20}, // 953.4 * 2^30, a digit is 0.1 GiB
		{"1.465TiB", 1610784534692, ti/2000 + 1},
		{"2TiB", 2 * ti, ti/2000 + 1}, // trailing zeros are dropped, so this is 2.000
		{"1.5 TiB", 3 * ti / 2, ti/2000 + 1},
		{"1000GiB", 1000 * gi, gi / 2},
	}
	for _, tt := range tests {
		got, err := parseSize(tt.in)
		if err != nil {
			t.Errorf("parseSize(%q): %v", tt.in, err)
			continue
		}
		if diff := int64(got.Precision) - int64(tt.precision); !got.Known || diff < -1 || diff > 1 {
			t.Errorf("parseSize(%q) precision = %d, known %v, want %d", tt.in, got.Precision, got.Known, tt.precision)
		}
		if diff := int64(got.Bytes) - int64(tt.bytes); diff < -1 || diff > 1 {
			t.Errorf("parseSize(%q) = %d bytes, want %d", tt.in, got.Bytes, tt.bytes)
		}
	}
	if got, err := parseSize(""); err != nil || got != (cluster.Size{}) {
		t.Errorf("parseSize of nothing = %+v, %v, want an unknown size", got, err)
	}
	for _, bad := range []string{"12", "x", "-1GiB", "1e3GiB", "1.2.3GiB", "GiB", "1  TiB", "9999EiB", "1TB", "NaNGiB", "InfB", "0x1B"} {
		if got, err := parseSize(bad); err == nil {
			t.Errorf("parseSize(%q) = %+v, want an error", bad, got)
		}
	}
}

// PD prints four digits: the true value must lie within Precision.
func FuzzParseSize(f *testing.F) {
	f.Add("1.465TiB")
	f.Add("0B")
	f.Add("953.4 GiB")
	f.Fuzz(func(t *testing.T, s string) {
		size, err := parseSize(s)
		if err != nil {
			if size != (cluster.Size{}) || !strings.Contains(err.Error(), "parse size") {
				t.Fatalf("parseSize(%q) = %+v, %v", s, size, err)
			}
			return
		}
		if size.Known != (s != "") || size.AtLeast() > size.AtMost() {
			t.Fatalf("parseSize(%q) = %+v", s, size)
		}
	})
}
