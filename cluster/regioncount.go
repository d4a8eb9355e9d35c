package cluster

import "slices"

// MaxExamples bounds the region ids that are carried as examples: as many as that
// may not be all.
const MaxExamples = 5

// RegionCount is a number of regions and a few of their ids.
type RegionCount struct {
	Count    int        `json:"count"`
	Examples []RegionID `json:"examples,omitempty"`
}

// Add counts a region.
func (c *RegionCount) Add(id RegionID) {
	c.Count++
	if len(c.Examples) < MaxExamples {
		c.Examples = append(c.Examples, id)
	}
}

// Plus is the sum of two counts.
func (c RegionCount) Plus(other RegionCount) RegionCount {
	sum := RegionCount{Count: c.Count + other.Count, Examples: slices.Concat(c.Examples, other.Examples)}
	sum.Examples = sum.Examples[:min(len(sum.Examples), MaxExamples)]
	return sum
}
