package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

// deedForm is what staff fill in.
func deedForm(fields ...string) url.Values {
	form := url.Values{keyField: {newFormKey()}, "reason": {"the customer asked"}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return form
}

// authorized makes a payment whose amount is reserved.
func (s *shop) authorized(t *testing.T, number string) *models.Payment {
	t.Helper()
	p, a := modelstest.Payment(t, s.db, s.order(t, number), s.gateway.ID)
	moveAttempt(t, s.db, a.ID, models.AttemptSending, models.AttemptChange{})
	movePayment(t, s.db, p.ID, models.PaymentProcessing, models.PaymentChange{})
	moveAttempt(t, s.db, a.ID, models.AttemptAuthorized, models.AttemptChange{ProviderReference: "ch_" + p.ID})
	return movePayment(t, s.db, p.ID, models.PaymentAuthorized, models.PaymentChange{})
}

func (s *shop) reload(t *testing.T, p *models.Payment) *models.Payment {
	t.Helper()
	found, err := s.db.Payment(t.Context(), models.AllMerchants(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (s *shop) refunds(t *testing.T, p *models.Payment) []models.Refund {
	t.Helper()
	found, _, err := s.db.Refunds(t.Context(), models.AllMerchants(), p.ID, models.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestDeeds(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		support := s.signIn(t, models.RoleSupport, "")
		timeout := models.Failure{Code: "timeout"}
		for _, tt := range []struct {
			deed, says string // what its dialog explains
			payment    *models.Payment
			fields     []string
			want       models.PaymentStatus
			amount     string // in the audit log, minor units
		}{
			{"capture", "releases the rest", s.authorized(t, "A-1"), []string{"amount", "100.00"}, models.PaymentProcessing, "10000"},
			{"void", "Nothing is taken", s.authorized(t, "A-2"), nil, models.PaymentProcessing, "13322"},
			{"cancel", "without taking anything", s.payment(t, "A-3", models.PaymentPending, models.Failure{}), nil, models.PaymentCanceled, ""},
			{"refund", "The shop sees it", s.payment(t, "A-4", models.PaymentPaid, models.Failure{}), []string{"amount", "33.22"}, models.PaymentPaid, "3322"},
			{"confirm-paid", "was charged", s.payment(t, "A-5", models.PaymentNeedsReview, timeout), []string{"amount", "133.22"}, models.PaymentPaid, "13322"},
			{"confirm-not-paid", "charges twice", s.payment(t, "A-6", models.PaymentNeedsReview, timeout), nil, models.PaymentFailed, ""},
			{"keep-waiting", "asked again", s.payment(t, "A-7", models.PaymentNeedsReview, timeout), nil, models.PaymentUnknown, ""},
			{"note", "Shops do not", s.payment(t, "A-8", models.PaymentFailed, later), nil, models.PaymentFailed, ""},
		} {
			path := "/payments/" + tt.payment.ID + "/" + tt.deed
			offered := support.get("/payments/"+tt.payment.ID).want(t, http.StatusOK)
			if offered.Find(`a[href="`+path+`"][aria-haspopup=dialog]`).Length() != 1 {
				t.Errorf("%s is not offered", tt.deed)
			}
			dialog := support.get(path, htmx...).want(t, http.StatusOK)
			if text := dialog.Text(); !strings.Contains(text, tt.says) || !strings.Contains(text, "€133.22") || !strings.Contains(text, "Grace O'Neil") {
				t.Errorf("%s: the dialog says %q", tt.deed, text)
			}
			if dialog.Find(`[name=reason][required]`).Length() != 1 || dialog.Find("[name=amount]").Length() != len(tt.fields)/2 {
				t.Errorf("%s does not ask for what it needs", tt.deed)
			}
			support.post(path, deedForm(append(tt.fields, "reason", "")...), htmx...).want(t, http.StatusUnprocessableEntity)
			form := deedForm(tt.fields...)
			if done := support.post(path, form, htmx...).want(t, http.StatusOK); done.header.Get(hxTrigger) != closeDialog {
				t.Errorf("%s: the dialog stays open", tt.deed)
			}
			support.post(path, form, htmx...).want(t, http.StatusOK) // sent twice, done once
			if got := s.reload(t, tt.payment).Status; got != tt.want {
				t.Errorf("%s: the payment is %s, want %s", tt.deed, got, tt.want)
			}
			acts := s.acts(t, tt.payment.ID)
			if len(acts) != 1 || acts[0].Action != "payment."+strings.ReplaceAll(tt.deed, "-", "_") ||
				acts[0].Reason != "the customer asked" || acts[0].ActorName != support.user.Email || acts[0].Detail["amount"] != tt.amount {
				t.Errorf("%s: audit log = %+v", tt.deed, acts)
			}
			if text := support.get("/payments/" + tt.payment.ID).Find("#payment-timeline").Text(); !strings.Contains(text, "the customer asked") {
				t.Errorf("%s is not on the timeline: %s", tt.deed, text)
			}
		}
	})
}

func TestDeedsAreRefused(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		support, owner := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, s.merchant.ID)
		p := s.payment(t, "R-1", models.PaymentFailed, later)
		for _, d := range deeds {
			path := "/payments/" + p.ID + "/" + d.path()
			owner.post(path, deedForm("amount", "1.00")).want(t, http.StatusForbidden)
			switch d.name {
			case payments.DeedNote, payments.DeedClaim, payments.DeedRelease:
				continue // possible with any payment
			default:
			}
			shown := support.get(path, htmx...).want(t, http.StatusOK)
			why := strings.TrimSpace(shown.Find("[data-testid=refusal]").Text())
			if why == "" || shown.Find("form").Length() > 0 {
				t.Errorf("%s: the dialog offers what cannot be done", d.name)
			}
			sent := support.post(path, deedForm("amount", "1.00"), htmx...).want(t, http.StatusConflict)
			if got := strings.TrimSpace(sent.Find("[data-testid=refusal]").Text()); got != why {
				t.Errorf("%s: refused with %q, the dialog said %q", d.name, got, why)
			}
		}
		if acts := s.acts(t, p.ID); len(acts) > 0 {
			t.Errorf("audit log = %+v", acts)
		}
	})
}

func TestDeedAmounts(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	support := s.signIn(t, models.RoleSupport, "")
	p := s.payment(t, "P-1", models.PaymentPaid, models.Failure{})
	for _, amount := range []string{"", "0", "-1", "12.505", "1,00", "133.23", "1e2", "99999999999999999999"} {
		a := support.post("/payments/"+p.ID+"/refund", deedForm("amount", amount), htmx...)
		if a.status != http.StatusUnprocessableEntity && a.status != http.StatusConflict {
			t.Errorf("%q is answered with %d", amount, a.status)
		}
		if a.status == http.StatusUnprocessableEntity && a.Find("#field-amount-error").Text() == "" {
			t.Errorf("%q: the field does not say why", amount)
		}
	}
	if n := len(s.refunds(t, p)); n != 0 {
		t.Errorf("%d refunds", n)
	}
}

// Confirmed as it stands in the form, a capture of a part must not count as one
// of the whole: nobody has seen that much money.
func TestConfirmPaidOffersWhatTheCaptureAskedFor(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		support := s.signIn(t, models.RoleSupport, "")
		p := s.authorized(t, "P-1")
		path := "/payments/" + p.ID
		support.post(path+"/capture", deedForm("amount", "50.00"), htmx...).want(t, http.StatusOK)
		attempts := s.attempts(t, p.ID)
		capture := attempts[len(attempts)-1]
		moveAttempt(t, db, capture.ID, models.AttemptSending, models.AttemptChange{})
		moveAttempt(t, db, capture.ID, models.AttemptUnknown, models.AttemptChange{})
		movePayment(t, db, p.ID, models.PaymentUnknown, models.PaymentChange{})
		movePayment(t, db, p.ID, models.PaymentNeedsReview, models.PaymentChange{})
		form := support.get(path+"/confirm-paid", htmx...).want(t, http.StatusOK).filledIn()
		if got := form.Get("amount"); got != "50.00" {
			t.Errorf("the form offers %q", got)
		}
		form.Set("reason", "seen at the provider")
		support.post(path+"/confirm-paid", form, htmx...).want(t, http.StatusOK)
		if got := s.reload(t, p); got.Status != models.PaymentPaid || got.AmountCaptured != 5000 {
			t.Errorf("the payment is %s with %d captured", got.Status, got.AmountCaptured)
		}
	})
}

// Two people who were asked for the same refund open its form; the second one
// is shown the first one's before anything more is given back.
func TestDeedsAreDoneAsTheyWereShown(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		first, second := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleSupport, "")
		p := s.payment(t, "P-1", models.PaymentPaid, models.Failure{})
		broken := s.refund(t, p, 1000, models.RefundFailed)
		send := func(who *browser, path string, form url.Values, status int) answer {
			t.Helper()
			form.Set("reason", "the customer asked")
			return who.post(path, form, htmx...).want(t, status)
		}
		refund, again := "/payments/"+p.ID+"/refund", "/refunds/"+broken.ID+"/retry"
		early, earlyAgain := second.get(refund, htmx...).filledIn(), second.get(again, htmx...).filledIn()
		early.Set("amount", "40.00")
		once := first.get(refund, htmx...).filledIn()
		once.Set("amount", "40.00")
		send(first, refund, once, http.StatusOK)
		send(first, refund, once, http.StatusOK) // sent twice, done once
		shown := send(second, refund, early, http.StatusConflict)
		if text := shown.Text(); !strings.Contains(text, "changed after this form was opened") || !strings.Contains(text, "€93.22") {
			t.Errorf("the second one is shown %s", text)
		}
		send(second, again, earlyAgain, http.StatusConflict)
		if n := len(s.refunds(t, p)); n != 2 {
			t.Fatalf("%d refunds", n)
		}
		anew := shown.filledIn()
		once.Set("amount", "41.00") // goes back in the browser and writes something else
		if text := send(first, refund, once, http.StatusUnprocessableEntity).Text(); !strings.Contains(text, "was sent before") {
			t.Errorf("the first one is told %s", text)
		}
		if anew.Get("amount") != "40.00" || anew.Get(keyField) == early.Get(keyField) {
			t.Errorf("the form is given back as %v", anew)
		}
		send(second, refund, anew, http.StatusOK)

		f := s.payment(t, "P-2", models.PaymentFailed, later)
		retry := "/payments/" + f.ID + "/retry"
		late := second.get(retry, htmx...).filledIn()
		late.Set("gateway", s.gateway.ID)
		first.post(retry, retryForm(s.gateway.ID), htmx...).want(t, http.StatusOK)
		if text := send(second, retry, late, http.StatusConflict).Find("[data-testid=refusal]").Text(); text == "" {
			t.Error("the second one is offered to charge what is being charged")
		}
	})
}

func TestSupportRefundsUpToItsLimit(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		support, admin := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleAdmin, "")
		rules := payments.DefaultRules()
		rules.SupportRefundLimit = 5000
		modelstest.Write(t, db, func(tx *models.Tx) error { return s.pay.SetRules(tx, s.merchant.ID, rules, modelstest.Actor()) })
		p := s.payment(t, "P-1", models.PaymentPaid, models.Failure{})
		path := "/payments/" + p.ID + "/refund"
		dialog := support.get(path, htmx...).want(t, http.StatusOK)
		if got, _ := dialog.Find("[name=amount]").Attr("value"); got != "50.00" || !strings.Contains(dialog.Text(), "€133.22 is left") {
			t.Errorf("support is offered %q: %s", got, dialog.Text())
		}
		above := support.post(path, deedForm("amount", "50.01"), htmx...).want(t, http.StatusUnprocessableEntity)
		if !strings.Contains(above.Find("#field-amount-error").Text(), "more than support may refund") {
			t.Errorf("answer = %s", above.Text())
		}
		support.post(path, deedForm("amount", "50.00"), htmx...).want(t, http.StatusOK)
		if again := support.get(path, htmx...); again.Find("form").Length() > 0 {
			t.Error("support is offered more than its limit")
		}
		if text := support.get("/payments/" + p.ID).Find("#refund-why").Text(); !strings.Contains(text, "Ask an administrator") {
			t.Errorf("the page says %q", text)
		}
		if got, _ := admin.get(path, htmx...).Find("[name=amount]").Attr("value"); got != "83.22" {
			t.Errorf("an administrator is offered %q", got)
		}
		admin.post(path, deedForm("amount", "83.22"), htmx...).want(t, http.StatusOK)
		if found := s.reload(t, p); found.Refundable() != 0 || found.AmountRefundPending != 13322 {
			t.Errorf("payment = %+v", found)
		}
	})
}

// Of a hundred clicks on one form, and of a hundred forms, no more is given
// back than was taken.
func TestHundredRefundsGiveBackOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		p := s.payment(t, "P-1", models.PaymentPaid, models.Failure{})
		same := deedForm("amount", "40.00").Encode()
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				form := deedForm("amount", "50.00")
				if i%2 == 0 {
					form, _ = url.ParseQuery(same)
				}
				admin.post("/payments/"+p.ID+"/refund", form)
			})
		}
		all.Wait()
		var given int64
		forty := 0
		for _, r := range s.refunds(t, p) {
			given += r.Amount
			if r.Amount == 4000 {
				forty++
			}
		}
		if given > p.AmountCaptured || forty > 1 || s.reload(t, p).AmountRefundPending != given {
			t.Errorf("%d given back of %d, %d times by one form", given, p.AmountCaptured, forty)
		}
	})
}

func TestClaimKeepsOthersAway(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		first, second := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleSupport, "")
		p := s.payment(t, "P-1", models.PaymentFailed, later)
		path := "/payments/" + p.ID
		first.post(path+"/claim", nil).want(t, http.StatusSeeOther)
		second.post(path+"/claim", nil).want(t, http.StatusConflict)
		toast := second.post(path+"/claim", nil, append([]string{hxCurrentURL, "http://tillpost.test" + path}, htmx...)...).want(t, http.StatusConflict)
		if !strings.Contains(toast.body, first.user.Email) || !strings.Contains(toast.body, `hx-target="#payment-detail"`) {
			t.Errorf("answer = %s", toast.body)
		}
		page := second.get(path).want(t, http.StatusOK)
		if text := page.Find("#claimed-why").Text(); !strings.Contains(text, first.user.Email) {
			t.Errorf("the page says %q", text)
		}
		if page.Find(`#payment-deeds button[disabled][aria-describedby="claimed-why"]`).Length() == 0 || page.Find(`a[href$="/retry"]`).Length() > 0 {
			t.Error("the page offers what the claim forbids")
		}
		sent := second.post(path+"/retry", retryForm(s.gateway.ID), htmx...).want(t, http.StatusConflict)
		if !strings.Contains(sent.Text(), first.user.Email) {
			t.Errorf("the refusal does not say who: %s", sent.Text())
		}
		second.post(path+"/note", deedForm(), htmx...).want(t, http.StatusOK)
		owner := s.signIn(t, models.RoleMerchant, s.merchant.ID).get(path).want(t, http.StatusOK)
		for _, inner := range []string{first.user.Email, second.user.Email, "the customer asked"} {
			if strings.Contains(owner.body, inner) {
				t.Errorf("the shop sees %q", inner)
			}
		}
		first.post(path+"/release", nil).want(t, http.StatusSeeOther)
		second.post(path+"/claim", nil).want(t, http.StatusSeeOther)
	})
}

func TestRetryThroughAnotherAccount(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	support := s.signIn(t, models.RoleSupport, "")
	p := s.payment(t, "P-1", models.PaymentFailed, later)
	page := support.get("/payments/"+p.ID).want(t, http.StatusOK)
	if why := page.Find("#retry-elsewhere-why").Text(); !strings.Contains(why, "no other enabled account") {
		t.Errorf("with one account the page says %q", why)
	}
	other := modelstest.Gateway(t, db, s.merchant.ID)
	path := "/payments/" + p.ID + "/retry?other=yes"
	if support.get("/payments/"+p.ID).Find(`a[href="`+path+`"]`).Length() != 1 {
		t.Error("another account is not offered")
	}
	dialog := support.get(path, htmx...).want(t, http.StatusOK)
	if options := dialog.Find("[name=gateway] option"); options.Length() != 1 || options.AttrOr("value", "") != other.ID {
		t.Errorf("accounts to choose from: %s", options.Text())
	}
}

func TestRetryAnywayIsForAdministrators(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	support, admin := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleAdmin, "")
	p := s.payment(t, "P-1", models.PaymentFailed, models.Failure{Code: "lost_card", Class: "never"})
	path := "/payments/" + p.ID + "/retry-anyway"
	support.post(path, retryForm(s.gateway.ID)).want(t, http.StatusForbidden)
	if support.get("/payments/"+p.ID).Find(`a[href="`+path+`"]`).Length() > 0 {
		t.Error("support is offered to retry anyway")
	}
	if text := admin.get(path, htmx...).want(t, http.StatusOK).Text(); !strings.Contains(text, "The bank forbids this") {
		t.Errorf("the dialog says %q", text)
	}
	admin.post(path, retryForm(s.gateway.ID), htmx...).want(t, http.StatusOK)
	if acts := s.acts(t, p.ID); len(acts) != 1 || acts[0].Detail["forced"] != "yes" {
		t.Errorf("audit log = %+v", acts)
	}
}
