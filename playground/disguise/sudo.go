package disguise

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"ebb/playground/wire"
)

// sudoCommand is a command line of sudo.
type sudoCommand struct {
	never, stdin, validate bool
	prompt                 string
	env                    []string
	argv                   []string
}

// sudo runs a command as root by asking the first process of the host to. It
// knows the options that scripts use.
func sudo(args []string) int {
	s, err := parseSudo(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sudo: "+err.Error())
		return 1
	}
	if !s.authenticate() {
		return 1
	}
	if len(s.argv) == 0 {
		if s.validate {
			return 0
		}
		fmt.Fprintln(os.Stderr, "usage: sudo [-ABbEHnPS] [-p prompt] [VAR=value] [command [arg ...]]")
		return 1
	}
	return s.run()
}

func parseSudo(args []string) (sudoCommand, error) {
	s := sudoCommand{prompt: fmt.Sprintf("[sudo] password for %s: ", os.Getenv("USER"))}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		flag := args[0]
		args = args[1:]
		switch flag {
		case "--":
			s.argv = args
			return s, nil
		case "-n", "--non-interactive":
			s.never = true
		case "-S", "--stdin":
			s.stdin = true
		case "-v", "--validate":
			s.validate = true
		case "-H", "-E", "-k", "-b", "-P", "--set-home", "--preserve-env", "--reset-timestamp":
		case "-p", "-u", "-g", "--prompt", "--user", "--group":
			if len(args) == 0 {
				return s, fmt.Errorf("option requires an argument -- '%s'", strings.TrimLeft(flag, "-"))
			}
			if flag == "-p" || flag == "--prompt" {
				s.prompt = args[0]
			} else if args[0] != "root" {
				return s, fmt.Errorf("unknown user %s", args[0])
			}
			args = args[1:]
		default:
			return s, fmt.Errorf("unrecognized option '%s'", flag)
		}
	}
	for len(args) > 0 && strings.Contains(args[0], "=") {
		s.env = append(s.env, args[0])
		args = args[1:]
	}
	s.argv = args
	return s, nil
}

// attempts is how often sudo asks for a password.
const attempts = 3

// authenticate asks for the password, if the host wants one. Without one it reads
// nothing, so that with -S a password ends up in the command's input, as it does
// with the real one.
func (s *sudoCommand) authenticate() bool {
	want, err := os.ReadFile(os.Getenv(SudoVariable))
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "sudo: "+err.Error())
		return false
	case s.never:
		fmt.Fprintln(os.Stderr, "sudo: a password is required")
		return false
	case !s.stdin:
		fmt.Fprintln(os.Stderr, "sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper")
		fmt.Fprintln(os.Stderr, "sudo: a password is required")
		return false
	}
	for try := 1; try <= attempts; try++ {
		_, _ = io.WriteString(os.Stderr, s.prompt)
		line, err := readLine(os.Stdin)
		switch {
		case err != nil && line == "":
			fmt.Fprintln(os.Stderr, "\nsudo: no password was provided")
			if try == 1 {
				fmt.Fprintln(os.Stderr, "sudo: a password is required")
			} else {
				complain(try - 1)
			}
			return false
		case line == string(want):
			return true
		case try == attempts:
			fmt.Fprintln(os.Stderr)
			complain(try)
			return false
		}
		fmt.Fprintln(os.Stderr, "\nSorry, try again.")
	}
	return false
}

func complain(wrong int) {
	fmt.Fprintf(os.Stderr, "sudo: %d incorrect password attempt%s\n", wrong, strings.Repeat("s", min(wrong-1, 1)))
}

// readLine reads one line and nothing of what follows, which is the command's.
func readLine(r io.Reader) (string, error) {
	var line strings.Builder
	one := make([]byte, 1)
	for {
		n, err := r.Read(one)
		if n == 1 && one[0] == '\n' {
			return line.String(), nil
		}
		line.Write(one[:n])
		if err != nil {
			return line.String(), err
		}
	}
}

func (s *sudoCommand) run() int {
	conn, err := wire.Dial(wire.HostSocket(os.Getenv(HostVariable)))
	if err != nil {
		fmt.Fprintln(os.Stderr, "sudo: unable to run the command:", err)
		return 1
	}
	defer func() { _ = conn.Close() }()
	env := append([]string{
		"SUDO_USER=" + os.Getenv("USER"), "SUDO_UID=" + strconv.Itoa(os.Getuid()), "SUDO_GID=" + strconv.Itoa(os.Getgid()),
		"SUDO_COMMAND=" + strings.Join(s.argv, " "),
	}, s.env...)
	for _, kept := range []string{"LANG", "LC_ALL", "TERM"} {
		if value := os.Getenv(kept); value != "" {
			env = append(env, kept+"="+value)
		}
	}
	dir, err := os.Getwd()
	if err != nil {
		dir = "/"
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	request := wire.Request{Exec: &wire.Exec{Argv: s.argv, Env: env, Dir: dir, Root: true}}
	if err := wire.Send(conn, request, os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "sudo: unable to run the command:", err)
		return 1
	}
	go func() {
		encoder := json.NewEncoder(conn)
		for sig := range signals {
			if number, ok := sig.(syscall.Signal); ok && encoder.Encode(wire.Signal{Signal: number}) != nil {
				return
			}
		}
	}()
	var reply wire.Reply
	if err := json.NewDecoder(conn).Decode(&reply); err != nil {
		return 1
	}
	if reply.Error != "" {
		// sudo itself fails then, whatever a shell would say.
		fmt.Fprintln(os.Stderr, "sudo: "+reply.Error)
		return 1
	}
	return reply.Code
}
