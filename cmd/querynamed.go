package cmd

import (
	"errors"
	"fmt"
	"strings"

	"ebb/jq"
)

// queryList is the value of --query that lists the queries.
const queryList = "list"

func queryNames() []string {
	names := []string{queryList}
	for _, q := range jq.Queries() {
		names = append(names, q.Name)
	}
	return names
}

// compileNamed compiles one of the queries that come with ebb.
func (q *queryOptions) compileNamed(args map[string]string) error {
	named, err := jq.Named(q.query)
	var unknown *jq.UnknownQueryError
	if errors.As(err, &unknown) {
		hint := "see --query list"
		if len(unknown.Nearest) > 0 {
			hint = "did you mean " + strings.Join(unknown.Nearest, " or ") + "? " + hint
		}
		return &usageError{err, hint}
	}
	if err != nil {
		return err
	}
	q.program, err = named.Compile(args, q.raw)
	var param *jq.ParamError
	if errors.As(err, &param) {
		hint := "see --query list for what it takes"
		if param.Missing {
			hint = fmt.Sprintf("give it with --arg %s VALUE; %s", param.Name, hint)
		}
		return &usageError{err, hint}
	}
	return err
}

// printQueries lists the queries with what they do and take.
func printQueries(env *Env) error {
	o := env.Streams.Out
	var errs []error
	put := func(head, text string) { errs = append(errs, o.Hang(head, text)) }
	for i, q := range jq.Queries() {
		if i > 0 {
			put("", "")
		}
		put(q.Name+"  ", q.Summary)
		for paragraph := range strings.SplitSeq(strings.TrimSpace(q.Doc), "\n\n") {
			if paragraph != "" {
				put("    ", strings.Join(strings.Fields(paragraph), " "))
			}
		}
		for _, p := range q.Params {
			head, doc := fmt.Sprintf("    --arg %s %s  ", p.Name, p.Default), p.Doc
			if p.Required {
				head, doc = fmt.Sprintf("    --arg %s VALUE  ", p.Name), p.Doc+" (required)"
			}
			put(head, doc)
		}
	}
	return errors.Join(errs...)
}
