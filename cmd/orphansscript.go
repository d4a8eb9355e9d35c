package cmd

import (
	"context"
	"errors"
	"strings"

	"ebb/operators"
)

var errNoneSafe = errors.New("no orphan is safe to remove now")

func runOrphansScript(ctx context.Context, env *Env, opts *orphansScriptOptions, args []string) error {
	t, s, err := opts.survey(ctx, env, args)
	if err != nil {
		return err
	}
	plan := operators.NewPlan(s.scene, s.orphans, opts.includeWait)
	if format := operators.Format(opts.scriptFormat); format == operators.FormatJSON {
		err = new(outputOptions).print(ctx, env, operators.NewScriptDocument(plan, opts.validFor))
		return errors.Join(err, noneSafe(plan))
	}
	err = operators.WriteScript(env.Streams.Out, plan, operators.ScriptOptions{
		Format: operators.Format(opts.scriptFormat), PD: strings.TrimSuffix(s.leader, "/"),
		CACert: t.tls.CACert, Cert: t.tls.Cert, Key: t.tls.Key, Proxy: opts.useProxy, ValidFor: opts.validFor,
	})
	if err != nil {
		return err
	}
	return noneSafe(plan)
}

// noneSafe is the answer no where there are orphans and none may be removed.
func noneSafe(plan *operators.Plan) error {
	if len(plan.Removals) > 0 || len(plan.Left) == 0 {
		return nil
	}
	return &codedError{&hintedError{errNoneSafe, "ebb orphans says why, and what to do instead"}, ExitNo}
}
