package cluster

import "encoding/binary"

// TableID tells which table a region key belongs to. TiDB's keys are "t", the id
// of the table as a 64-bit big-endian number with the sign bit turned over, and
// more (tidb tablecodec). In region keys they are written in groups of eight
// bytes, each followed by 0xFF less the number of padding bytes (tidb
// util/codec EncodeBytes). ok is false for keys of anything else: TiDB's own
// metadata, raw or keyspaced data, the ends of the key space.
func TableID(key []byte) (id int64, ok bool) {
	const group = 8
	if len(key) < 2*(group+1) || key[0] != 't' || key[group] != 0xFF {
		return 0, false
	}
	padding := 0xFF - int(key[2*group+1])
	if padding > group-1 { // the ninth byte of the key is in the second group
		return 0, false
	}
	raw := make([]byte, 0, group)
	raw = append(raw, key[1:group]...)
	raw = append(raw, key[group+1])
	return int64(binary.BigEndian.Uint64(raw) ^ 1<<63), true
}
