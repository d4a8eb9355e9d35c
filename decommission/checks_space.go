package decommission

import (
	"fmt"
	"slices"

	"ebb/cluster"
)

// space: what the leaving stores hold fits into the stores that stay, without
// pushing them over low-space-ratio, above which PD sends them nothing more.
func (c *checker) space() []Finding {
	const name = checkSpace
	if c.snap.Schedule == nil {
		return []Finding{c.unread(name, cluster.FieldSchedule, "low-space-ratio")}
	}
	var findings []Finding
	freights := c.freights()
	for _, engine := range c.engines() {
		of := slices.DeleteFunc(slices.Clone(freights), func(f freight) bool { return f.engine != engine })
		findings = append(findings, c.spaceOf(engine, of))
	}
	return findings
}

func (c *checker) spaceOf(engine cluster.Engine, freights []freight) Finding {
	f := Finding{Check: checkSpace, Result: OK}
	receivers := c.receiversOf(engine)
	if len(receivers) == 0 {
		// Whether that is a problem is for the placement rules to say.
		f.Result, f.Summary = NotApplicable, fmt.Sprintf("no %s store stays that could receive anything", engine)
		return f
	}
	var need uint64
	unknown := false
	for i := range freights {
		need, unknown = need+freights[i].bytes, unknown || freights[i].unknown
	}
	var silent, full []*cluster.Store
	for _, s := range receivers {
		switch room, known := c.roomOn(s); {
		case !known:
			silent = append(silent, s)
		case room == 0:
			full = append(full, s)
		}
	}
	free := c.roomOf(receivers)
	f.Summary = fmt.Sprintf("%s of %s data move, %s fit below low-space-ratio %.2g", cluster.FormatBytes(need), engine, cluster.FormatBytes(free), c.snap.Schedule.LowSpaceRatio)
	if len(full) > 0 {
		f.Result = Warning
		f.Evidence = append(f.Evidence, "low on space, PD sends them nothing: "+storeNames(full))
	}
	if len(silent) > 0 {
		f.Evidence = append(f.Evidence, "report no capacity: "+storeNames(silent))
	}
	over, room, group, ok := c.tooSmall(freights)
	for i := range group {
		if len(group[i].targets) < len(receivers) {
			f.Evidence = append(f.Evidence, group[i].line())
		}
	}
	switch {
	case unknown:
		f.Result = Unknown
		f.Summary = fmt.Sprintf("nobody knows how much %s data has to move: neither the stores nor the regions have reported a size since PD started", engine)
		f.Fix = "wait until the stores have sent a heartbeat (10s) and the regions too (60s), and run the command again"
	case len(group) > 0 && len(silent) > 0:
		f.Result = Unknown
		f.Fix = "wait until these stores have sent a heartbeat, and run the command again"
	case len(group) > 0:
		f.Result, f.Risk = Refused, RiskLowSpace
		if over < need {
			f.Summary = fmt.Sprintf("%s of %s data can move to some stores only, which take %s below low-space-ratio %.2g", cluster.FormatBytes(over), engine, cluster.FormatBytes(room), c.snap.Schedule.LowSpaceRatio)
		}
		f.Fix = fmt.Sprintf("add a %s store or free space first", engine)
	case !ok:
		f.Result = Unknown
		f.Summary = fmt.Sprintf("the rules split the %s data into more than %d groups of stores", engine, maxFreights)
		f.Fix = "let fewer stores leave at a time"
	case c.tight(freights):
		f.Result = Warning
	}
	return f
}

// tight warns before more than four fifths of some stores' room are used.
func (c *checker) tight(freights []freight) bool {
	for _, r := range c.receiversWithRoom(freights) {
		if r.Room != nil && r.Receives > *r.Room/5*4 {
			return true
		}
	}
	return false
}
