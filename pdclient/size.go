package pdclient

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"ebb/cluster"
)

// PD prints sizes with docker/go-units.BytesSize: "%.4g" and a binary unit, so
// four significant digits of which trailing zeros are dropped.
const sizeDigits = 4

var sizeUnits = []struct {
	name string
	exp  int // power of 1024
}{
	{"KiB", 1}, {"MiB", 2}, {"GiB", 3}, {"TiB", 4}, {"PiB", 5}, {"EiB", 6}, {"B", 0},
}

// parseSize reads "1.465TiB", "953.4GiB" or "0B"; a space before the unit, as
// in the documentation of old releases, is accepted. "" is an unknown size.
func parseSize(s string) (cluster.Size, error) {
	if s == "" {
		return cluster.Size{}, nil
	}
	for _, u := range sizeUnits {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		number = strings.TrimSuffix(number, " ")
		if strings.Trim(number, "0123456789.") != "" {
			break
		}
		f, err := strconv.ParseFloat(number, 64)
		if err != nil {
			break
		}
		unit := math.Pow(1024, float64(u.exp))
		if f*unit >= math.MaxInt64 {
			return cluster.Size{}, fmt.Errorf("parse size %q: too large", s)
		}
		return cluster.Size{
			Bytes:     uint64(math.Round(f * unit)),
			Precision: sizePrecision(f, unit),
			Known:     true,
		}, nil
	}
	return cluster.Size{}, fmt.Errorf("parse size %q: want a number and a binary unit", s)
}

// sizePrecision is half of the unit of the last significant digit, rounded up.
// Bytes below 10000 are exact.
func sizePrecision(f, unit float64) uint64 {
	if unit == 1 && f < 10000 || f == 0 {
		return 0
	}
	before := int(math.Floor(math.Log10(f))) + 1 // digits before the point
	return uint64(math.Ceil(math.Pow10(before-sizeDigits) * unit / 2))
}

// sizeOf is parseSize for a field of an answer: what cannot be read is unknown.
func sizeOf(s string) cluster.Size {
	size, err := parseSize(s)
	if err != nil {
		return cluster.Size{}
	}
	return size
}
