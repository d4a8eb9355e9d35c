package journal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
)

// Operation groups the records of one run of a verb.
type Operation struct {
	journal *Journal
	id      string
	verb    string
}

// Begin starts an operation and records it, with the command line (redacted)
// and a hash of the plan. plan may be nil.
func (j *Journal) Begin(verb string, args []string, plan any) (*Operation, error) {
	o := &Operation{journal: j, verb: verb, id: j.now().UTC().Format("20060102T150405") + "-" + rand.Text()[:6]}
	r := Record{Kind: Begin, Args: Redact(args)}
	if plan != nil {
		data, err := json.Marshal(plan)
		if err != nil {
			return nil, fmt.Errorf("record the plan of %s: %w", verb, err)
		}
		sum := sha256.Sum256(data)
		r.PlanHash = hex.EncodeToString(sum[:])
	}
	return o, o.append(r)
}

// ID names the operation.
func (o *Operation) ID() string { return o.id }

// Intent records that a step is about to be made. When it returns nil the
// record is on disk. undo may be nil.
func (o *Operation) Intent(step string, undo any) error {
	var raw json.RawMessage
	if undo != nil {
		var err error
		if raw, err = json.Marshal(undo); err != nil {
			return fmt.Errorf("record %s: %w", step, err)
		}
	}
	return o.append(Record{Kind: Intent, Step: step, Undo: raw})
}

// Outcome records what came of a step. cause may be nil.
func (o *Operation) Outcome(step, result string, cause error) error {
	return o.append(Record{Kind: Outcome, Step: step, Result: result, Error: text(cause)})
}

// End records that the operation is over. cause may be nil.
func (o *Operation) End(result string, cause error) error {
	return o.append(Record{Kind: End, Result: result, Error: text(cause)})
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (o *Operation) append(r Record) error {
	j := o.journal
	r.Schema, r.Time, r.Operation, r.ClusterID = Schema, j.now().UTC(), o.id, j.clusterID
	r.Verb, r.Actor, r.PID = o.verb, j.actor, os.Getpid()
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write journal %s: %w", j.path, err)
	}
	if err := appendLine(j.path, line); err != nil {
		return fmt.Errorf("write journal %s: %w", j.path, err)
	}
	return nil
}
