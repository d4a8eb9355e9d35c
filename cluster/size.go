package cluster

import "fmt"

// Size is a number of bytes as PD prints it: rounded to four significant
// digits ("1.465TiB"), so the true value lies within Precision of Bytes.
// A check that compares sizes must use the unfavourable end.
type Size struct {
	Bytes     uint64 `json:"bytes"`
	Precision uint64 `json:"precision"` // bytes, plus or minus
	// Known is false when PD did not report the size at all, as it does for a
	// store that has not sent a heartbeat to this PD leader yet.
	Known bool `json:"known"`
}

// AtLeast is the smallest number of bytes that the size can stand for.
func (s Size) AtLeast() uint64 {
	if s.Precision >= s.Bytes {
		return 0
	}
	return s.Bytes - s.Precision
}

// AtMost is the largest number of bytes that the size can stand for.
func (s Size) AtMost() uint64 { return s.Bytes + s.Precision }

// MiB is one mebibyte in bytes, the unit of PD's region sizes.
const MiB = 1 << 20

// FormatBytes writes bytes as PD does, with 1024-based units.
func FormatBytes(bytes uint64) string {
	value, unit := float64(bytes), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	return fmt.Sprintf("%.4g%s", value, units[unit])
}
