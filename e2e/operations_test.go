package e2e

import (
	"context"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/tillpost/tillpost/models"
)

var broken struct {
	sync.Mutex

	job string
}

// brokenJob adds a job to the demo that was given up, once, and returns its id.
func brokenJob(t *testing.T) string {
	t.Helper()
	broken.Lock()
	defer broken.Unlock()
	if broken.job == "" {
		broken.job = addBrokenJob(t)
	}
	return broken.job
}

func addBrokenJob(t *testing.T) string {
	t.Helper()
	ctx := context.Background()
	db, err := models.Open(ctx, "sqlite://"+filepath.Join(kept, "tillpost.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// Its time has not come, so that the demo's workers leave it alone.
	err = db.Write(ctx, func(tx *models.Tx) error {
		tx.EnqueueAt(models.FollowArgs{AccountID: models.NewID(models.PrefixCarrierAccount)}, tx.Now().AddDate(0, 0, 1))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var id int64
	if err := db.SQL().QueryRowContext(ctx, "SELECT MAX(id) FROM river_job WHERE kind = 'carrier.follow' AND state = 'scheduled'").Scan(&id); err != nil {
		t.Fatal(err)
	}
	_, err = db.SQL().ExecContext(ctx, `UPDATE river_job SET state = 'discarded', attempt = 25, finalized_at = datetime('now', 'subsec'), errors =
		jsonb('[{"at":"2026-03-01T12:05:00Z","attempt":25,"error":"follow account: dial tcp 192.0.2.1:443: connection refused","trace":""}]') WHERE id = ?`, id)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.FormatInt(id, 10)
}

// An administrator sees how the program fares, pauses and resumes a queue, and
// takes a failed job off the list; the page renews itself.
func TestOperations(t *testing.T) {
	job := addBrokenJob(t)
	b := newTab(t)
	b.signIn("admin")
	look := func(scheme string) {
		b.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}))
	}
	b.visit("/operations")
	b.until(`document.querySelector("#operations-nodes tbody tr") !== null && document.querySelector("#operations-periodic tbody tr") !== null || (location.reload(), false)`)
	for name, scheme := range map[string]string{"operations-light": "light", "operations-dark": "dark"} {
		look(scheme)
		b.accessible("/operations in " + scheme)
		b.picture(name)
		eval[bool](b, `document.querySelector("#operations-nodes").scrollIntoView(), true`)
		b.picture(name + "-below")
	}
	look("light")
	seen := eval[string](b, `document.querySelector("#operations-nodes tbody time").dateTime`)
	b.until(`document.querySelector("#operations-nodes tbody time").dateTime > ` + quote(seen)) // by itself
	act := func(button, dialog string) {
		t.Helper()
		b.do(chromedp.Click(button), chromedp.WaitVisible(`#dialog-body textarea[name=reason]`))
		b.accessible(dialog)
		b.picture("operations-" + dialog)
		b.do(chromedp.SendKeys(`#dialog-body textarea[name=reason]`, "Tried in the browser"), chromedp.Click(`#dialog-body form [type=submit]`))
	}
	act(`#queue-mail a[href$="/pause"]`, "pause")
	b.until(`document.querySelector('#queue-mail a[href$="/resume"]') !== null && !document.querySelector("dialog[open]")`)
	act(`#queue-mail a[href$="/resume"]`, "resume")
	b.until(`document.querySelector('#queue-mail a[href$="/pause"]') !== null && !document.querySelector("dialog[open]")`)
	b.visit("/operations/jobs/" + job)
	b.picture("operations-job")
	act(`a[href$="/jobs/`+job+`/delete"]`, "delete")
	b.until(`location.pathname === "/operations" && document.querySelector("#job-` + job + `") === null`)
	b.do(chromedp.EmulateViewport(390, 860))
	b.visit("/operations")
	b.accessible("/operations on a phone")
	b.picture("operations-phone")
	eval[bool](b, `document.querySelector("#operations-periodic").scrollIntoView(), true`)
	b.picture("operations-phone-below")
	if wide := eval[bool](b, `document.documentElement.scrollWidth > innerWidth`); wide {
		t.Error("on a phone the page is wider than the screen")
	}
	b.quiet("operations")
}
