package e2e

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed axe.min.js
var axe string

// browserLimit bounds one test's time in the browser, stepLimit that of what
// do is given: a test that waits in vain leaves the others theirs.
const (
	browserLimit = 12 * time.Minute
	stepLimit    = 2 * time.Minute
)

// tab is a browser of its own, with what its console said.
type tab struct {
	context.Context

	t    *testing.T
	mu   sync.Mutex
	said []string
}

// newTab opens a browser without a session.
func newTab(t *testing.T) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 860),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	if path := os.Getenv("TILLPOST_TEST_CHROMIUM"); path != "" {
		options = append(options, chromedp.ExecPath(path))
	}
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	ctx, cancelLimit := context.WithTimeout(ctx, browserLimit)
	t.Cleanup(func() { cancelLimit(); cancel(); cancelAllocator() })
	b := &tab{Context: ctx, t: t}
	chromedp.ListenTarget(ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.said = append(b.said, e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			if e.Entry.Level == log.LevelError && !strings.Contains(e.Entry.Text, "Failed to load resource") {
				b.said = append(b.said, e.Entry.Text)
			}
		}
	})
	// The context of the first run is the browser's: it must outlive a step.
	if err := chromedp.Run(b, log.Enable()); err != nil {
		t.Fatalf("browser: %v", err)
	}
	return b
}

// do runs actions and fails the test when one does.
func (b *tab) do(actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b, stepLimit)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

// visit opens a page of the demo.
func (b *tab) visit(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(shared.URL+path), chromedp.WaitReady("body"))
}

// signIn signs in with the login of a role.
func (b *tab) signIn(role string) {
	b.t.Helper()
	for _, login := range shared.Logins {
		if login.Role == role {
			b.visit("/login")
			b.do(chromedp.SendKeys(`input[name=email]`, login.Email), chromedp.SendKeys(`input[name=password]`, login.Password),
				chromedp.Submit(`form[action^="/login"]`), chromedp.WaitVisible(`#dashboard-now`))
			b.loaded()
			return
		}
	}
	b.t.Fatalf("the demo has no login for %s", role)
}

// eval evaluates a script into a value.
func eval[T any](b *tab, script string) T {
	b.t.Helper()
	var value T
	b.do(chromedp.Evaluate(script, &value, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
		return p.WithAwaitPromise(true)
	}))
	return value
}

// until waits for a script to become true, over loads of other pages too.
func (b *tab) until(script string) {
	b.t.Helper()
	const limit, pause = 20 * time.Second, 50 * time.Millisecond
	var (
		done bool
		err  error
	)
	for start := time.Now(); time.Since(start) < limit; time.Sleep(pause) {
		// While a page is being replaced there is nothing to evaluate in.
		if err = chromedp.Run(b, chromedp.Evaluate("Boolean("+script+")", &done)); err == nil && done {
			return
		}
	}
	b.t.Fatalf("never true: %s (%v)", script, err)
}

// loaded waits for the page's own scripts: keys before them go nowhere.
func (b *tab) loaded() {
	b.t.Helper()
	b.until(`document.readyState === "complete"`)
}

// violation is one finding of axe.
type violation struct {
	ID    string   `json:"id"`
	Nodes []string `json:"nodes"`
}

// What axe looks for: all of WCAG 2.2 AA, or only what depends on colours, or on
// the room there is and on what is hidden for want of it.
const (
	allRules    = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]`
	colourRules = `{type: "rule", values: ["color-contrast", "link-in-text-block"]}`
	phoneRules  = `{type: "rule", values: ["target-size", "color-contrast", "link-in-text-block", "scrollable-region-focusable",
		"aria-hidden-focus", "button-name", "link-name", "label", "nested-interactive"]}`
)

// accessible fails the test when axe finds anything against WCAG 2.2 AA.
func (b *tab) accessible(what string) {
	b.t.Helper()
	b.obeys(what, allRules)
}

// obeys fails the test when axe finds anything against the rules.
func (b *tab) obeys(what, rules string) {
	b.t.Helper()
	if eval[bool](b, `typeof axe === "undefined"`) {
		b.do(chromedp.Evaluate(axe+";0", nil))
	}
	// What fades in has another contrast on the way.
	b.do(chromedp.Poll(`document.getAnimations().every(a => a.playState !== "running" || a.effect.getTiming().iterations === Infinity)`, nil))
	found := eval[[]violation](b, `axe.run(document, {resultTypes: ["violations"], runOnly: `+rules+`})
		.then(r => r.violations.map(v => ({id: v.id, nodes: v.nodes.map(n => n.target.join(" ") + ": " + n.failureSummary)})))`)
	for _, v := range found {
		b.t.Errorf("%s: axe %s at %s", what, v.ID, strings.Join(v.Nodes, "; "))
	}
}

// quiet fails the test when the console had something to say.
func (b *tab) quiet(what string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.said {
		b.t.Errorf("%s: the console says: %s", what, text)
	}
	b.said = nil
}

// picture keeps a screenshot where TILLPOST_SHOTS says, if it does.
func (b *tab) picture(name string) {
	b.t.Helper()
	folder := os.Getenv("TILLPOST_SHOTS")
	if folder == "" {
		return
	}
	var shot []byte
	b.do(chromedp.CaptureScreenshot(&shot))
	if err := os.WriteFile(filepath.Join(folder, name+".png"), shot, 0o600); err != nil {
		b.t.Error(err)
	}
}

func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(quoted)
}
