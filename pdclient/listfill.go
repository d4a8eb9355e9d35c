package pdclient

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"ebb/cluster"
	"ebb/internal/skim"
)

const (
	firstChunk   = 32 << 10
	largestChunk = 512 << 10
	leastRead    = 4 << 10
)

// fill reads more of the answer behind what is in the buffer. When there is no
// room, what was not used yet goes on in a new buffer: elements that were passed
// on lie in the old one.
func (r *listReader[T]) fill() error {
	if r.src == nil {
		r.pos = len(r.buf)
		return errTruncated
	}
	if cap(r.buf)-len(r.buf) < leastRead {
		if r.flush(); r.stopped {
			return errStopped
		}
		rest := r.buf[r.pos:]
		if len(rest) > bodyLimit {
			return fmt.Errorf("an element of %s is larger than %d MiB", r.list, bodyLimit>>20)
		}
		r.chunk = min(max(2*r.chunk, firstChunk), largestChunk)
		next := make([]byte, len(rest), max(r.chunk, 2*len(rest)+leastRead))
		copy(next, rest)
		r.base, r.pos, r.buf = r.base+int64(r.pos), 0, next
	}
	n, err := r.src.Read(r.buf[len(r.buf):cap(r.buf)])
	r.buf = r.buf[:len(r.buf)+n]
	switch {
	case n > 0:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		r.pos = len(r.buf)
		return errTruncated
	}
	return err
}

// flush passes on the elements since the last time.
func (r *listReader[T]) flush() {
	if len(r.items) > 0 && !r.stopped {
		r.stopped = !r.emit(r.items)
	}
	r.items = nil
}

// fail makes a *DecodeError of what stopped the reader. Errors of the connection
// stay what they are, but for the one that says it ended too early.
func (r *listReader[T]) fail(method, url string, err error) error {
	if errors.Is(err, errStreamBroke) {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	return &DecodeError{Method: method, URL: url, Offset: r.base + int64(r.pos), Err: err}
}

// printedRegion reads the id of a region, which is enough where regions come in
// one answer.
func printedRegion(b []byte, i int, e *edge) (int, error) {
	return skim.Object(b, i, 0, func(name []byte, i int) (int, error) {
		if string(name) != "id" {
			return skim.Member(b, i, 1)
		}
		id, end, err := readUint(b, i)
		e.id = cluster.RegionID(id)
		return end, err
	})
}

// printedStore reads the id of a store.
func printedStore(b []byte, i int, e *edge) (int, error) {
	return skim.Object(b, i, 0, func(name []byte, i int) (int, error) {
		if string(name) != "store" || b[i] != '{' {
			return skim.Member(b, i, 1)
		}
		return printedRegion(b, i, e)
	})
}

// keyRoom is the size of the pieces of memory that hold keys, in bytes.
const keyRoom = 32 << 10

// keyReader reads the keys of regions.
type keyReader struct {
	room []byte // where keys are put, until it is full
	text []byte // of the last end key
	key  []byte // what text stands for
}

// start reads a start key: a region starts where the one before it ends.
func (k *keyReader) start(b []byte, i int) (key []byte, end int, err error) {
	if n := i + len(k.text); len(k.text) > 0 && n <= len(b) && string(b[i:n]) == string(k.text) {
		return k.key, n, nil
	}
	return k.read(b, i)
}

func (k *keyReader) end(b []byte, i int) (key []byte, end int, err error) {
	key, end, err = k.read(b, i)
	if err == nil {
		k.text, k.key = b[i:end], key
	}
	return key, end, err
}

// read reads a key. An empty one is nil.
func (k *keyReader) read(b []byte, i int) (key []byte, end int, err error) {
	end, err = skim.Value(b, i, 1)
	if err != nil {
		return nil, end, err
	}
	quoted := b[i:end]
	if quoted[0] != '"' || len(quoted)%2 != 0 {
		return nil, i, fmt.Errorf("want a hex key, got %s", clip(string(quoted)))
	}
	if len(quoted) == 2 {
		return nil, end, nil
	}
	if n := len(quoted)/2 - 1; cap(k.room)-len(k.room) < n {
		k.room = make([]byte, 0, max(keyRoom, n))
	}
	start := len(k.room)
	room, err := hex.AppendDecode(k.room, quoted[1:len(quoted)-1])
	if err != nil {
		return nil, i, fmt.Errorf("want a hex key, got %s", clip(string(quoted)))
	}
	k.room = room
	return room[start:len(room):len(room)], end, nil
}

// printed reads the edges of a region.
func (k *keyReader) printed(b []byte, i int, e *edge) (int, error) {
	return skim.Object(b, i, 0, func(name []byte, i int) (end int, err error) {
		switch string(name) {
		case "id":
			var id uint64
			id, end, err = readUint(b, i)
			e.id = cluster.RegionID(id)
		case "start_key":
			e.start, end, err = k.start(b, i)
		case "end_key":
			e.end, end, err = k.end(b, i)
		case "epoch":
			var epoch cluster.RegionEpoch
			epoch, end, err = readEpoch(b, i)
			e.version = epoch.Version
		case "peers":
			end, err = skimPeers(b, i)
		default:
			end, err = skim.Member(b, i, 1)
		}
		return end, err
	})
}

// skimPeers is skim.Value, faster for a list of peers.
func skimPeers(b []byte, i int) (int, error) {
	if b[i] != '[' {
		return skim.Value(b, i, 1)
	}
	return skim.Array(b, i, 1, func(i int) (int, error) {
		var p cluster.Peer
		if end := plainPeer(b, i, &p); end > 0 {
			return end, nil
		}
		return skim.Value(b, i, 2)
	})
}
