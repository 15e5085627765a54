package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

// patience is how long the workers of tests wait for a bank that does not answer.
const patience = 300 * time.Millisecond

// lost takes a payment whose charge was made but never answered.
func (s *till) lost() string {
	s.t.Helper()
	s.restart(patience)
	id := s.post("/api/v1/payments", s.body(s.order(4990), "tok_timeout_after_charge", 4990)).want(s.t, http.StatusAccepted).id(s.t)
	s.work()
	s.wantPayment(id, map[string]any{"status": "unknown"})
	s.wantCharges(1) // which nobody here knows
	return id
}

// wantNoRetry wants a payment whose outcome is open to be tried again by nobody.
func (s *till) wantNoRetry(id string, staff *browser) {
	s.t.Helper()
	s.post("/api/v1/payments/"+id+"/retry", `{"reason":"the customer waits"}`).problem(s.t, http.StatusConflict, "outcome_unknown")
	staff.post("/payments/"+id+"/retry", retryForm(s.account.ID)).want(s.t, http.StatusConflict)
	if n := len(s.site.attempts(s.t, id)); n != 1 {
		s.t.Errorf("%d attempts", n)
	}
}

func TestAcceptance01TimeoutAfterCharge(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newTill(t, db)
		id := shop.lost()
		a := shop.site.attempts(t, id)[0]
		if a.Status != models.AttemptUnknown || a.LatencyMS < patience.Milliseconds()/2 {
			t.Errorf("the attempt is %s after %d ms", a.Status, a.LatencyMS)
		}
		shop.wantNoRetry(id, shop.site.signIn(t, models.RoleSupport, ""))
		together(10, func(int) { shop.resend(a.ID) })
		if !shop.wait() { // for the inquiry
			t.Fatal("nobody asks what became of it")
		}
		shop.wantPayment(id, map[string]any{"status": "paid", "amount_captured": 4990.0, "failure": nil})
		if a = shop.site.attempts(t, id)[0]; a.Status != models.AttemptSucceeded || a.ProviderReference == nil {
			t.Errorf("attempt = %+v", a)
		}
		for shop.wait() { // whatever else was queued changes nothing
		}
		if n := len(shop.site.attempts(t, id)); n != 1 {
			t.Errorf("%d attempts", n)
		}
		shop.wantCharges(1)
		shop.wantToldOnce(models.EventPaymentPaid)
		if events, _ := shop.notices(models.EventPaymentFailed); events != 0 {
			t.Error("the shop was told that the payment had failed")
		}
	})
}

func TestAcceptance02InquiryDown(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newTill(t, db)
		began, inquiries := db.Now(), 0
		id := shop.lost()
		shop.down.Store(true)
		for shop.wait() {
			inquiries++
			shop.restart(patience) // the breaker's clock is the real one
		}
		var asked time.Duration
		for _, wait := range payments.DefaultPolicy().Inquiries {
			asked += wait
		}
		if want := len(payments.DefaultPolicy().Inquiries); inquiries != want || db.Now().Sub(began) < asked {
			t.Errorf("%d inquiries over %s, want %d over %s", inquiries, db.Now().Sub(began), want, asked)
		}
		shop.wantPayment(id, map[string]any{"status": "needs_review"})
		failure, _ := shop.get("/api/v1/payments/" + id).object(t)["failure"].(map[string]any)
		if failure["code"] != "outcome_unknown" || failure["message"] == "" {
			t.Errorf("failure = %v", failure)
		}
		shop.wantToldOnce(models.EventPaymentNeedsReview)

		support := shop.site.signIn(t, models.RoleSupport, "")
		shop.wantNoRetry(id, support)
		page := support.get("/payments/"+id).want(t, http.StatusOK)
		if page.Find(`button[disabled][aria-describedby="retry-why"]`).Length() != 1 || page.Find(`a[href$="/retry"]`).Length() > 0 {
			t.Error("the page offers to try again")
		}
		for part, want := range map[string]string{
			"#retry-why": "It is not known whether the customer was charged", "[data-testid=failure]": "does not say whether the customer was charged",
		} {
			if text := page.Find(part).Text(); !strings.Contains(text, want) {
				t.Errorf("%s says %q", part, text)
			}
		}

		shop.down.Store(false) // and support asks once more
		support.post("/payments/"+id+"/sync", url.Values{keyField: {newFormKey()}}).want(t, http.StatusSeeOther)
		shop.work()
		shop.wantPayment(id, map[string]any{"status": "paid", "amount_captured": 4990.0})
		shop.wantCharges(1)
	})
}
