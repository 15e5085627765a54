package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func (a answer) document(t *testing.T) *goquery.Document {
	t.Helper()
	document, err := goquery.NewDocumentFromReader(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestActionPage(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	ask := func(n, returnURL string) (id, path string) {
		body := chargeBody("att_"+n, "pay_"+n, "tok_action_required")
		body["return_url"], body["description"] = returnURL, "<b>Order 7</b>"
		a := b.post("/v1/charges", "k"+n, body).want(t, 200)
		url := a.text("next_action", "url")
		if !strings.HasPrefix(url, b.url) {
			t.Fatalf("url = %q", url)
		}
		return a.text("id"), strings.TrimPrefix(url, b.url)
	}
	press := func(path, result string) answer {
		document := b.get(path).want(t, 200).document(t)
		if document.Find(`button[name=result][value=`+result+`]`).Length() != 1 {
			t.Fatalf("no button for %s", result)
		}
		action, _ := document.Find("form").Attr("action")
		return b.form(action, "", "result", result)
	}

	t.Run("confirmed, and back to the shop", func(t *testing.T) {
		_, path := ask("1", "https://shop.example/thanks?order=7")
		a := press(path, "succeeded").want(t, http.StatusSeeOther)
		if got := a.header.Get("Location"); got != "https://shop.example/thanks?order=7" {
			t.Errorf("Location = %q", got)
		}
		if got := b.charges("pay_1"); got != 1 {
			t.Errorf("ledger has %d charges, want 1", got)
		}
		if b.get(path).want(t, 200).document(t).Find("form").Length() != 0 {
			t.Error("the page still asks")
		}
	})
	t.Run("refused", func(t *testing.T) {
		id, path := ask("2", "")
		press(path, "failed").want(t, http.StatusSeeOther)
		if got := b.get("/v1/charges/"+id).text("failure", "code"); got != "authentication_failed" {
			t.Errorf("code = %q", got)
		}
		if got := b.charges("pay_2"); got != 0 {
			t.Errorf("ledger has %d charges, want none", got)
		}
		b.post("/v1/charges/"+id+"/complete", "", map[string]string{"result": "succeeded"}).want(t, 409)
	})
	b.get("/v1/charges/chg_none/action").want(t, 404)
	b.post("/v1/charges/chg_none/complete", "", map[string]string{"result": "maybe"}).want(t, 400)
}

func TestLedgerPage(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.post("/v1/charges", "k1", chargeBody("att_1", "pay_<b>1", "tok_success")).want(t, 200)
	b.post("/v1/charges", "k2", chargeBody("att_2", "pay_2", "tok_lost_card")).want(t, 402)

	page := b.get("/ledger").want(t, 200).document(t)
	if got := page.Find("table").First().Find("tbody tr").Length(); got != 1 {
		t.Errorf("%d rows, want 1", got)
	}
	if got := page.Find("code").Length(); got != len(Outcomes()) {
		t.Errorf("%d tokens are explained, want %d", got, len(Outcomes()))
	}
	var ledger Ledger
	if err := json.Unmarshal([]byte(b.get("/ledger.json").want(t, 200).body), &ledger); err != nil {
		t.Fatal(err)
	}
	if ledger.Payments["pay_<b>1"].Count != 1 || ledger.Totals["EUR"] != 1250 {
		t.Errorf("ledger = %+v", ledger)
	}
	b.get("/ledger?payment_reference=pay_2").want(t, 200)

	charge := ledger.Charges[0].Charge
	b.post("/v1/refunds", "k3", map[string]any{"charge": charge, "amount": 300, "reference": "ref_1"}).want(t, 200)
	b.post("/disputes", "", map[string]string{"charge": charge, "status": "needs_response", "reason": "fraudulent"}).want(t, 200)
	held := chargeBody("att_3", "pay_3", "tok_success")
	held["capture"] = false
	id := b.post("/v1/charges", "k4", held).want(t, 200).text("id")
	b.post("/v1/charges/"+id+"/void", "k5", map[string]string{"reference": "att_4"}).want(t, 200)
	page = b.get("/ledger").want(t, 200).document(t)
	for selector, want := range map[string]string{
		"#refunds tbody tr": "ref_1", "#disputes tbody tr": "taken back", "table tbody tr:nth-child(1)": "voided",
		"table tbody tr:nth-child(2)": "disputed: needs_response",
	} {
		if got := page.Find(selector).First().Text(); !strings.Contains(got, want) {
			t.Errorf("%s = %q, want %q in it", selector, got, want)
		}
	}
	ledger = b.Ledger("")
	if r := ledger.Refunds; len(r) != 1 || r[0].Amount != 300 || r[0].Reference != "ref_1" || r[0].PaymentReference != "pay_<b>1" {
		t.Errorf("refunds = %+v", r)
	}
	if d := ledger.Disputes; len(d) != 1 || d[0].Amount != 950 || !d[0].TookMoney {
		t.Errorf("disputes = %+v", d)
	}
	if c := ledger.Charges[1]; !c.Voided || c.ModifiedBy != "att_4" {
		t.Errorf("charge = %+v", c)
	}
	b.get("/health").want(t, 200)
	b.get("/").want(t, http.StatusFound)
	if got := len(b.get("/outcomes.json").want(t, 200).json["data"].([]any)); got != len(Outcomes()) {
		t.Errorf("%d outcomes", got)
	}
}
