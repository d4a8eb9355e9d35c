package pdclient

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"ebb/cluster"
)

// regionDecoder reads regions from a stream token by token, so that an answer of
// any size needs the memory of one region. Fields that are not wanted are
// skipped without being built.
type regionDecoder struct {
	dec     *jsontext.Decoder
	peers   []cluster.Peer // scratch
	downs   []cluster.DownPeer
	counted int // value of "count", -1 before it was read
}

func newRegionDecoder(r io.Reader) *regionDecoder {
	return &regionDecoder{
		// PD repeats no name; not checking that saves a set for every object.
		dec:     jsontext.NewDecoder(r, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)),
		counted: -1,
	}
}

// list reads {"count":N,"regions":[...]} and calls yield for each region until
// it returns false. It fails when N is not the number of regions, or when
// anything follows: a PD follower that passes an answer on can break off in the
// middle of a 200 and even append more.
func (d *regionDecoder) list(yield func(*cluster.Region) bool) error {
	n, stopped, seen := 0, false, false
	_, err := d.object(func(name []byte) error {
		switch string(name) {
		case `"count"`:
			count, err := d.uint()
			d.counted = int(count)
			return err
		case `"regions"`:
			seen = true
			_, err := d.array(func() error {
				var r cluster.Region
				if err := d.region(&r); err != nil {
					return err
				}
				if r.ID == 0 {
					return errors.New("a region without id")
				}
				n++
				if !yield(&r) {
					stopped = true
					return errStopped
				}
				return nil
			})
			return err
		}
		return d.dec.SkipValue()
	})
	switch {
	case stopped:
		return nil
	case err != nil:
		return err
	case !seen:
		return errors.New("no list of regions in it")
	case d.counted != n:
		return fmt.Errorf("count says %d regions, the list has %d", d.counted, n)
	}
	return d.end()
}

// end checks that nothing follows.
func (d *regionDecoder) end() error {
	if _, err := d.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("more data behind it")
	}
	return nil
}

var errStopped = errors.New("stopped by the reader")

// region reads one region; null leaves it zero.
func (d *regionDecoder) region(r *cluster.Region) error {
	_, err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case `"id"`:
			var id uint64
			id, err = d.uint()
			r.ID = cluster.RegionID(id)
		case `"start_key"`:
			r.StartKey, err = d.hex()
		case `"end_key"`:
			r.EndKey, err = d.hex()
		case `"epoch"`:
			err = d.epoch(&r.Epoch)
		case `"peers"`:
			r.Peers, err = d.peerList()
		case `"leader"`:
			err = d.peer(&r.Leader)
		case `"down_peers"`:
			r.Down, err = d.downList()
		case `"pending_peers"`:
			r.Pending, err = d.peerList()
		case `"approximate_size"`:
			r.ApproximateSizeMiB, err = d.int()
		case `"approximate_keys"`:
			r.ApproximateKeys, err = d.int()
		default:
			err = d.dec.SkipValue()
		}
		return err
	})
	return err
}

func (d *regionDecoder) epoch(e *cluster.RegionEpoch) error {
	_, err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case `"conf_ver"`:
			e.ConfVer, err = d.uint()
		case `"version"`:
			e.Version, err = d.uint()
		default:
			err = d.dec.SkipValue()
		}
		return err
	})
	return err
}

// peer reads a peer. 4.0 has is_learner in place of role; later versions have
// both (5.0.0 to 5.0.2 role only) and leave out a role of 0, Voter.
func (d *regionDecoder) peer(p *cluster.Peer) error {
	learner := false
	_, err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case `"id"`:
			p.ID, err = d.uint()
		case `"store_id"`:
			var id uint64
			id, err = d.uint()
			p.StoreID = cluster.StoreID(id)
		case `"role"`:
			var role int64
			role, err = d.int()
			p.Role = cluster.PeerRole(role)
		case `"is_learner"`:
			learner, err = d.bool()
		case `"is_witness"`:
			p.IsWitness, err = d.bool()
		default:
			err = d.dec.SkipValue()
		}
		return err
	})
	if learner && p.Role == cluster.Voter {
		p.Role = cluster.Learner
	}
	return err
}

func (d *regionDecoder) peerList() ([]cluster.Peer, error) {
	d.peers = d.peers[:0]
	_, err := d.array(func() error {
		d.peers = append(d.peers, cluster.Peer{})
		return d.peer(&d.peers[len(d.peers)-1])
	})
	if len(d.peers) == 0 || err != nil {
		return nil, err
	}
	return slices.Clone(d.peers), nil
}

func (d *regionDecoder) downList() ([]cluster.DownPeer, error) {
	d.downs = d.downs[:0]
	_, err := d.array(func() error {
		var down cluster.DownPeer
		_, err := d.object(func(name []byte) (err error) {
			switch string(name) {
			case `"peer"`:
				err = d.peer(&down.Peer)
			case `"down_seconds"`:
				down.DownSeconds, err = d.uint()
			default:
				err = d.dec.SkipValue()
			}
			return err
		})
		d.downs = append(d.downs, down)
		return err
	})
	if len(d.downs) == 0 || err != nil {
		return nil, err
	}
	return slices.Clone(d.downs), nil
}

// hex reads a key. An empty key is nil.
func (d *regionDecoder) hex() ([]byte, error) {
	v, err := d.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	if v.Kind() != '"' || len(v)%2 != 0 {
		return nil, fmt.Errorf("want a hex key, got %s", clip(string(v)))
	}
	if len(v) == 2 {
		return nil, nil
	}
	key := make([]byte, (len(v)-2)/2)
	if _, err := hex.Decode(key, v[1:len(v)-1]); err != nil {
		return nil, fmt.Errorf("want a hex key, got %s", clip(string(v)))
	}
	return key, nil
}
