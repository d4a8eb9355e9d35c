package store

import "encoding/binary"

// firstTable is the id of the first simulated table. TiDB gives ids below 100
// or so to system tables, so tools that map keys to tables see user tables.
const firstTable = 101

// encGroup is the group size of TiDB's memcomparable byte encoding.
const encGroup = 8

// encodeBytes is TiDB's codec.EncodeBytes: groups of eight bytes, each followed
// by a marker that says how many of them are padding. TiKV's region boundaries
// are encoded this way, and tools that map a region to its table undo it.
func encodeBytes(raw []byte) []byte {
	out := make([]byte, 0, (len(raw)/encGroup+1)*(encGroup+1))
	for {
		n := min(len(raw), encGroup)
		out = append(out, raw[:n]...)
		for range encGroup - n {
			out = append(out, 0)
		}
		out = append(out, byte(0xff-(encGroup-n)))
		if n < encGroup {
			return out
		}
		raw = raw[n:]
	}
}

// decodeBytes is the inverse of encodeBytes; ok is false for other keys.
func decodeBytes(enc []byte) (raw []byte, ok bool) {
	for len(enc) > encGroup {
		pad := int(0xff - enc[encGroup])
		if pad > encGroup {
			return nil, false
		}
		raw = append(raw, enc[:encGroup-pad]...)
		enc = enc[encGroup+1:]
		if pad > 0 {
			return raw, true
		}
	}
	return nil, false
}

// encodeInt makes signed integers sort as bytes: big endian, sign bit flipped.
func encodeInt(v int64) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(v)^(1<<63))
}

// tableKey is the boundary at which TiDB splits off a new table.
func tableKey(table int64) []byte {
	return encodeBytes(append([]byte{'t'}, encodeInt(table)...))
}

// recordKey is the first key of a table's rows, where its TiFlash rule begins.
func recordKey(table int64) []byte {
	return encodeBytes(recordPrefix(table))
}

// RowKey is the region boundary before the row of a table with the given handle.
func RowKey(table, handle int64) []byte {
	return encodeBytes(append(recordPrefix(table), encodeInt(handle)...))
}

// IndexKey is the region boundary before an entry of a table's index; entry is
// what TiDB's codec makes of the columns and the handle.
func IndexKey(table, index int64, entry []byte) []byte {
	raw := append(append([]byte{'t'}, encodeInt(table)...), '_', 'i')
	return encodeBytes(append(append(raw, encodeInt(index)...), entry...))
}

func recordPrefix(table int64) []byte {
	return append(append([]byte{'t'}, encodeInt(table)...), '_', 'r')
}

// tableOf returns the table a region key belongs to, or 0.
func tableOf(key []byte) int64 {
	raw, ok := decodeBytes(key)
	if !ok || len(raw) < 9 || raw[0] != 't' {
		return 0
	}
	return int64(binary.BigEndian.Uint64(raw[1:9]) ^ (1 << 63))
}

// between returns a key strictly between start and end, or nil if there is
// none to be found cheaply. An empty end is the end of the key space.
func between(start, end []byte) []byte {
	mid := append(append([]byte(nil), start...), 0x7f)
	if len(end) == 0 || string(mid) < string(end) {
		return mid
	}
	return nil
}
