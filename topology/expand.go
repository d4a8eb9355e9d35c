package topology

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// Limits against files that are small on disk and huge in memory. A topology of
// a thousand stores has about 30000 values, ten levels deep.
const (
	maxAliasValues  = 100_000 // values that aliases may add to those written
	maxNestingDepth = 64
)

func countNodes(n *yaml.Node) int {
	total := 1
	for _, c := range n.Content {
		total += countNodes(c)
	}
	return total
}

// expander turns yaml nodes into values: aliases replaced by what they stand
// for, merge keys applied.
type expander struct {
	budget   int
	open     map[*yaml.Node]bool // anchors being expanded: an alias to one is a cycle
	reported map[*yaml.Node]bool // keys that a problem was reported for
	problems []Problem
	fatal    bool
}

func (x *expander) fail(n *yaml.Node, path, message string) *value {
	if !x.fatal {
		x.problems = append(x.problems, Problem{Line: n.Line, Column: n.Column, Path: path, Message: message})
	}
	x.fatal = true
	return &value{kind: scalarKind, tag: nullTag, line: n.Line, column: n.Column}
}

func (x *expander) expand(n *yaml.Node, path string, depth int) *value {
	x.budget--
	switch {
	case x.fatal:
		return &value{kind: scalarKind, tag: nullTag, line: n.Line, column: n.Column}
	case x.budget < 0:
		return x.fail(n, "", fmt.Sprintf("aliases expand to more than %d values", maxAliasValues))
	case depth > maxNestingDepth:
		return x.fail(n, "", fmt.Sprintf("values are nested more than %d levels deep", maxNestingDepth))
	case n.Kind == yaml.AliasNode:
		if x.open[n.Alias] {
			return x.fail(n, path, fmt.Sprintf("anchor %q contains itself", n.Value))
		}
		v := *x.expand(n.Alias, path, depth+1)
		v.line, v.column, v.alias = n.Line, n.Column, n.Value
		return &v
	}
	if n.Anchor != "" {
		x.open[n] = true
		defer delete(x.open, n)
	}
	v := &value{
		line: n.Line, column: n.Column, tag: n.ShortTag(), anchor: n.Anchor,
		flow: n.Style&yaml.FlowStyle != 0, tagged: n.Style&yaml.TaggedStyle != 0,
	}
	switch n.Kind {
	case yaml.MappingNode:
		v.kind = mappingKind
		x.expandMapping(v, n, path, depth)
	case yaml.SequenceNode:
		v.kind = sequenceKind
		for i, c := range n.Content {
			v.items = append(v.items, x.expand(c, fmt.Sprintf("%s[%d]", path, i), depth+1))
		}
	default:
		v.text = n.Value
		v.style = scalarStyle(n.Style)
	}
	return v
}

func scalarStyle(s yaml.Style) style {
	switch {
	case s&yaml.DoubleQuotedStyle != 0:
		return doubleQuoted
	case s&yaml.SingleQuotedStyle != 0:
		return singleQuoted
	case s&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return blockText
	}
	return plain
}

func (x *expander) expandMapping(v *value, n *yaml.Node, path string, depth int) {
	seen := make(map[string]int, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, child := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			x.fail(key, path, "a key must be a plain word, not a list, mapping or alias")
			return
		}
		if line, ok := seen[key.Value]; ok {
			x.budget--
			if x.reported[key] {
				continue // seen through an alias before
			}
			x.reported[key] = true
			x.problems = append(x.problems, Problem{
				Line: key.Line, Column: key.Column, Path: joinPath(path, key.Value),
				Message: fmt.Sprintf("key %q is given twice (first on line %d)", key.Value, line),
			})
			continue
		}
		seen[key.Value] = key.Line
		if key.ShortTag() == "!!merge" {
			merges = append(merges, child)
		}
		v.entries = append(v.entries, entry{
			key: key.Value, line: key.Line, column: key.Column, merge: key.ShortTag() == "!!merge",
			plainKey: scalarStyle(key.Style) == plain && key.Anchor == "" && key.Style&yaml.TaggedStyle == 0,
			value:    x.expand(child, joinPath(path, key.Value), depth+1),
		})
	}
	for _, m := range merges {
		x.merge(v, m, seen, path, depth)
	}
}

// merge adds what a "<<" key brings: keys that the mapping does not have itself,
// those of the first mapping in a list before those of later ones.
func (x *expander) merge(v *value, n *yaml.Node, seen map[string]int, path string, depth int) {
	target := n
	if n.Kind == yaml.AliasNode {
		target = n.Alias
	}
	sources := []*yaml.Node{n}
	if target.Kind == yaml.SequenceNode {
		sources = target.Content
	}
	for _, s := range sources {
		from := x.expand(s, path, depth+1)
		if x.fatal {
			return
		}
		if from.kind != mappingKind {
			x.fail(s, path, "only a mapping can be merged with '<<'")
			return
		}
		for _, e := range from.entries {
			if _, has := seen[e.key]; has || e.merge {
				continue
			}
			seen[e.key] = e.line
			e.merged = true
			v.entries = append(v.entries, e)
		}
	}
}
