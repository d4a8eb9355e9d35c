package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// browser is a Chromium without a window.
type browser struct {
	t       testing.TB
	program string
	dir     string
}

// newBrowser skips the test where there is no browser.
func newBrowser(t testing.TB) *browser {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return &browser{t, path, t.TempDir()}
		}
	}
	t.Skip("no chromium; .ci/deps chromium installs it")
	return nil
}

// open loads a file. The name of every host leads nowhere, so that a page that
// wants anything from a network does not get it.
func (b *browser) open(path string, width, height int, flags ...string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 2*time.Minute)
	defer cancel()
	args := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=" + filepath.Join(b.dir, "profile"),
		"--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking", "--disable-component-update", "--no-first-run",
		fmt.Sprintf("--window-size=%d,%d", width, height),
	}, flags...)
	out, err := exec.CommandContext(ctx, b.program, append(args, "file://"+path)...).Output()
	if err != nil {
		b.t.Fatalf("%s %s: %v", b.program, path, err)
	}
	return string(out)
}

// layoutOf is how a page is laid out at a width.
type layoutOf struct {
	Text     string   `json:"text"` // what a reader sees
	Height   int      `json:"height"`
	Wide     int      `json:"wide"`    // the width that the page would need
	Clipped  []string `json:"clipped"` // elements that stick out
	Charts   int      `json:"charts"`  // that are shown
	Page     string   `json:"page"`    // colours
	Color    string   `json:"color"`
	FontSize float64  `json:"font_size"` // the smallest of any text in a chart, as shown
	// Curve are places on the first curve, in pixels of the page.
	Curve []struct{ X, Y float64 } `json:"curve"`
}

// measuring is the page around the page: it measures what is inside of it.
const measuring = `<!doctype html><meta charset="utf-8"><style>body{margin:0}iframe{border:0;display:block}</style>
<iframe id="f" width="%d" height="8000" srcdoc="%s"></iframe><pre id="result"></pre><script>
document.getElementById('f').onload = function () {
  const d = this.contentDocument, w = this.contentWindow, width = %d;
  const out = {height: Math.ceil(d.querySelector('main').getBoundingClientRect().bottom), wide: d.documentElement.scrollWidth, clipped: [], charts: 0, curve: [], font_size: 99, text: d.body.innerText.replace(/\s+/g, ' ')};
  out.page = w.getComputedStyle(d.body).backgroundColor;
  for (const e of d.querySelectorAll('main *')) {
    const r = e.getBoundingClientRect();
    if (r.width === 0 && r.height === 0 || e.closest('defs')) continue;
    if (r.left < -0.5 || r.right > width + 0.5) out.clipped.push(e.tagName + '.' + (e.getAttribute('class') || '') + ' ' + (e.textContent || '').slice(0, 40));
  }
  for (const svg of d.querySelectorAll('svg.chart')) {
    const box = svg.getBoundingClientRect();
    if (box.width === 0) continue;
    out.charts++;
    for (const t of svg.querySelectorAll('text')) {
      const r = t.getBoundingClientRect();
      out.font_size = Math.min(out.font_size, parseFloat(w.getComputedStyle(t).fontSize) * box.width / svg.viewBox.baseVal.width);
      if (r.left < box.left - 12 || r.right > box.right + 12 || r.top < box.top - 2 || r.bottom > box.bottom + 2) out.clipped.push('label ' + t.textContent);
    }
    if (out.charts > 1) continue;
    const line = svg.querySelector('path.line.s1'), m = line.getScreenCTM();
    out.color = w.getComputedStyle(line).stroke;
    for (let i = 1; i < 20; i++) {
      const p = line.getPointAtLength(line.getTotalLength() * i / 20).matrixTransform(m);
      out.curve.push({X: p.x, Y: p.y});
    }
  }
  document.getElementById('result').textContent = JSON.stringify(out);
};
</script>`

// measure lays a page out at a width.
func (b *browser) measure(path string, width int) layoutOf {
	b.t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	around := filepath.Join(b.dir, "measure.html")
	if err := os.WriteFile(around, fmt.Appendf(nil, measuring, width, html.EscapeString(string(page)), width), 0o600); err != nil {
		b.t.Fatal(err)
	}
	dom := b.open(around, 1600, 9000, "--dump-dom", "--virtual-time-budget=5000")
	var l layoutOf
	found := regexp.MustCompile(`(?s)<pre id="result">(.*?)</pre>`).FindStringSubmatch(dom)
	if found == nil || json.Unmarshal([]byte(html.UnescapeString(found[1])), &l) != nil {
		b.t.Fatalf("no measures of the page at width %d: %.500s", width, found)
	}
	return l
}

// screenshot takes a picture of a page.
func (b *browser) screenshot(path string, width, height int, flags ...string) image.Image {
	b.t.Helper()
	picture := filepath.Join(b.dir, fmt.Sprintf("%d.png", width))
	b.open(path, width, height, append(flags, "--screenshot="+picture)...)
	f, err := os.Open(picture)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		b.t.Fatal(err)
	}
	return img
}

// rgb reads "rgb(1, 2, 3)".
func rgb(t testing.TB, text string) color.RGBA {
	t.Helper()
	c := color.RGBA{A: 255}
	if _, err := fmt.Sscanf(text, "rgb(%d, %d, %d)", &c.R, &c.G, &c.B); err != nil {
		t.Fatalf("colour %q: %v", text, err)
	}
	return c
}

// near reports whether a picture has about that colour within two pixels of a
// place.
func near(img image.Image, x, y float64, want color.RGBA) bool {
	for dx := -2; dx <= 2; dx++ {
		for dy := -2; dy <= 2; dy++ {
			if alike(img.At(int(x)+dx, int(y)+dy), want) {
				return true
			}
		}
	}
	return false
}

func alike(c color.Color, want color.RGBA) bool {
	r, g, b, _ := c.RGBA()
	off := func(have uint32, want uint8) bool { return max(have>>8, uint32(want))-min(have>>8, uint32(want)) > 24 }
	return !off(r, want.R) && !off(g, want.G) && !off(b, want.B)
}
