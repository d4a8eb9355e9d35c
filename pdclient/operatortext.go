package pdclient

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"ebb/cluster"
)

// operatorText is Operator.String of pkg/schedule/operator (server/schedule in
// older versions): "desc {brief} (kind:a,b, region:1(version, confver),
// createAt:..., startAt:..., currentStep:0, size:96, steps:[0:{...}], timeout:
// [1m0s])". 4.0 has neither size nor timeout.
var operatorText = regexp.MustCompile(`^(?:status: (\w+), operator: )?(\S+) (?s:\{(.*?)\}) ` +
	`\(kind:([^ ]*), region:(\d+)\((\d+), ?(\d+)\), createAt:(.*?), startAt:(.*?), currentStep:(\d+),` +
	`(?: size:\d+,)? steps:\[(?s:(.*?))\](?:, timeout:\[([^\]]*)\])?\)(?:.*\(finishAt:(.*?), duration:.*\))?`)

// stepText is one step in the list of steps, without its number.
var stepText = regexp.MustCompile(`\d+:\{([^}]*)\}`)

// parseOperator reads what it can; Text always has everything.
func parseOperator(text string) cluster.Operator {
	op := cluster.Operator{Text: text}
	m := operatorText.FindStringSubmatch(text)
	if m == nil {
		return op
	}
	op.Status, op.Desc, op.Brief = m[1], m[2], m[3]
	op.Kinds = strings.Split(m[4], ",")
	op.RegionID = cluster.RegionID(number(m[5]))
	op.Epoch = cluster.RegionEpoch{Version: number(m[6]), ConfVer: number(m[7])}
	op.CreatedAt, op.StartedAt = goTime(m[8]), goTime(m[9])
	op.CurrentStep = int(number(m[10]))
	for _, step := range stepText.FindAllStringSubmatch(m[11], -1) {
		op.Steps = append(op.Steps, step[1])
	}
	op.Timeout, _ = time.ParseDuration(m[12])
	op.FinishedAt = goTime(m[13])
	if op.Status == "" {
		op.Status = recordStatus(text)
	}
	return op
}

// recordStatus reads how an operator ended from its record: PD adds a word for
// success and for a timeout, and none for the other ends (Operator.String).
func recordStatus(text string) string {
	before, _, ended := strings.Cut(text, " (finishAt:")
	switch {
	case !ended:
		return ""
	case strings.HasSuffix(before, " timeout"):
		return "TIMEOUT"
	case strings.HasSuffix(before, " finished"):
		return "SUCCESS"
	}
	return ""
}

// number is 0 for what does not fit.
func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// goTime reads time.Time.String, monotonic part included; zero for what it
// cannot read.
func goTime(s string) time.Time {
	s, _, _ = strings.Cut(s, " m=")
	t, err := time.Parse("2006-01-02 15:04:05.999999999 -0700 MST", s)
	if err != nil {
		return time.Time{}
	}
	return t
}
