package control

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"ebb/playground/hosts"
)

func (h *handler) hostRoutes() []route {
	return []route{
		get("/hosts", "all hosts as they truly are", nil, func(context.Context, input) (any, error) {
			states := []hosts.State{}
			if h.hosts == nil {
				return states, nil
			}
			for _, host := range h.hosts.All() {
				states = append(states, host.State())
			}
			return states, nil
		}),
		h.onHost("down", "cut its power: its processes and its SSH server are gone", (*hosts.Host).Down),
		h.onHost("up", "boot it; units that are enabled start", (*hosts.Host).Up),
		post("/hosts/{host}/ssh", "break the login to it, or mend it", func(_ context.Context, in input, how hosts.SSHFault) (any, error) {
			return h.changeHost(in, func(host *hosts.Host) error { return host.BreakSSH(how) })
		}),
	}
}

func (h *handler) onHost(verb, does string, change func(*hosts.Host) error) route {
	return post("/hosts/{host}/"+verb, does, func(_ context.Context, in input, _ none) (any, error) {
		return h.changeHost(in, change)
	})
}

// changeHost answers with the host as it is after the change.
func (h *handler) changeHost(in input, change func(*hosts.Host) error) (any, error) {
	if h.hosts == nil {
		return nil, &Error{Status: http.StatusConflict, Message: "change host: the stores of this playground have no hosts"}
	}
	host, err := h.hosts.Find(in.args[0])
	if err != nil {
		return nil, &Error{Status: http.StatusNotFound, Message: err.Error()}
	}
	if err := change(host); err != nil {
		status := http.StatusInternalServerError
		if burnt := (*hosts.BurntError)(nil); errors.As(err, &burnt) {
			status = http.StatusConflict
		}
		return nil, &Error{Status: status, Message: err.Error()}
	}
	return host.State(), nil
}

// HostDown cuts the power of a host.
func (c *Client) HostDown(ctx context.Context, host string) error {
	return c.host(ctx, host, "down", none{})
}

// HostUp boots a host.
func (c *Client) HostUp(ctx context.Context, host string) error {
	return c.host(ctx, host, "up", none{})
}

// BreakSSH breaks the login to a host, or mends it.
func (c *Client) BreakSSH(ctx context.Context, host string, how hosts.SSHFault) error {
	return c.host(ctx, host, "ssh", how)
}

func (c *Client) host(ctx context.Context, host, verb string, body any) error {
	return c.post(ctx, "/hosts/"+url.PathEscape(host)+"/"+verb, body, nil)
}
