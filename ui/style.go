package ui

// Style is how a piece of text is shown. The caller decides what a style means;
// the colours are those that tiup uses for the same states, so that operators
// read them without learning anything.
type Style int

// The styles. Plain changes nothing.
const (
	Plain       Style = iota
	BrightGreen       // tiup: the PD leader, "Up|L"
	Green             // tiup: Up
	Yellow            // tiup: Tombstone, Disconnected, Offline, N/A
	Red               // tiup: Down, ERR, inactive
	Cyan              // hints and names of commands
	Bold
	Faint
)

const resetStyle = "\x1b[0m"

func (s Style) apply(text string) string {
	code := ""
	switch s {
	case BrightGreen:
		code = "92"
	case Green:
		code = "32"
	case Yellow:
		code = "33"
	case Red:
		code = "31"
	case Cyan:
		code = "36"
	case Bold:
		code = "1"
	case Faint:
		code = "2"
	}
	if code == "" || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + resetStyle
}
