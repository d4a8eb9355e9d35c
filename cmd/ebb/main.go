// Command ebb takes TiKV and TiFlash stores out of a TiDB cluster.
package main

import (
	"os"

	"ebb/cmd"
	"ebb/ui"
)

func main() { os.Exit(cmd.Main(os.Args[1:], ui.System())) }
