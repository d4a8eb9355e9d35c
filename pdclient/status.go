package pdclient

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// StatusError is an answer of PD with a status other than 2xx.
type StatusError struct {
	Method string
	URL    string
	Status int
	// Code is PD's own code such as "PD:core:ErrStoreNotFound" or
	// "input.invalid"; "" when PD gave none.
	Code string
	// Message is PD's text without the code.
	Message string

	shape      bodyShape
	retryAfter time.Duration // of a 429 or 503, 0 when PD gave none
}

// bodyShape is one of the forms PD gives to an error (server/api and
// pkg/utils/apiutil, 4.0 to master).
type bodyShape int

const (
	// plainText comes from PD's proxy and middleware, from the router, and from
	// whatever else stands in between.
	plainText bodyShape = iota
	// jsonString is a handler's error text as a JSON string.
	jsonString
	// jsonObject is an errcode: {code, msg, data}.
	jsonObject
)

func (e *StatusError) Error() string {
	s := fmt.Sprintf("%s %s: pd returned %d", e.Method, e.URL, e.Status)
	switch {
	case e.Code != "" && e.Message != "":
		return s + ": [" + e.Code + "] " + e.Message
	case e.Code+e.Message != "":
		return s + ": " + e.Code + e.Message
	}
	return s + " " + strings.ToLower(http.StatusText(e.Status))
}

// Is matches ErrNotFound, ErrNoLeader, ErrPanicked and ErrPlacementRulesDisabled.
func (e *StatusError) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.Status == http.StatusNotFound && !e.noRoute() || notFoundCodes[e.Code] ||
			e.shape == jsonString && e.Message == "operator not found" // before PD had codes
	case ErrNoLeader:
		return e.noLeader()
	case ErrPanicked:
		return e.panicked()
	case ErrPlacementRulesDisabled:
		return e.Status == http.StatusPreconditionFailed
	}
	return false
}

// notFoundCodes come with a 500 on some calls (pkg/errs/errno.go).
var notFoundCodes = map[string]bool{
	"PD:core:ErrStoreNotFound":          true,
	"PD:region:ErrRegionNotFound":       true,
	"PD:operator:ErrOperatorNotFound":   true,
	"PD:scheduler:ErrSchedulerNotFound": true,
	"PD:progress:ErrProgressNotFound":   true,
}

// noRoute: the path itself is unknown to this version. PD's router answers that
// in plain text, its handlers answer in JSON.
func (e *StatusError) noRoute() bool {
	return e.shape == plainText &&
		(e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed)
}

// noLeader: the server could not pass the request on, and did not try. PD says
// 503 "no leader" (8.x and before), 503 "redirect finds no leader" (later), or
// 500 "redirect to not leader" from a follower that was taken for the leader.
func (e *StatusError) noLeader() bool {
	if e.shape != plainText {
		return false
	}
	switch e.Status {
	case http.StatusServiceUnavailable:
		return strings.Contains(e.Message, "no leader")
	case http.StatusInternalServerError:
		return e.Code == "PD:apiutil:ErrRedirectToNotLeader" || e.Message == "redirect to not leader"
	}
	return false
}

// panicked: PD's recovery middleware caught a panic of the handler (plain text).
func (e *StatusError) panicked() bool {
	return e.Status == http.StatusInternalServerError && e.shape == plainText &&
		strings.HasPrefix(e.Message, "PANIC:")
}

// transient reports whether the same read may succeed soon, here or elsewhere.
func (e *StatusError) transient() bool {
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout:
		return true
	case http.StatusInternalServerError:
		return e.noLeader() || e.starting() || e.redirectFailed()
	}
	return false
}

// redirectFailed: a follower passed the request on and lost the leader over it.
func (e *StatusError) redirectFailed() bool {
	return e.Code == "PD:apiutil:ErrRedirect" || e.shape == plainText && e.Message == "redirect failed"
}

// starting: a leader that does not run the cluster (yet). It passes within a
// second after an election and never in a cluster that was not bootstrapped.
func (e *StatusError) starting() bool {
	return e.Code == "PD:cluster:ErrNotBootstrapped" || e.Code == "PD:server:ErrServerNotStarted"
}

// ambiguous reports whether a write that got this answer may have been done: it
// comes from something between here and the leader, after the request was
// passed on.
func (e *StatusError) ambiguous() bool {
	return e.Status >= 500 && e.shape == plainText && !e.noLeader()
}

// Hint names the next step where there is an obvious one, else "".
func (e *StatusError) Hint() string {
	switch {
	case e.noLeader():
		return "pd has no leader: check that a majority of the pd members runs"
	case e.Status == http.StatusTooManyRequests:
		return "pd limits the rate of this call: wait and try again"
	case e.Code == "PD:core:ErrStoresNotEnough":
		return "add a store or lower max-replicas before taking this one out"
	case e.Code == "PD:core:ErrNoStoreForRegionLeader":
		return "remove evict-leader or grant-leader schedulers from the stores that stay"
	case e.Code == "PD:core:ErrStoreDestroyed":
		return "the store was deleted by force, which cannot be taken back"
	case e.Status >= 300 && e.Status < 400:
		return "give the url that it redirects to as the pd address"
	case e.starting():
		return "pd has no bootstrapped cluster: is this the right pd?"
	}
	return ""
}

// parseStatusError reads the three shapes: a JSON string with or
// without "[PD:...]", an errcode object, plain text.
func parseStatusError(method, url string, status int, body []byte) *StatusError {
	e := &StatusError{Method: method, URL: url, Status: status}
	var text string
	var object struct {
		Code string `json:"code"`
		Msg  string `json:"msg"`
	}
	switch {
	case json.Unmarshal(body, &text) == nil && strings.HasPrefix(strings.TrimSpace(string(body)), `"`):
		e.shape, e.Message = jsonString, text
	case json.Unmarshal(body, &object) == nil && object.Code+object.Msg != "":
		e.shape, e.Code, e.Message = jsonObject, object.Code, object.Msg
	case strings.TrimSpace(string(body)) == "null":
		e.shape = jsonString
	default:
		e.Message = string(body)
	}
	e.Message = clip(strings.TrimSpace(e.Message))
	if rest, ok := strings.CutPrefix(e.Message, "["); ok && e.Code == "" {
		if code, message, ok := strings.Cut(rest, "]"); ok && strings.HasPrefix(code, "PD:") {
			e.Code, e.Message = code, strings.TrimSpace(message)
		}
	}
	return e
}

// clip keeps a stack trace or an HTML page from filling the terminal.
func clip(s string) string {
	const most = 2000
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + " …"
}
