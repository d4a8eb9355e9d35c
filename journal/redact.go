package journal

import (
	"net/url"
	"slices"
	"strings"
)

// secretFlags are flags whose value is never written down.
var secretFlags = []string{"--password", "--passphrase"}

// Redact returns a command line that is safe to keep: the values of secret
// flags and the passwords in URLs are replaced by "xxxxx".
func Redact(args []string) []string {
	const hidden = "xxxxx"
	out := slices.Clone(args)
	for i, arg := range out {
		flag, value, joined := strings.Cut(arg, "=")
		switch {
		case joined && slices.Contains(secretFlags, flag):
			out[i] = flag + "=" + hidden
		case i > 0 && slices.Contains(secretFlags, args[i-1]):
			out[i] = hidden
		case joined && strings.HasPrefix(flag, "-"):
			out[i] = flag + "=" + redactURLs(value)
		default:
			out[i] = redactURLs(arg)
		}
	}
	return out
}

// redactURLs hides the passwords in a comma list of URLs.
func redactURLs(text string) string {
	if !strings.Contains(text, "@") || !strings.Contains(text, "://") {
		return text
	}
	parts := strings.Split(text, ",")
	for i, part := range parts {
		if u, err := url.Parse(part); err == nil && u.User != nil {
			parts[i] = u.Redacted()
		}
	}
	return strings.Join(parts, ",")
}
