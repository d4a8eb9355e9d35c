package pdclient

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"ebb/cluster"
)

const (
	firstChunk   = 32 << 10
	largestChunk = 512 << 10
	leastRead    = 4 << 10
)

// fill reads more of the answer behind what is in the buffer. When there is no
// room, what was not used yet goes on in a new buffer: elements that were passed
// on lie in the old one.
func (r *rawReader) fill() error {
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
func (r *rawReader) flush() {
	if len(r.items) > 0 && !r.stopped {
		r.stopped = !r.emit(r.items)
	}
	r.items = nil
}

// fail is what regionDecoder.fail is to that reader.
func (r *rawReader) fail(method, url string, err error) error {
	if errors.Is(err, errStreamBroke) {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	return &DecodeError{Method: method, URL: url, Offset: r.base + int64(r.pos), Err: err}
}

// lookForID is enough where regions come in one answer.
func lookForID(e *edge, name, value []byte) error {
	if string(name) != "id" {
		return nil
	}
	id, err := skimUint(value)
	e.id = cluster.RegionID(id)
	return err
}

func lookForStore(e *edge, name, value []byte) error {
	if string(name) != "store" || value[0] != '{' {
		return nil
	}
	_, err := skimObject(value, 0, 0, func(name, value []byte) error { return lookForID(e, name, value) })
	return err
}

// keyReader reads the edges of the regions of one page.
type keyReader struct {
	room []byte // where the keys are
	text []byte // of the last end key
	key  []byte // what text stands for
}

func (k *keyReader) look(e *edge, name, value []byte) (err error) {
	switch string(name) {
	case "start_key":
		// A region starts where the one before it ends.
		if len(k.text) > 0 && string(value) == string(k.text) {
			e.start = k.key
			return nil
		}
		e.start, err = k.decode(value)
	case "end_key":
		e.end, err = k.decode(value)
		k.text, k.key = value, e.end
	case "epoch":
		if value[0] != '{' {
			return fmt.Errorf("want an epoch, got %s", clip(string(value)))
		}
		_, err = skimObject(value, 0, 0, func(name, value []byte) (err error) {
			if string(name) == "version" {
				e.version, err = skimUint(value)
			}
			return err
		})
	default:
		return lookForID(e, name, value)
	}
	return err
}

func (k *keyReader) decode(quoted []byte) ([]byte, error) {
	if quoted[0] == '"' && len(quoted)%2 == 0 {
		start := len(k.room)
		room, err := hex.AppendDecode(k.room, quoted[1:len(quoted)-1])
		if err == nil {
			k.room = room
			return room[start:len(room):len(room)], nil
		}
	}
	return nil, fmt.Errorf("want a hex key, got %s", clip(string(quoted)))
}

// skimUint reads a number that is not negative; null counts as 0.
func skimUint(v []byte) (uint64, error) {
	if string(v) == "null" {
		return 0, nil
	}
	var n uint64
	for _, c := range v {
		digit := uint64(c - '0')
		if c < '0' || c > '9' || n > (1<<64-1-digit)/10 {
			return 0, fmt.Errorf("want a number, got %s", clip(string(v)))
		}
		n = n*10 + digit
	}
	return n, nil
}
