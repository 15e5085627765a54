package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
)

// The failed payments at the desk: those that are tried again fill one page of
// it, and the bank refuses a few of them once more.
const (
	bulkOthers  = 150
	bulkChosen  = 50
	bulkRefused = 5
)

// ownDemo has the rest of the test look at a demo of its own, with a colleague
// of the support agent, and starts it.
func ownDemo(t *testing.T) {
	t.Helper()
	folder := t.TempDir()
	d, err := startDemo("--keep", folder)
	if err != nil {
		t.Fatal(err)
	}
	first := shared
	shared = d
	t.Cleanup(func() {
		shared = first
		if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := d.cmd.Wait(); err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	})
	colleague := d.Logins[0]
	colleague.Role, colleague.Email = "colleague", "colleague@demo.tillpost.dev"
	create := exec.CommandContext(t.Context(), binary, "user", "create", "--email", colleague.Email, "--role", "support", "--password-stdin")
	create.Env = append(create.Environ(), "TILLPOST_DATA="+folder)
	create.Stdin = strings.NewReader(colleague.Password + "\n")
	if out, err := create.CombinedOutput(); err != nil {
		t.Fatalf("create the colleague: %v: %s", err, out)
	}
	d.Logins = append(d.Logins, colleague)
}

// failedPayments makes what waits at the desk, and returns those that can be
// tried again, oldest first.
func failedPayments(t *testing.T) []string {
	t.Helper()
	others := []string{"tok_declined_later", "tok_declined_generic", "tok_declined_never"}
	for i := range bulkOthers {
		payOrder(t, fmt.Sprintf("OTHER-%03d", i), fmt.Sprintf("%s.%d", others[i%len(others)], i), "automatic", "")
	}
	chosen := make([]string, bulkChosen)
	for i := range chosen {
		token := "tok_recovers"
		if i%(bulkChosen/bulkRefused) == 1 {
			token = "tok_insufficient_funds"
		}
		chosen[i] = payOrder(t, fmt.Sprintf("AGAIN-%03d", i), fmt.Sprintf("%s.%d", token, bulkOthers+i), "automatic", "")
	}
	for _, id := range chosen {
		await(t, "/payments/"+id, "failed")
	}
	return chosen
}

// ledger is what the bank really took, of which the page of a payment that asks
// its customer tells where it is.
func ledger(t *testing.T) (doubles []string, charges map[string]int) {
	t.Helper()
	at, err := url.Parse(awaitAction(t, pay(t, "tok_action_required")))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get("http://" + at.Host + "/ledger.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var all struct {
		Doubles  []string                       `json:"doubles"`
		Payments map[string]struct{ Count int } `json:"payments"`
	}
	if err := json.NewDecoder(response.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	charges = map[string]int{}
	for id, p := range all.Payments {
		charges[id] = p.Count
	}
	return all.Doubles, charges
}

// bulkRetry tries a payment again as a bulk retry, and returns its id.
func (b *tab) bulkRetry() string {
	b.t.Helper()
	id := pay(b.t, "tok_recovers")
	await(b.t, "/payments/"+id, "failed")
	b.visit("/bulk/new?payment=" + id)
	b.startBulk("60")
	return eval[string](b, `location.pathname.split("/").pop()`)
}

// startBulk starts what the dry run shows.
func (b *tab) startBulk(perMinute string) {
	b.t.Helper()
	b.do(chromedp.SendKeys(`[name=reason]`, "the bank is back"), chromedp.SetValue(`[name=per_minute]`, perMinute),
		chromedp.Click(`#bulk-form button[type=submit]`))
	b.until(`/^\/bulk\/blk_/.test(location.pathname)`)
}

// follow notes every value that the progress shows, as long as the page is not
// loaded anew.
func (b *tab) follow() {
	b.t.Helper()
	b.until(`document.querySelector("[data-state=live]") !== null`)
	b.do(chromedp.Evaluate(`(() => {
		window.steps = [];
		const look = () => {
			const value = document.querySelector("#bulk-state progress").value;
			if (window.steps.at(-1) !== value) window.steps.push(value);
		};
		look();
		new MutationObserver(look).observe(document.querySelector("main"), {subtree: true, childList: true, attributes: true});
	})()`, nil))
}

const (
	bulkBadge = `document.querySelector("#bulk-state .badge").textContent.trim()`
	bulkDone  = `document.querySelector("#bulk-state progress").value`
)

// TestBulkRetryByTwoAgents tries fifty of two hundred failed payments again,
// while another agent watches, claims one of them and tries others.
func TestBulkRetryByTwoAgents(t *testing.T) {
	ownDemo(t)
	ids := failedPayments(t)
	first, second := newTab(t), newTab(t)
	first.signIn("support")
	second.signIn("colleague")

	first.visit("/bulk/new?kind=failed")
	if n := eval[int](first, `document.querySelectorAll("#bulk-verdicts tbody tr").length`); n < bulkOthers+bulkChosen {
		t.Errorf("the dry run of all failed payments has %d rows", n)
	}
	if n := eval[int](first, `[...document.querySelectorAll("#bulk-verdicts tbody tr")].filter(r => r.textContent.includes("Left out")).length`); n < bulkOthers/3 {
		t.Errorf("only %d payments are left out", n)
	}
	first.visit("/desk?kind=failed&q=AGAIN")
	first.until(`document.querySelectorAll("[data-select]").length === 50 && document.querySelector("[data-state=live]") !== null`)
	first.do(chromedp.Click(`[data-select-all]`))
	first.picture("bulk-chosen")
	first.do(chromedp.Click(`#desk-chosen button[value=retry]`))
	first.until(`location.pathname === "/bulk/new" && document.querySelectorAll("#bulk-verdicts tbody tr").length === 50`)
	if text := eval[string](first, `document.querySelector("[data-testid=bulk-sums]").textContent`); !strings.Contains(text, "6,661.00") {
		t.Errorf("the dry run says %q", text)
	}
	first.accessible("dry run")
	first.picture("bulk-plan")
	first.startBulk("600")
	page := eval[string](first, `location.pathname`)
	first.follow()
	second.visit(page)
	second.follow()
	for _, b := range []*tab{first, second} {
		b.until(bulkDone + ` >= 8`)
	}

	first.do(chromedp.Click(`#bulk-state form[action$="/pause"] button`))
	for _, b := range []*tab{first, second} {
		b.until(bulkBadge + ` === "Paused" && document.querySelector('#bulk-state form[action$="/resume"]') !== null`)
	}
	done := eval[int](first, bulkDone)
	first.picture("bulk-paused")
	seen := eval[[]int](second, `window.steps`)
	claimed, waiting := ids[0], ids[2] // the oldest, whose turn comes last
	second.visit("/desk?kind=failed&q=AGAIN-000")
	second.do(chromedp.Click(`#` + claimed + ` form[action$="/claim"] button`))
	second.until(`document.querySelector('#` + claimed + ` form[action$="/release"]') !== null`)
	second.visit("/bulk/new?payment=" + waiting)
	if text := eval[string](second, `document.querySelector("#`+waiting+`").textContent`); !strings.Contains(text, "waits in a bulk retry already") {
		t.Errorf("the colleague is told %q", text)
	}
	if eval[bool](second, `document.querySelector("[name=reason]") !== null`) {
		t.Error("the colleague can try what waits in a bulk retry")
	}
	second.visit(page)
	second.follow()
	if n := eval[int](second, bulkDone); n != done || done >= bulkChosen {
		t.Errorf("%d payments had their turn when it was paused, and %d a while later", done, n)
	}

	second.do(chromedp.Click(`#bulk-state form[action$="/resume"] button`))
	for _, b := range []*tab{first, second} {
		b.until(bulkBadge + ` === "Finished" && document.querySelector("[data-testid=bulk-ends]").textContent.trim() === "Paid: 44 · Failed: 5"`)
		if text := eval[string](b, `document.querySelector("[data-testid=bulk-retried]").textContent + "/" + document.querySelector("[data-testid=bulk-refused]").textContent`); text != "49/1" {
			t.Errorf("tried again/left out: %s", text)
		}
		if text := eval[string](b, `document.querySelector("#`+claimed+`").textContent`); !strings.Contains(text, "Somebody else is working on") {
			t.Errorf("the claimed payment: %q", text)
		}
	}
	for _, steps := range [][]int{eval[[]int](first, `window.steps`), append(seen, eval[[]int](second, `window.steps`)...)} {
		if !slices.IsSorted(steps) || len(steps) < 5 || steps[len(steps)-1] != bulkChosen {
			t.Errorf("the progress that was seen: %v", steps)
		}
	}
	first.accessible("bulk retry")
	first.picture("bulk-finished")
	second.visit("/bulk")
	second.until(`document.querySelector('#bulk-table a[href="` + page + `"]')?.textContent === "the bank is back"`)
	first.quiet("the agent")
	second.quiet("the colleague")

	doubles, charges := ledger(t)
	if len(doubles) > 0 {
		t.Errorf("charged twice: %v", doubles)
	}
	for i, id := range ids {
		attempts, charged := 2, 1
		switch {
		case id == claimed:
			attempts, charged = 1, 0
		case i%(bulkChosen/bulkRefused) == 1:
			charged = 0
		}
		if made := get(t, "/payments/"+id)["attempts"].([]any); len(made) != attempts || charges[id] != charged {
			t.Errorf("payment %d has %d attempts and %d charges, want %d and %d", i, len(made), charges[id], attempts, charged)
		}
	}
}
