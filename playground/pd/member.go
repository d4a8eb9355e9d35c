package pd

import (
	"fmt"
	"slices"
)

// member is one PD server that runs.
type member interface {
	// kill ends the member as a crash would and frees its ports and its data
	// directory.
	kill() error
	// alive is false once the member has ended by itself.
	alive() bool
}

// UnknownMemberError says that no member has the given name.
type UnknownMemberError struct {
	Name  string
	Known []string
}

func (e *UnknownMemberError) Error() string {
	return fmt.Sprintf("find PD member %q: the members are %q", e.Name, e.Known)
}

func (c *Cluster) find(name string) (endpoint, error) {
	i := slices.IndexFunc(c.endpoints, func(e endpoint) bool { return e.name == name })
	if i < 0 {
		return endpoint{}, &UnknownMemberError{Name: name, Known: c.Members()}
	}
	return c.endpoints[i], nil
}

// MemberStateError says that a member already is in the state asked for.
type MemberStateError struct {
	Name    string
	Running bool
}

func (e *MemberStateError) Error() string {
	if e.Running {
		return fmt.Sprintf("start PD member %q: it is running", e.Name)
	}
	return fmt.Sprintf("stop PD member %q: it is not running", e.Name)
}
