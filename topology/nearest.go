package topology

import (
	"cmp"
	"slices"
	"strings"
)

// Nearest returns up to limit of the candidates that could have been meant by
// name, the closest first, for "did you mean". At most a third of the letters
// may differ; nil when nothing is that close.
func Nearest(name string, candidates []string, limit int) []string {
	type scored struct {
		text     string
		distance int
	}
	var near []scored
	for _, c := range candidates {
		most := max(2, len(c)/3)
		if d := len(c) - len(name); d > most || -d > most {
			continue
		}
		if d := editDistance(strings.ToLower(name), strings.ToLower(c)); d <= most && d < len(name) {
			near = append(near, scored{c, d})
		}
	}
	slices.SortFunc(near, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.text, b.text))
	})
	var texts []string
	for _, s := range near {
		if len(texts) < limit && !slices.Contains(texts, s.text) {
			texts = append(texts, s.text)
		}
	}
	return texts
}

// misspelt returns the one known key that an unknown key is a slip of: up to two
// letters, and never more than a third of the word. Keys that are merely new to
// this program must not be taken for slips.
func misspelt(key string, known []string) string {
	for _, c := range Nearest(key, known, 1) {
		if editDistance(strings.ToLower(key), c) <= min(2, max(1, len(key)/4)) {
			return c
		}
	}
	return ""
}

// editDistance counts the letters to insert, delete, replace or swap with their
// neighbour (optimal string alignment).
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	prev2, prev, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range row {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(y)]
}
