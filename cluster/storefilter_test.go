package cluster

import "testing"

func TestLowSpace(t *testing.T) {
	const gib = 1 << 30
	exactly := func(bytes uint64) Size { return Size{Bytes: bytes, Known: true} }
	about := func(bytes, precision uint64) Size { return Size{Bytes: bytes, Precision: precision, Known: true} }
	conf := &ScheduleConfig{LowSpaceRatio: 0.75} // a quarter is to stay free
	for _, tt := range []struct {
		name                string
		regions             int
		capacity, available Size
		conf                *ScheduleConfig
		want                Answer
	}{
		{"roomy", 1000, exactly(400 * gib), exactly(200 * gib), conf, No},
		{"at the threshold", 1000, exactly(400 * gib), exactly(100 * gib), conf, No},
		{"a byte below it", 1000, exactly(400 * gib), exactly(100*gib - 1), conf, Yes},
		{"full", 1000, exactly(400 * gib), exactly(0), conf, Yes},

		{"within the rounding of what is available", 1000, exactly(400 * gib), about(100*gib, 1), conf, CannotTell},
		{"within the rounding of the capacity", 1000, about(400*gib, 4), exactly(100 * gib), conf, CannotTell},
		{"rounded, above", 1000, about(400*gib, 4*gib), about(102*gib, gib), conf, No},
		{"rounded, below", 1000, about(400*gib, 4*gib), about(97*gib, gib), conf, Yes},

		{"few regions and 8 GiB", 99, exactly(400 * gib), exactly(8*gib + 1), conf, No},
		{"few regions, not above 8 GiB", 99, exactly(400 * gib), exactly(8 * gib), conf, Yes},
		{"100 regions are not few", 100, exactly(400 * gib), exactly(8*gib + 1), conf, Yes},
		{"few regions, 8 GiB within the rounding", 99, exactly(400 * gib), about(8*gib, 1), conf, CannotTell},
		{"few regions, 8 GiB above the rounding", 99, exactly(400 * gib), about(8*gib+2, 1), conf, No},
		{"few regions, less than 8 GiB is enough", 0, exactly(16 * gib), exactly(4 * gib), conf, No},

		{"no capacity", 1000, exactly(0), exactly(0), conf, CannotTell},
		{"capacity not known", 1000, Size{}, exactly(gib), conf, CannotTell},
		{"what is available not known", 1000, exactly(400 * gib), Size{}, conf, CannotTell},
		{"ratio not known", 1000, exactly(400 * gib), exactly(200 * gib), nil, CannotTell},
		{"ratio not known, few regions and 8 GiB", 99, exactly(400 * gib), exactly(9 * gib), nil, No},
	} {
		s := &Store{RegionCount: tt.regions, Capacity: tt.capacity, Available: tt.available}
		if got := s.LowSpace(tt.conf); got != tt.want {
			t.Errorf("%s: LowSpace = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestSpecialUse(t *testing.T) {
	for _, tt := range []struct {
		key, value string
		want       bool
	}{
		{"specialUse", "hotRegion", true},
		{"specialUse", "reserved", true},
		{"SPECIALUSE", "reserved", true}, // keys have no case in PD
		{"specialUse", "Reserved", false},
		{"specialUse", "archive", false},
		{"engine", "reserved", false},
	} {
		s := &Store{Labels: []Label{{Key: tt.key, Value: tt.value}}}
		if got := s.SpecialUse(); got != tt.want {
			t.Errorf("%s=%s: SpecialUse = %v, want %v", tt.key, tt.value, got, tt.want)
		}
	}
	if new(Store).SpecialUse() {
		t.Error("without labels: SpecialUse")
	}
}
