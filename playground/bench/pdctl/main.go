// Command pdctl answers `region --jq=FILTER` the way pd-ctl does, to compare ebb
// with: the whole answer of PD in memory, then given to jq, whose whole output is
// kept in turn and printed at its end. It stands in for a pd-ctl that need not be
// installed for a benchmark.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: pdctl PD-URL FILTER")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "pdctl:", err)
		os.Exit(1)
	}
}

func run(pd, filter string) error {
	response, err := http.Get(pd + "/pd/api/v1/regions")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	text := string(body) // a second copy, as there
	jq := exec.Command("jq", "-c", filter)
	jq.Stdin = strings.NewReader(text)
	out, err := jq.CombinedOutput()
	if err != nil {
		return fmt.Errorf("run jq: %w: %s", err, out)
	}
	fmt.Printf("%s\n", out)
	return nil
}
