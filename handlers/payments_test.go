package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// shop is a merchant with an account and people who look at it.
type shop struct {
	*site

	merchant *models.Merchant
	gateway  *models.GatewayAccount
}

func newShop(t *testing.T, db *models.DB) *shop {
	t.Helper()
	s := &shop{site: newSite(t, db), merchant: modelstest.Merchant(t, db)}
	s.gateway = modelstest.Gateway(t, db, s.merchant.ID)
	return s
}

// order adds an order of the shop over 133.22.
func (s *shop) order(t *testing.T, number string) *models.Order {
	t.Helper()
	return placed(t, s.db, models.Order{MerchantID: s.merchant.ID, Number: number, CustomerName: "Grace O'Neil"})
}

// payment brings a payment of a new order to a status as charging would.
func (s *shop) payment(t *testing.T, number string, status models.PaymentStatus, failure models.Failure) *models.Payment {
	t.Helper()
	o := s.order(t, number)
	if status == models.PaymentPaid {
		return paid(t, s.db, o, s.gateway.ID)
	}
	p, a := modelstest.Payment(t, s.db, o, s.gateway.ID)
	if status == models.PaymentPending {
		return p
	}
	moveAttempt(t, s.db, a.ID, models.AttemptSending, models.AttemptChange{})
	p = movePayment(t, s.db, p.ID, models.PaymentProcessing, models.PaymentChange{})
	change := models.PaymentChange{Failure: failure}
	outcome := models.AttemptDeclined
	switch status {
	case models.PaymentFailed:
	case models.PaymentUnknown, models.PaymentNeedsReview:
		outcome = models.AttemptUnknown
	case models.PaymentRequiresAction:
		outcome = models.AttemptRequiresAction
		change.NextAction = models.NextAction{Type: "redirect", URL: "https://pay.example/confirm"}
	default:
		return p
	}
	moveAttempt(t, s.db, a.ID, outcome, models.AttemptChange{
		Code: failure.Code, Class: failure.Class, Message: failure.Message, ProviderReference: "ch_" + a.ID,
		HTTPStatus: 402, LatencyMS: 350, RequestID: "req_provider", Raw: `{"error":"declined"}`,
	})
	if status == models.PaymentNeedsReview {
		movePayment(t, s.db, p.ID, models.PaymentUnknown, change)
	}
	return movePayment(t, s.db, p.ID, status, change)
}

var later = models.Failure{Code: "insufficient_funds", Class: "later", Message: "The card has insufficient funds."}

// Nothing that a provider was asked, answered or told is out of reach, however
// much there is of it.
func TestPaymentPageShowsAllOnDemand(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	support := s.signIn(t, models.RoleSupport, "")
	p := s.payment(t, "P-1", models.PaymentPaid, models.Failure{})
	calls := make([]models.ProviderCall, shownCalls+1)
	for i := range calls {
		calls[i] = models.ProviderCall{
			MerchantID: p.MerchantID, PaymentID: &p.ID, Purpose: "lookup", Method: http.MethodGet, URL: "https://pay.example/v1/charges",
			Status: http.StatusOK, Answer: `{"status":"paid"}`, RequestID: fmt.Sprintf("req_%d", i), LatencyMS: 42, StartedAt: db.Now(),
		}
	}
	modelstest.Write(t, db, func(tx *models.Tx) error { return tx.AddProviderCalls(calls) })
	for range shownInbound + 1 {
		e := heard(t, db, s.gateway, `{}`)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return tx.MarkInbound(e, models.InboundFate{Status: models.InboundApplied, PaymentID: &p.ID})
		})
	}
	page := support.get("/payments/"+p.ID).want(t, http.StatusOK)
	if c, i := page.Find("[data-testid=call]").Length(), page.Find("[data-testid=inbound]").Length(); c != shownCalls || i != shownInbound {
		t.Errorf("%d calls and %d events at first", c, i)
	}
	if text := page.Find("#payment-calls").Text(); !strings.Contains(text, "The newest 50 calls") || !strings.Contains(text, "42 ms") || !strings.Contains(text, "req_50") {
		t.Errorf("the calls are told as %.200s", text)
	}
	for _, card := range []string{"#payment-calls", "#payment-inbound"} {
		all := support.get(page.Find(card+" a[aria-label^='View all']").AttrOr("href", "")).want(t, http.StatusOK)
		if c, i := all.Find("[data-testid=call]").Length(), all.Find("[data-testid=inbound]").Length(); c != shownCalls+1 || i != shownInbound+1 {
			t.Errorf("%s leads to %d calls and %d events", card, c, i)
		}
	}
}

func TestPaymentListFilters(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		second := modelstest.Gateway(t, db, s.merchant.ID)
		s.payment(t, "P-1", models.PaymentPaid, models.Failure{})
		s.payment(t, "P-2", models.PaymentFailed, later)
		s.payment(t, "P-3", models.PaymentUnknown, models.Failure{Code: "timeout"})
		s.payment(t, "P-4", models.PaymentRequiresAction, models.Failure{})
		paid(t, db, s.order(t, "P-5"), second.ID)
		foreign := modelstest.Merchant(t, db)
		paid(t, db, placed(t, db, models.Order{MerchantID: foreign.ID, Number: "X-1"}), modelstest.Gateway(t, db, foreign.ID).ID)
		support, merchant := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, s.merchant.ID)
		for _, tt := range []struct {
			name, query string
			want        []string
		}{
			{"all, newest first", "", []string{"X-1", "P-5", "P-4", "P-3", "P-2", "P-1"}},
			{"one status", "status=failed", []string{"P-2"}},
			{"several statuses in one", "status=failed,unknown", []string{"P-3", "P-2"}},
			{"several statuses", "status=failed&status=requires_action", []string{"P-4", "P-2"}},
			{"by account", "gateway=" + second.ID, []string{"P-5"}},
			{"by order number", "q=P-3", []string{"P-3"}},
			{"by merchant", "merchant=" + foreign.Ref, []string{"X-1"}},
			{"by day", "to=" + db.Now().AddDate(0, 0, -2).Format(time.DateOnly), nil},
		} {
			if diff := cmp.Diff(tt.want, support.get("/payments?"+tt.query).want(t, http.StatusOK).numbers()); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
		}
		page := support.get("/payments?status=failed")
		if got := page.texts(`[aria-current=page].tab-link`); len(got) != 1 || got[0] != "Failed" {
			t.Errorf("current view = %v", got)
		}
		if page.Find(`tr[data-row] a[href$="/retry"]`).Length() != 1 {
			t.Error("support is not offered to retry")
		}
		own := merchant.get("/payments").want(t, http.StatusOK)
		if got := own.numbers(); len(got) != 5 {
			t.Errorf("a merchant sees %v", got)
		}
		if own.Find(`a[href$="/retry"], form[method=post][action^="/payments"]`).Length() > 0 {
			t.Error("a merchant is offered to move money")
		}
	})
}

func TestPaymentListQueries(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		support := s.signIn(t, models.RoleSupport, "")
		count := func() int64 {
			before := s.queries.Load()
			support.get("/payments").want(t, http.StatusOK)
			return s.queries.Load() - before
		}
		s.payment(t, "P-0", models.PaymentPending, models.Failure{})
		one := count()
		for i := 1; i < listRows; i++ {
			s.payment(t, fmt.Sprintf("P-%d", i), models.PaymentPending, models.Failure{})
		}
		if many := count(); many > one || many > 8 {
			t.Errorf("%d queries for %d payments, %d for one", many, listRows, one)
		}
	})
}

func TestPaymentPage(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		support, merchant := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, s.merchant.ID)
		for _, tt := range []struct {
			status      models.PaymentStatus
			failure     models.Failure
			says        string
			retry, sync bool // can be done
		}{
			{models.PaymentPending, models.Failure{}, "about to be sent", false, false},
			{models.PaymentProcessing, models.Failure{}, "working on it", false, false},
			{models.PaymentRequiresAction, models.Failure{}, "Waiting for the customer", false, true},
			{models.PaymentPaid, models.Failure{}, "was taken", false, false},
			{models.PaymentFailed, later, "May pass later", true, false},
			{models.PaymentFailed, models.Failure{Code: "stolen_card", Class: "never"}, "bank forbids", false, false},
			{models.PaymentUnknown, models.Failure{Code: "timeout"}, "asking the provider", false, true},
			{models.PaymentNeedsReview, models.Failure{Code: "timeout"}, "Look the payment up", false, true},
		} {
			p := s.payment(t, "D-"+string(tt.status)+tt.failure.Code, tt.status, tt.failure)
			page := support.get("/payments/"+p.ID).want(t, http.StatusOK)
			text := strings.Join(page.texts("main"), " ")
			for _, want := range []string{"€133.22", tt.says, tt.failure.Code, "Grace O'Neil", "Attempt 1"} {
				if !strings.Contains(text, want) {
					t.Errorf("%s: the page does not say %q", tt.status, want)
				}
			}
			if got := page.Find(`a[href="/payments/`+p.ID+`/retry"]`).Length() > 0; got != tt.retry {
				t.Errorf("%s %s: retry is offered: %v", tt.status, tt.failure.Class, got)
			}
			if got := page.Find(`a[href="/payments/`+p.ID+`/sync"]`).Length() > 0; got != tt.sync {
				t.Errorf("%s: sync is offered: %v", tt.status, got)
			}
			page.Find("main button[disabled]").Each(func(_ int, b *goquery.Selection) {
				if why := b.AttrOr("aria-describedby", ""); why == "" || page.Find("#"+why).Text() == "" {
					t.Errorf("%s: a disabled button does not say why", tt.status)
				}
			})
			seen := merchant.get("/payments/"+p.ID).want(t, http.StatusOK)
			if seen.Find(`main form, a[href$="/retry"], main button[disabled]`).Length() > 0 {
				t.Errorf("%s: a merchant is offered to act", tt.status)
			}
			if strings.Contains(seen.body, "declined&#34;") {
				t.Errorf("%s: a merchant sees the provider's raw answer", tt.status)
			}
		}
	})
}

func TestPaymentPageShowsAttempts(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	p := s.payment(t, "P-1", models.PaymentFailed, later)
	support := s.signIn(t, models.RoleSupport, "")
	page := support.get("/payments/"+p.ID).want(t, http.StatusOK)
	attempt := strings.Join(page.texts("[data-testid=attempt]"), " ")
	for _, want := range []string{"Declined", "Shop API", s.gateway.Name, "insufficient_funds", later.Message, "HTTP 402", "350 ms", "req_provider", `{"error":"declined"}`, "ch_att_"} {
		if !strings.Contains(attempt, want) {
			t.Errorf("the attempt does not say %q: %s", want, attempt)
		}
	}
	if page.Find("[data-testid=attempt] [data-copy^=ch_]").Length() != 1 {
		t.Error("the provider's reference cannot be copied")
	}
	before := s.queries.Load()
	support.get("/payments/"+p.ID, htmx...).want(t, http.StatusOK)
	if n := s.queries.Load() - before; n > 20 {
		t.Errorf("%d queries for a payment", n)
	}
}

func TestPaymentOfAnotherMerchantIsNotFound(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		p := s.payment(t, "P-1", models.PaymentFailed, later)
		stranger := s.signIn(t, models.RoleMerchant, modelstest.Merchant(t, db).ID)
		for _, path := range []string{"/payments/" + p.ID, "/payments/" + p.ID + "/row"} {
			stranger.get(path).want(t, http.StatusNotFound)
		}
		stranger.get("/payments/"+p.ID+"/retry").want(t, http.StatusForbidden)
		support := s.signIn(t, models.RoleSupport, "")
		for _, path := range []string{"/payments/pay_x", "/payments/pay_x/row", "/payments/pay_x/retry"} {
			support.get(path).want(t, http.StatusNotFound)
		}
		support.post("/payments/pay_x/retry", url.Values{}).want(t, http.StatusNotFound)
		support.post("/payments/pay_x/sync", url.Values{}).want(t, http.StatusNotFound)
	})
}

func TestSyncPayment(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		open := s.payment(t, "P-1", models.PaymentUnknown, models.Failure{Code: "timeout"})
		done := s.payment(t, "P-2", models.PaymentFailed, later)
		support, merchant := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, s.merchant.ID)
		form := func() url.Values { return url.Values{keyField: {newFormKey()}} }
		merchant.post("/payments/"+open.ID+"/sync", form()).want(t, http.StatusForbidden)
		plain := support.post("/payments/"+open.ID+"/sync", form()).want(t, http.StatusSeeOther)
		if to := plain.header.Get("Location"); to != "/payments/"+open.ID {
			t.Errorf("leads to %s", to)
		}
		why := form()
		why.Set("reason", "the customer asks")
		toast := support.post("/payments/"+open.ID+"/sync", why, htmx...).want(t, http.StatusOK)
		if toast.header.Get(hxReswap) != "none" || !strings.Contains(toast.body, "is being asked") {
			t.Errorf("answer = %s", toast.body)
		}
		if acts := s.acts(t, open.ID); len(acts) != 2 || acts[0].Reason != "the customer asks" || acts[1].Reason != "" {
			t.Errorf("audit log = %+v", acts)
		}
		support.post("/payments/"+done.ID+"/sync", form()).want(t, http.StatusConflict)
		support.post("/payments/"+open.ID+"/sync", url.Values{csrfField: {"forged"}}).want(t, http.StatusForbidden)
	})
}

// acts is what the audit log says of something, newest first.
func (s *site) acts(t *testing.T, id string) []models.AuditEntry {
	t.Helper()
	acts, _, err := s.db.AuditEntries(t.Context(), models.AllMerchants(), models.AuditFilter{ObjectID: id}, models.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return acts
}
