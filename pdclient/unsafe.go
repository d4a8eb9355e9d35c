package pdclient

import (
	"context"
	"encoding/json"
	"strings"
)

// UnsafeRecovery returns the last line that PD says about an online unsafe
// recovery that has not ended, "" when none runs (5.3 and later; before, the
// error matches ErrNotSupported). While one runs, PD schedules nothing else.
func (c *Client) UnsafeRecovery(ctx context.Context) (string, error) {
	var stages []json.RawMessage
	err := c.readJSON(ctx, get("/admin/unsafe/remove-failed-stores/show", nil), &stages)
	if err := unsupported(err, "online unsafe recovery", "5.3"); err != nil {
		return "", err
	}
	if len(stages) == 0 {
		return "", nil
	}
	last := stageInfo(stages[len(stages)-1])
	if recoveryOver(last) {
		return "", nil
	}
	return last, nil
}

// stageInfo reads one stage: an object from 6.1 on, a string before.
func stageInfo(raw json.RawMessage) string {
	var stage struct {
		Info string `json:"info"`
	}
	if json.Unmarshal(raw, &stage) == nil && stage.Info != "" {
		return stage.Info
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// recoveryOver goes by the words of pkg/unsaferecovery (PD has no code for it):
// "No on-going recovery.", "Unsafe recovery Finished", "Unsafe recovery Failed:
// ...". Words that are not known count as a recovery that runs.
func recoveryOver(info string) bool {
	info = strings.ToLower(info)
	for _, end := range []string{"no on-going", "unsafe recovery finished", "unsafe recovery failed"} {
		if strings.HasPrefix(info, end) {
			return true
		}
	}
	return false
}
