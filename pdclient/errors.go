package pdclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Sentinels for errors.Is.
var (
	// ErrOutcomeUnknown: a write left for PD and no answer came back, so PD may or
	// may not have done it, now or later.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrNoLeader: a PD server answered, but knows of no leader.
	ErrNoLeader = errors.New("pd has no leader")
	// ErrNotFound: PD does not have the object that was asked for.
	ErrNotFound = errors.New("not found")
	// ErrNotSupported: this version of PD does not have the call.
	ErrNotSupported = errors.New("not supported by this pd")
	// ErrPlacementRulesDisabled: a call on placement rules while they are off (412).
	ErrPlacementRulesDisabled = errors.New("placement rules are disabled")
	// ErrTTLActive: a configuration item has a temporary value, and PD (6.1 and
	// later) refuses to change the permanent one until that has expired.
	ErrTTLActive = errors.New("a temporary value is active")
	// ErrPanicked: the handler inside PD panicked over this request.
	ErrPanicked = errors.New("pd panicked")
	// ErrOtherCluster: a PD server belongs to another cluster than the one seen first.
	ErrOtherCluster = errors.New("another cluster")
)

// IsNotFound reports whether PD does not have the object that was asked for.
func IsNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

// OutcomeUnknownError is a write whose answer was lost. It matches
// ErrOutcomeUnknown.
type OutcomeUnknownError struct {
	Method string
	URL    string
	Err    error // what broke
	// Reread is what reading the state afterwards showed; "" when that was not
	// possible.
	Reread string
}

func (e *OutcomeUnknownError) Error() string {
	s := fmt.Sprintf("%s %s: outcome unknown: %v", e.Method, e.URL, e.Err)
	if e.Reread != "" {
		s += "; read again: " + e.Reread
	}
	return s
}

// Is matches ErrOutcomeUnknown.
func (e *OutcomeUnknownError) Is(target error) bool { return target == ErrOutcomeUnknown }

// Unwrap returns what broke.
func (e *OutcomeUnknownError) Unwrap() error { return e.Err }

// Hint says what to do next.
func (e *OutcomeUnknownError) Hint() string {
	return "the request may still take effect; look at the state before repeating it"
}

// UnsupportedError is a call that this PD does not have. It matches
// ErrNotSupported.
type UnsupportedError struct {
	Feature string
	Since   string // first PD version that has it; "" when none has
	Until   string // last PD version that had it; "" when it is still there
}

func (e *UnsupportedError) Error() string {
	switch {
	case e.Until != "":
		return fmt.Sprintf("%s: not supported by this pd: removed after %s", e.Feature, e.Until)
	case e.Since != "":
		return fmt.Sprintf("%s: not supported by this pd: needs %s or later", e.Feature, e.Since)
	}
	return e.Feature + ": not supported by pd"
}

// Is matches ErrNotSupported.
func (e *UnsupportedError) Is(target error) bool { return target == ErrNotSupported }

// DecodeError is an answer of PD that is not what its API promises.
type DecodeError struct {
	Method string
	URL    string
	Offset int64 // bytes into the body
	Err    error
}

// errTruncated is the cause of a DecodeError whose body ended too early.
var errTruncated = errors.New("truncated JSON")

// errBehind is the cause of a DecodeError whose body does not end where it should.
var errBehind = errors.New("more data behind it")

func (e *DecodeError) Error() string {
	return fmt.Sprintf("decode answer of %s %s at byte %d: %v", e.Method, e.URL, e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Err }

// newDecodeError finds the offset in an encoding/json error.
func newDecodeError(method, url string, size int, err error) *DecodeError {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	e := &DecodeError{Method: method, URL: url, Err: err}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Offset, e.Err = int64(size), errTruncated
	case errors.As(err, &syntax):
		e.Offset = syntax.Offset
		if syntax.Offset >= int64(size) {
			e.Err = errTruncated
		}
	case errors.As(err, &typ):
		e.Offset = typ.Offset
	}
	return e
}

// Try is one server that was asked, and what it said.
type Try struct {
	Endpoint string
	Err      error
}

// UnreachableError says that no PD server gave a usable answer within the deadline.
type UnreachableError struct {
	Tries []Try // the last word of each server, in the order they were asked
}

// ErrUnreachable matches every *UnreachableError.
var ErrUnreachable = errors.New("pd unreachable")

func (e *UnreachableError) Error() string {
	var b strings.Builder
	b.WriteString("reach pd: ")
	for i, t := range e.Tries {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %v", t.Endpoint, t.Err)
	}
	return b.String()
}

// Is matches ErrUnreachable.
func (e *UnreachableError) Is(target error) bool { return target == ErrUnreachable }

// Unwrap returns what each server said.
func (e *UnreachableError) Unwrap() []error {
	out := make([]error, len(e.Tries))
	for i, t := range e.Tries {
		out[i] = t.Err
	}
	return out
}

// Hint says what to check.
func (e *UnreachableError) Hint() string {
	if errors.Is(e, ErrNoLeader) {
		return "pd answers but has no leader: check that a majority of the pd members runs"
	}
	return "check the pd address, the network, and the tls files if pd uses tls"
}
