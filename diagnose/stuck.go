package diagnose

// stays reports classes whose regions do not leave however long one waits, as
// things are. Of a class that could not be told nobody knows.
func (c TailClass) stays() bool {
	switch c {
	case TailNotHere, TailMoving, TailWaiting, TailTargetBusy, TailBig, TailSplit, TailUnknown:
		return false
	}
	return true
}

// Stuck is the number of regions of the store that will not leave as things are.
// ok is false when not all of them could be looked at.
func (t *Tail) Stuck() (n int, ok bool) {
	for i := range t.Classes {
		c := &t.Classes[i]
		if c.Class == TailUnknown {
			return 0, false
		}
		if c.Class.stays() {
			n += c.Count
		}
	}
	return n, t.Err == ""
}
