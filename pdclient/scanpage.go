package pdclient

import (
	"bytes"
	"fmt"
	"net/http"
)

// take decodes a page and passes on the one before. done is true at the end.
func (s *scanner[T]) take(page *answer) (done bool, err error) {
	var list []scanned[T]
	select {
	case list = <-s.lists:
	default:
	}
	list, err = s.decode(page, list)
	if err != nil {
		return false, err
	}
	if s.copies {
		s.rooms = append(s.rooms, page.body)
	}
	list, problem, err := s.contiguous(list)
	if err != nil {
		return false, &DecodeError{Method: http.MethodGet, URL: page.url, Offset: int64(len(page.body)), Err: err}
	}
	if len(list) > 0 {
		if s.replace(&list[0].edge) {
			return false, nil
		}
		s.waits = 0
		s.flush()
		s.held = list
		s.next = list[len(list)-1].end
		if !s.within(s.next) || s.reaches(0) {
			s.flush()
			return true, nil
		}
	}
	gap, isGap := problem.(*RegionGapError) //nolint:errorlint // made below, never wrapped
	switch {
	case s.stopped:
		return true, nil
	case problem == nil:
		return false, nil
	case isGap && len(list) == 0 && gap.Before == nil && len(s.scan.StartKey) == 0 && len(s.next) == 0:
		return true, nil // no region at all
	}
	if s.waits++; s.waits >= gapAttempts {
		s.flush()
		return false, problem
	}
	return false, nil
}

// contiguous cuts a page where it does not go on, or at the end of the scan.
// problem is what may be over soon; err never is.
func (s *scanner[T]) contiguous(list []scanned[T]) (good []scanned[T], problem, err error) {
	if len(list) > 0 {
		if err := s.stale(&list[0].edge); err != nil {
			return nil, err, nil
		}
	}
	want := s.next
	for i := range list {
		r := &list[i].edge
		switch order := bytes.Compare(r.start, want); {
		case i > 0 && !s.within(r.start):
			return list[:i], nil, nil
		case order > 0:
			return list[:i], &RegionGapError{Start: want, Before: r.start}, nil
		case order < 0 && i > 0:
			return list[:i], nil, nil // it is read again from want
		case len(r.end) == 0:
			return list[:i+1], nil, nil
		case bytes.Compare(r.end, want) <= 0:
			return nil, nil, fmt.Errorf("region %d ends at key %X, before the key that was asked for", r.id, r.end)
		}
		want = r.end
	}
	if len(list) == 0 {
		return nil, &RegionGapError{Start: want}, nil
	}
	return list, nil, nil
}

// stale compares the region at the seam with what the page before said of it.
func (s *scanner[T]) stale(first *edge) error {
	for i := range s.held {
		if s.held[i].id == first.id && s.held[i].version > first.version {
			return &StaleRegionError{ID: first.id, Seen: s.held[i].version, Now: first.version}
		}
	}
	return nil
}
