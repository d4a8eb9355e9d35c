package journal

import (
	"bytes"
	"encoding/json"
)

// Decode reads the lines of a journal. torn counts the lines that are no
// records of a schema that this version knows.
func Decode(data []byte) (records []Record, torn int) {
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		var r Record
		if err := json.Unmarshal(line, &r); err != nil || r.Schema != Schema || r.Kind == "" {
			torn++
			continue
		}
		records = append(records, r)
	}
	return records, torn
}
