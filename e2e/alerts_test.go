package e2e

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/secret"
)

var wrongOnce sync.Once

// somethingWrong gives the first shop of the demo an incident and a channel,
// beside the running program.
func somethingWrong(t *testing.T) {
	t.Helper()
	wrongOnce.Do(func() {
		db, err := models.Open(t.Context(), "sqlite://"+filepath.Join(kept, "tillpost.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		m, err := db.Merchant(t.Context(), models.AllMerchants(), shared.APIKeys[0].Merchant)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Write(t.Context(), func(tx *models.Tx) error {
			_, err := tx.OpenIncident(&models.Incident{
				Key: "e2e", Kind: alerts.EndpointDisabled, Severity: models.SeverityWarning, Shared: true, MerchantID: &m.ID,
				Detail: map[string]string{"name": "shop.example"},
			})
			if err != nil {
				return err
			}
			return tx.CreateAlertChannel(models.AlertChannel{
				ID: models.NewID(models.PrefixAlertChannel), MerchantID: &m.ID, Kind: alerts.KindMail, Name: "Night shift", Enabled: true,
				Fields: map[string]string{"address": "night@shop.example"}, Sealed: map[string]string{}, Hints: map[string]models.SecretHint{},
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestIncident lets a rule find something, and deals with it as an administrator
// would: the bell rings without a reload, the dialogs work, and when the rule is
// content again the incident ends before one's eyes.
func TestIncident(t *testing.T) {
	b := newTab(t)
	b.signIn("admin")
	setDisk := func(share string) {
		t.Helper()
		b.visit("/alerts/rules")
		b.do(chromedp.Click(`#rule-disk_full .row-link`), chromedp.WaitVisible(`#dialog[open] input[name=share]`),
			chromedp.SetValue(`#dialog input[name=share]`, share), chromedp.Click(`#dialog button[type=submit]`))
		b.until(`document.querySelector("#dialog[open]") === null && document.querySelector("#rule-disk_full").textContent.includes("` + share + `%")`)
	}
	setDisk("90") // of any disk less is free
	b.visit("/incidents")
	b.until(`[...document.querySelectorAll("tr[data-row]")].some(r => r.textContent.includes("nearly full")) || (document.querySelector(".new-pill")?.click(), false)`)
	b.until(`document.querySelector("#incident-bell").getAttribute("aria-label").includes("open")`)
	b.do(chromedp.Evaluate(`[...document.querySelectorAll(".row-link")].find(a => a.textContent.includes("nearly full")).click()`, nil))
	b.until(`document.querySelector("#incident-detail") !== null`)
	b.accessible("incident")
	b.picture("incident-open")

	deed := func(path, reason, done string) {
		t.Helper()
		b.do(chromedp.Click(`#incident-detail a[href$="`+path+`"]`), chromedp.WaitVisible(`#dialog[open] input[name=reason]`))
		b.accessible(path)
		b.picture("incident" + strings.ReplaceAll(path, "/", "-"))
		b.do(chromedp.SetValue(`#dialog input[name=reason]`, reason), chromedp.Click(`#dialog button[type=submit]`))
		b.until(`document.querySelector("#dialog[open]") === null && document.querySelector("#incident-detail").textContent.includes(` + quote(done) + `)`)
	}
	deed("/acknowledge", "I make room", "I make room")
	deed("/silence", "It takes a day", "Silenced until")
	for _, look := range looks {
		b.look(look.width, look.scheme)
		b.fits("incident, "+look.name, look.rules)
		b.picture("incident-" + look.name)
	}
	b.do(chromedp.Submit(`#incident-detail form[action$="/unsilence"]`))
	b.until(`document.querySelector('#incident-detail form[action$="/unsilence"]') === null`)
	b.quiet("incident")
	setDisk("1")
}

// TestAddressIsConfirmed enters an address as a merchant, and agrees as its
// holder, who has no account.
func TestAddressIsConfirmed(t *testing.T) {
	merchant, holder := newTab(t), newTab(t)
	merchant.signIn("merchant")
	merchant.visit("/alerts/channels")
	merchant.do(chromedp.Click(`a[href$="kind=mail"]`), chromedp.WaitVisible(`#dialog[open] input[name=name]`))
	merchant.do(chromedp.SetValue(`#dialog input[name=name]`, "Boss"), chromedp.SetValue(`#dialog input[name=field_address]`, "the boss"),
		chromedp.Click(`#dialog button[type=submit]`), chromedp.WaitVisible(`#dialog .field-error`))
	merchant.picture("channel-refused")
	merchant.do(chromedp.SetValue(`#dialog input[name=field_address]`, "boss@example.com"),
		chromedp.Click(`#dialog button[type=submit]`), chromedp.WaitVisible(`[data-testid=unconfirmed]`))
	merchant.everyLook("channel unconfirmed")
	id := eval[string](merchant, `location.pathname.split("/").pop()`)
	keys, err := secret.ReadFile(filepath.Join(kept, "tillpost.key"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := credentials.New(keys).SealAgreement(id, "boss@example.com", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	holder.visit("/alerts/confirm/" + id + "/" + token)
	holder.everyLook("channel question")
	holder.do(chromedp.Submit(`[data-testid=agree]`), chromedp.WaitVisible(`[data-testid=agreed]`))
	holder.everyLook("channel agreed")
	holder.visit("/alerts/confirm/" + id + "/nonsense")
	holder.everyLook("channel question unknown")
	merchant.visit("/alerts/channels/" + id)
	if eval[bool](merchant, `document.querySelector("[data-testid=unconfirmed]") !== null`) {
		t.Error("agreed, and still not confirmed")
	}
}

// TestChannelAndMails tries a channel, and looks at the mails in their frames.
func TestChannelAndMails(t *testing.T) {
	b := newTab(t)
	b.signIn("admin")
	b.visit("/alerts/channels")
	b.do(chromedp.Click(`a[href$="kind=mail"]`), chromedp.WaitVisible(`#dialog[open] input[name=name]`))
	b.accessible("a new channel")
	b.do(chromedp.SetValue(`#dialog input[name=name]`, "Ops"), chromedp.SetValue(`#dialog input[name=field_address]`, "ops@example.com"),
		chromedp.Click(`#dialog button[type=submit]`))
	b.until(`document.querySelector("#channel-detail") !== null`)
	b.do(chromedp.Click(`#channel-detail form[action$="/test"] button`), chromedp.WaitVisible(`[data-testid=test-result]`))
	if text := eval[string](b, `document.querySelector("[data-testid=test-result]").textContent`); !strings.Contains(text, "no mail server") {
		t.Errorf("the test says %q", text)
	}
	b.accessible("a tested channel")
	b.picture("channel-tested")
	b.quiet("channel")

	b.visit("/mails?language=zh-Hans")
	b.do(chromedp.Evaluate(`document.querySelectorAll("iframe").forEach(f => f.loading = "eager")`, nil))
	b.picture("mails")
	b.quiet("mails")
}
