package burndown

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"ebb/cluster"
)

// Schema is the version of the record format.
const Schema = 1

// Kind says what a record stands for.
type Kind string

// Kinds of records.
const (
	// KindWatch is written when the watching begins, and again in every new file.
	KindWatch Kind = "watch"
	// KindSample is one reading of one store.
	KindSample Kind = "sample"
)

// Record is one line of a file of samples.
type Record struct {
	Schema int       `json:"schema"`
	Kind   Kind      `json:"kind"`
	Time   time.Time `json:"time"`  // of the watcher's clock
	Watch  string    `json:"watch"` // the same for all records of one run
	// Of KindWatch. Cluster is what the cluster was called, "" without a name.
	Cluster   string `json:"cluster,omitempty"`
	PDVersion string `json:"pd_version,omitempty"`
	Actor     string `json:"actor,omitempty"`
	// Of KindSample.
	*Sample
}

// Sample is one reading of a store that leaves.
type Sample struct {
	StoreID cluster.StoreID `json:"store_id"`
	Address string          `json:"address,omitempty"`
	Node    string          `json:"node,omitempty"`
	Phase   Phase           `json:"phase"`
	State   string          `json:"state,omitempty"` // PD's own word
	Regions int             `json:"regions"`
	Leaders int             `json:"leaders"`
	SizeMiB int64           `json:"region_size_mib"`
	// PerSecond is the rate of regions that the watcher saw.
	PerSecond float64   `json:"regions_per_second,omitempty"`
	Forecast  *Forecast `json:"forecast,omitempty"`
	Stalled   bool      `json:"stalled,omitempty"`
	Stuck     *int      `json:"stuck,omitempty"` // nil when nobody looked
	// Looked is set when somebody has looked for causes since the last sample;
	// Causes are then what was found.
	Looked bool    `json:"looked,omitempty"`
	Causes []Cause `json:"causes,omitempty"`
	// Every is the longest time, in seconds, until the next sample, if the watching
	// goes on and PD answers.
	Every float64 `json:"every_seconds"`
}

// Phase is where a store stands, in the words of ebb watch.
type Phase string

// Phases. All but Leaving end a leaving.
const (
	Leaving     Phase = "leaving"
	Tombstone   Phase = "tombstone"
	BuriedEarly Phase = "tombstone-with-regions"
	CameBack    Phase = "came-back"
	Gone        Phase = "gone"
)

// Forecast is the range of the time that the rest takes, in seconds. High is 0
// without an upper end.
type Forecast struct {
	Low   float64 `json:"low_seconds"`
	High  float64 `json:"high_seconds,omitempty"`
	Basis string  `json:"basis,omitempty"`
}

// Cause is what a store was found to wait for.
type Cause struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Regions  int    `json:"regions_blocked,omitempty"` // 0 when nobody counted
	Sentence string `json:"sentence,omitempty"`
}

// Bounds of what is believed: anything beyond was not written by a watch.
const (
	longestLine = 64 << 10
	mostRegions = 1 << 31
	longestSpan = 10 * 365 * 24 * 3600 // seconds
)

var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Encode makes the line of a record, with its line end.
func Encode(r *Record) ([]byte, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode sample: %w", err)
	}
	if len(line) >= longestLine {
		return nil, fmt.Errorf("encode sample: a line of %d bytes", len(line))
	}
	return append(line, '\n'), nil
}

// Decode reads the lines of a file of samples. skipped counts those that are no
// records of a schema that this version knows, such as one torn by a crash.
func Decode(data []byte) (records []Record, skipped int) {
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		var r Record
		if len(line) > longestLine || json.Unmarshal(line, &r) != nil || !r.believable() {
			skipped++
			continue
		}
		records = append(records, r)
	}
	return records, skipped
}

func (r *Record) believable() bool {
	if r.Schema != Schema || r.Time.Before(earliest) || r.Time.After(latest) {
		return false
	}
	switch r.Kind {
	case KindWatch:
		r.Sample = nil
		return true
	case KindSample:
		s := r.Sample
		if s == nil || s.StoreID == 0 || s.Phase == "" || s.Every < 0 || s.Every > longestSpan {
			return false
		}
		if f := s.Forecast; f != nil && (f.Low < 0 || f.Low > longestSpan || f.High > longestSpan || f.High != 0 && f.High < f.Low) {
			s.Forecast = nil
		}
		return within(s.Regions) && within(s.Leaders) && s.SizeMiB >= 0
	}
	return false
}

func within(n int) bool { return n >= 0 && n <= mostRegions }
