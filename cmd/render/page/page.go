// Package page writes a report as one HTML page that needs nothing else: styles
// and curves are in it, there is no script, and its policy forbids to load
// anything. It is a pure function of the report.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"time"

	"ebb/burndown"
)

// Mark is in the head of every page, to know one's own.
const Mark = `<meta name="generator" content="ebb report">`

//go:embed page.html chart.html style.css
var files embed.FS

var (
	style     = readStyle()
	templates = template.Must(template.New("page.html").Funcs(template.FuncMap{"series": seriesClass}).ParseFS(files, "page.html", "chart.html"))
)

func readStyle() string {
	data, err := files.ReadFile("style.css")
	if err != nil {
		panic(err) // it is embedded
	}
	return string(data)
}

// styleHash allows this style, and no other, in the page's policy.
func styleHash() string {
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Options are what a page needs besides the report.
type Options struct {
	// Location is the zone of all times.
	Location *time.Location
	Version  string // of ebb
}

// Write writes the page.
func Write(w io.Writer, r *burndown.Report, o Options) error {
	view := newView(r, o)
	view.Style, view.StyleHash = template.CSS(style), styleHash() //nolint:gosec // our own file
	if err := templates.ExecuteTemplate(w, "page.html", view); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// colors is the number of colours of series in the style; further series take
// them again, dashed.
const colors = 8

// seriesClass are the classes of the n-th series.
func seriesClass(n int) string {
	class := fmt.Sprintf("s%d", n%colors+1)
	if dash := n / colors; dash > 0 {
		class += fmt.Sprintf(" dash%d", (dash-1)%3+1)
	}
	return class
}
