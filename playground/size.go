package main

import (
	"fmt"

	"github.com/docker/go-units"
)

// size is a flag value in bytes, written like "96MiB" or "2TiB".
type size int64

func (s *size) String() string {
	return units.CustomSize("%.4g%s", float64(*s), 1024, []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"})
}
func (s *size) Type() string { return "size" }

func (s *size) Set(text string) error {
	bytes, err := units.RAMInBytes(text)
	if err != nil || bytes < 0 {
		return fmt.Errorf("want a size such as 96MiB or 2TiB")
	}
	*s = size(bytes)
	return nil
}
