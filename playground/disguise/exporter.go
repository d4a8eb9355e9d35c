package disguise

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
)

// exporter serves what node_exporter and blackbox_exporter serve first: a little
// text. net/http would double the time the process takes to start.
func exporter(args []string) int {
	address := ""
	for _, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--web.listen-address="); ok {
			address = value
		}
	}
	l, err := net.Listen("tcp4", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	const body = "# TYPE up gauge\nup 1\n"
	serve(l, func(conn net.Conn) {
		defer conn.Close()
		request := bufio.NewReader(conn)
		for {
			line, err := request.ReadString('\n')
			if err != nil {
				return
			}
			if strings.TrimSpace(line) == "" {
				break
			}
		}
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
	})
	return 0
}
