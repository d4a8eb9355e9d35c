package cluster

import (
	"encoding/hex"
	"testing"
)

func TestTableID(t *testing.T) {
	tests := []struct {
		name, key string
		want      int64
		ok        bool
	}{
		// Written out by hand after tidb's codec.
		{"start of a table", "7480000000000000FF2D00000000000000F8", 45, true},
		{"a record", "7480000000000000FF2D5F728000000000FF0003E80000000000FA", 45, true},
		{"a large id", "7480000000000001FFC35F698000000000FF0000010000000000FA", 451, true},
		{"metadata", "6D44444C4A6F624C69FF7374000000000000F9", 0, false},
		{"the end of the key space", "", 0, false},
		{"raw data that starts with t", "746162", 0, false},
		{"cut off", "7480000000000000FF", 0, false},
		{"the id itself is cut off", "7480000000000000FF0000000000000000F7", 0, false},
		{"more raw data", "7480000000000000002D00000000000000F8", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key, err := hex.DecodeString(tt.key)
			if err != nil {
				t.Fatal(err)
			}
			if id, ok := TableID(key); id != tt.want || ok != tt.ok {
				t.Errorf("TableID() = %d, %v, want %d, %v", id, ok, tt.want, tt.ok)
			}
		})
	}
}
