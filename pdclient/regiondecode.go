package pdclient

import (
	"errors"
	"fmt"
	"net/http"

	"ebb/cluster"
	"ebb/internal/skim"
)

// regionReader decodes one region after the other, in one pass over its text.
// Fields that are not wanted are only skimmed.
type regionReader struct {
	keys   keyReader
	region cluster.Region
	peers  []cluster.Peer // where peers are put, until it is full
}

func newRegionReader() *listReader[cluster.Region] {
	d := new(regionReader)
	return &listReader[cluster.Region]{list: "regions", element: d.read, value: func([]byte) cluster.Region { return d.region }}
}

// decodeRegion decodes an answer that is one region; null leaves it zero.
func decodeRegion(a *answer) (cluster.Region, error) {
	d := new(regionReader)
	i := skim.Space(a.body, 0)
	err := skim.ErrShort
	if i < len(a.body) {
		if i, err = d.read(a.body, i, new(edge)); err == nil {
			if i = skim.Space(a.body, i); i < len(a.body) {
				err = errBehind
			}
		}
	}
	if errors.Is(err, skim.ErrShort) {
		err = errTruncated
	}
	if err != nil {
		return cluster.Region{}, &DecodeError{Method: http.MethodGet, URL: a.url, Offset: int64(i), Err: err}
	}
	return d.region, nil
}

func (d *regionReader) read(b []byte, i int, e *edge) (int, error) {
	d.region = cluster.Region{}
	r := &d.region
	return readObject(b, i, "a region", func(name []byte, i int) (end int, err error) {
		switch string(name) {
		case "id":
			var id uint64
			id, end, err = readUint(b, i)
			r.ID = cluster.RegionID(id)
			e.id = r.ID
		case "start_key":
			r.StartKey, end, err = d.keys.start(b, i)
			e.start = r.StartKey
		case "end_key":
			r.EndKey, end, err = d.keys.end(b, i)
			e.end = r.EndKey
		case "epoch":
			r.Epoch, end, err = readEpoch(b, i)
			e.version = r.Epoch.Version
		case "peers":
			r.Peers, end, err = d.readPeers(b, i)
		case "leader":
			end, err = readPeer(b, i, &r.Leader)
		case "down_peers":
			r.Down, end, err = readDown(b, i)
		case "pending_peers":
			r.Pending, end, err = d.readPeers(b, i)
		case "approximate_size":
			r.ApproximateSizeMiB, end, err = readInt(b, i)
		case "approximate_keys":
			r.ApproximateKeys, end, err = readInt(b, i)
		default:
			end, err = skim.Member(b, i, 1)
		}
		return end, err
	})
}

func readEpoch(b []byte, i int) (e cluster.RegionEpoch, end int, err error) {
	end, err = readObject(b, i, "an epoch", func(name []byte, i int) (end int, err error) {
		switch string(name) {
		case "conf_ver":
			e.ConfVer, end, err = readUint(b, i)
		case "version":
			e.Version, end, err = readUint(b, i)
		default:
			end, err = skim.Member(b, i, 2)
		}
		return end, err
	})
	return e, end, err
}

// readPeer reads a peer. 4.0 has is_learner in place of role; later versions have
// both (5.0.0 to 5.0.2 role only) and leave out a role of 0, Voter.
func readPeer(b []byte, i int, p *cluster.Peer) (end int, err error) {
	if end := plainPeer(b, i, p); end > 0 {
		return end, nil
	}
	learner := false
	end, err = readObject(b, i, "a peer", func(name []byte, i int) (end int, err error) {
		switch string(name) {
		case "id":
			p.ID, end, err = readUint(b, i)
		case "store_id":
			var id uint64
			id, end, err = readUint(b, i)
			p.StoreID = cluster.StoreID(id)
		case "role":
			var role int64
			role, end, err = readInt(b, i)
			p.Role = cluster.PeerRole(role)
		case "is_learner":
			learner, end, err = readBool(b, i)
		case "is_witness":
			p.IsWitness, end, err = readBool(b, i)
		default:
			end, err = skim.Member(b, i, 3)
		}
		return end, err
	})
	if learner && p.Role == cluster.Voter {
		p.Role = cluster.Learner
	}
	return end, err
}

// The two forms in which PD prints nearly all peers: voters, with the name of the
// role (5.0.3 and later) or without it (before).
const (
	plainVoter    = `{"role_name":"Voter","id":`
	plainOldVoter = `{"id":`
	plainStoreID  = `,"store_id":`
)

// plainPeer reads a peer that is printed in one of these forms, byte for byte, and
// returns the index behind it; 0 when it is anything else. Peers are most of a
// region's text, and this makes them four times faster to read.
func plainPeer(b []byte, i int, p *cluster.Peer) int {
	switch {
	case hasAt(b, i, plainVoter):
		i += len(plainVoter)
	case hasAt(b, i, plainOldVoter):
		i += len(plainOldVoter)
	default:
		return 0
	}
	id, i := plainDigits(b, i)
	if i == 0 || !hasAt(b, i, plainStoreID) {
		return 0
	}
	store, i := plainDigits(b, i+len(plainStoreID))
	if i == 0 || i >= len(b) || b[i] != '}' {
		return 0
	}
	*p = cluster.Peer{ID: id, StoreID: cluster.StoreID(store)}
	return i + 1
}

func hasAt(b []byte, i int, text string) bool {
	return len(b)-i >= len(text) && string(b[i:i+len(text)]) == text
}

// plainDigits reads up to 19 digits, without a zero in front, and returns the index
// behind them; 0 when there are none, or more.
func plainDigits(b []byte, i int) (n uint64, end int) {
	for end = i; end < len(b) && b[end]-'0' <= 9; end++ {
		n = n*10 + uint64(b[end]-'0')
	}
	if end == i || end > i+19 || b[i] == '0' {
		return 0, 0
	}
	return n, end
}

// peerRoom is how many peers are allocated at once.
const peerRoom = 256

// readPeers puts the peers of many regions into one piece of memory. An empty list
// is nil.
func (d *regionReader) readPeers(b []byte, i int) (list []cluster.Peer, end int, err error) {
	end, err = readArray(b, i, "a list of peers", func(i int) (int, error) {
		if len(d.peers) == cap(d.peers) {
			// The list goes on in the new piece.
			d.peers = append(make([]cluster.Peer, 0, peerRoom+2*len(list)), list...)
		}
		n := len(d.peers)
		d.peers = append(d.peers, cluster.Peer{})
		list = d.peers[n-len(list) : n+1 : n+1]
		return readPeer(b, i, &d.peers[n])
	})
	return list, end, err
}

func readDown(b []byte, i int) (list []cluster.DownPeer, end int, err error) {
	end, err = readArray(b, i, "a list of down peers", func(i int) (int, error) {
		var down cluster.DownPeer
		end, err := readObject(b, i, "a down peer", func(name []byte, i int) (end int, err error) {
			switch string(name) {
			case "peer":
				end, err = readPeer(b, i, &down.Peer)
			case "down_seconds":
				down.DownSeconds, end, err = readUint(b, i)
			default:
				end, err = skim.Member(b, i, 3)
			}
			return end, err
		})
		list = append(list, down)
		return end, err
	})
	return list, end, err
}

// readObject is skim.Object where null has no members and anything else is an
// error.
func readObject(b []byte, i int, what string, visit func(name []byte, i int) (int, error)) (int, error) {
	switch b[i] {
	case '{':
		return skim.Object(b, i, 0, visit)
	case 'n':
		return skim.Word(b, i, "null")
	}
	return unwanted(b, i, what)
}

// readArray is skim.Array where null has no elements and anything else is an error.
func readArray(b []byte, i int, what string, visit func(i int) (int, error)) (int, error) {
	switch b[i] {
	case '[':
		return skim.Array(b, i, 0, visit)
	case 'n':
		return skim.Word(b, i, "null")
	}
	return unwanted(b, i, what)
}

// unwanted is the error for a value of another kind than the one that is wanted.
func unwanted(b []byte, i int, what string) (int, error) {
	end, err := skim.Value(b, i, 0)
	if err != nil {
		return end, err
	}
	return i, fmt.Errorf("want %s, got %s", what, clip(string(b[i:end])))
}
