package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var compared struct {
	sync.Once

	account, payment string
	page             string
}

// settlementFile brings a provider's file about a payment, which differs in
// three ways, and returns its page.
func settlementFile(t *testing.T) string {
	t.Helper()
	compared.Do(func() {
		b := newTab(t)
		b.signIn("support")
		b.visit("/reconciliation/new") // the demo's own files are of the first accounts
		compared.account = eval[string](b, `[...document.querySelectorAll("select[name=account] option")].find(o => o.text === "Kopi Corner · Backup acquirer").value`)
		compared.payment = payOrder(t, "SETTLED-1", "tok_success", "automatic", compared.account)
		await(t, "/payments/"+compared.payment, "paid")
		compared.page = b.bring(compared.account, "november.csv",
			"charge,"+compared.payment+",,133.22", "charge,"+compared.payment+",,133.22", "charge,,ch_stranger,1.00", "refund,,=re_stranger,-1.00",
			"payout,,po_1,-265.00", "charge,,ch_broken,1.001")
		b.quiet("the form of a settlement file")
	})
	return compared.page
}

// bring fills the form of a settlement file and returns the page that it leads to.
func (b *tab) bring(account, name string, lines ...string) string {
	b.t.Helper()
	text := "type,reference,provider_reference,amount,currency,occurred_at\n"
	for _, line := range lines {
		text += line + ",MYR," + time.Now().UTC().Format(time.RFC3339) + "\n"
	}
	file := filepath.Join(b.t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.visit("/reconciliation")
	b.do(chromedp.Click(`a[href="/reconciliation/new"]`), chromedp.WaitVisible(`input[type=file]`),
		chromedp.SetValue(`select[name=account]`, account), chromedp.SetValue(`select[name=format]`, "csv"),
		chromedp.SetUploadFiles(`input[type=file]`, []string{file}), chromedp.Submit(`form[enctype]`))
	b.until(`location.pathname.startsWith("/reconciliation/stl_") || document.querySelector(".field-error") !== null`)
	page := eval[string](b, `location.pathname`)
	if !strings.HasPrefix(page, "/reconciliation/") {
		b.t.Fatalf("the form answers %q", eval[string](b, `document.querySelector(".field-error").textContent`))
	}
	return page
}

// TestSettlementFileIsCompared brings a file; others see it come, what differs
// can be filtered, and leads to the payment.
func TestSettlementFileIsCompared(t *testing.T) {
	page := settlementFile(t)
	merchant, support := newTab(t), newTab(t)
	merchant.signIn("merchant")
	merchant.visit("/reconciliation")
	merchant.until(`document.querySelector("[data-state=live]") !== null`)
	if n := eval[int](merchant, `document.querySelectorAll('a[href="/reconciliation/new"]').length`); n > 0 {
		t.Error("a merchant is offered to bring a file")
	}
	support.signIn("support")
	second := support.bring(compared.account, "december.csv", "payout,,po_2,-1.00")
	merchant.until(`document.querySelector('#settlement-table a[href=` + quote(second) + `]') !== null`)
	support.visit(page)
	rows := `document.querySelectorAll("#difference-table tbody tr").length`
	if n := eval[int](support, rows); n != 3 {
		t.Errorf("%d differences", n)
	}
	support.do(chromedp.Click(`#difference-tabs a[href*="duplicate"]`))
	support.until(rows + ` === 1`)
	support.picture("reconciliation-duplicate")
	text := eval[string](support, `fetch(document.querySelector('#difference-table a[href*="/export"]').href).then(r => r.text())`)
	if lines := strings.Split(strings.TrimSpace(text), "\n"); len(lines) != 2 || !strings.Contains(lines[1], "duplicate,charge,,"+compared.payment) {
		t.Errorf("the export is %s", text)
	}
	support.do(chromedp.Click(fmt.Sprintf(`#difference-table a[href="/payments/%s"]`, compared.payment)))
	support.until(`document.querySelector("#payment-deeds") !== null`)
	merchant.quiet("the merchant's list")
	support.quiet("the differences")
}
