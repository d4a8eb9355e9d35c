package ui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// unknown is printed for a value that there is none of. In a pipe it stands for an
// empty cell as well: cut and awk lose count of columns that are empty.
const unknown = "-"

// Bytes prints a number of bytes in units of 1024, as PD and TiKV count:
// "512B", "64.0MiB", "953.4GiB".
func Bytes(n uint64) string {
	if n < 1024 {
		return strconv.FormatUint(n, 10) + "B"
	}
	value := float64(n)
	for _, unit := range []string{"KiB", "MiB", "GiB", "TiB", "PiB"} {
		value /= 1024
		if value < 1023.95 { // what would round to 1024.0 belongs to the next unit
			return strconv.FormatFloat(value, 'f', 1, 64) + unit
		}
	}
	return strconv.FormatFloat(value/1024, 'f', 1, 64) + "EiB"
}

// Count prints a number with its thousands set apart: "1,234,567".
func Count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Counted writes a Count with its noun: "1 region", "1,200 regions".
func Counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return Count(int64(n)) + " " + noun
}

// Duration prints a time span in two units at most: "40s", "4m40s", "2h13m",
// "3d4h"; never as "04:40", which reads like a time of day. A negative one, as two
// clocks that disagree make it, keeps its sign.
func Duration(d time.Duration) string {
	if d < 0 {
		return "-" + Duration(-d)
	}
	seconds := int64(d.Round(time.Second) / time.Second)
	minutes, hours := seconds/60, seconds/3600
	switch {
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%dm%02ds", minutes, seconds%60)
	case hours < 24:
		return fmt.Sprintf("%dh%02dm", hours, minutes%60)
	}
	return fmt.Sprintf("%dd%dh", hours/24, hours%24)
}

// Age prints how long ago something was in one unit: "12s", "4m", "2h", "3d".
// It is for heartbeats, where only the order of magnitude matters.
func Age(d time.Duration) string {
	if d < 0 {
		return "-" + Age(-d)
	}
	seconds := int64(d / time.Second)
	switch {
	case seconds < 120:
		return strconv.FormatInt(seconds, 10) + "s"
	case seconds < 120*60:
		return strconv.FormatInt(seconds/60, 10) + "m"
	case seconds < 48*3600:
		return strconv.FormatInt(seconds/3600, 10) + "h"
	}
	return strconv.FormatInt(seconds/86400, 10) + "d"
}

// ETA prints an estimate of the time left as a range: "4m40s-6m10s", or one
// value when both ends read the same. "-" when there is no estimate, which is
// what hi <= 0 says.
func ETA(lo, hi time.Duration) string {
	if hi <= 0 {
		return unknown
	}
	from, to := Duration(max(lo, 0)), Duration(hi)
	if from == to {
		return to
	}
	return from + "-" + to
}

// Rate prints events per second: "12.6/s", slow ones per minute or per hour:
// "3.2/min", "1.5/h". "-" for a rate that is not a number or negative.
func Rate(perSecond float64) string {
	switch {
	case math.IsNaN(perSecond) || math.IsInf(perSecond, 0) || perSecond < 0:
		return unknown
	case perSecond == 0:
		return "0/s"
	case perSecond >= 100:
		return Count(int64(math.Round(perSecond))) + "/s"
	case perSecond >= 1:
		return strconv.FormatFloat(perSecond, 'f', 1, 64) + "/s"
	case perSecond*60 >= 1:
		return strconv.FormatFloat(perSecond*60, 'f', 1, 64) + "/min"
	}
	return strconv.FormatFloat(perSecond*3600, 'f', 1, 64) + "/h"
}

// Percent prints done as a share of total with one decimal, rounded down:
// "100.0%" means all of it, not almost. "-" when total is 0.
func Percent(done, total uint64) string {
	if total == 0 {
		return unknown
	}
	if done >= total {
		return "100.0%"
	}
	return Share(math.Min(float64(done)/float64(total), 0.999))
}

// Share prints a part of 1 as Percent does: "61.7%".
func Share(part float64) string {
	tenths := math.Floor(part*1000 + 1e-9) // a share of floats may be a hair below
	return strconv.FormatFloat(tenths/10, 'f', 1, 64) + "%"
}
