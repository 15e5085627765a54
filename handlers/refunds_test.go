package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// refund brings a refund of a paid payment to a status.
func (s *shop) refund(t *testing.T, p *models.Payment, amount int64, to models.RefundStatus) *models.Refund {
	t.Helper()
	var r *models.Refund
	modelstest.Write(t, s.db, func(tx *models.Tx) (err error) {
		if r, err = tx.CreateRefund(p, models.Refund{Amount: amount, Reason: "broken", Cause: models.CauseAPI}); err != nil || to == models.RefundRequested {
			return err
		}
		if _, _, err = tx.MoveRefund(r.ID, models.RefundSending, models.RefundChange{}); err != nil {
			return err
		}
		r, _, err = tx.MoveRefund(r.ID, to, models.RefundChange{Code: "insufficient_funds", Message: "The shop's balance is too low."})
		return err
	})
	return r
}

func TestPaymentPageShowsRefunds(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		support, owner := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, s.merchant.ID)
		p := s.payment(t, "P-1", models.PaymentPaid, models.Failure{})
		failed := s.refund(t, p, 1000, models.RefundFailed)
		unknown := s.refund(t, p, 2000, models.RefundUnknown)
		page := support.get("/payments/"+p.ID).want(t, http.StatusOK)
		if got := page.texts("[data-testid=refund] .badge"); len(got) != 2 || got[0] != "Outcome unclear" || got[1] != "Failed" {
			t.Errorf("refunds stand at %v", got)
		}
		for _, want := range []string{"€10.00", "broken", "The shop's balance is too low."} {
			if !strings.Contains(page.Find("#"+failed.ID).Text(), want) {
				t.Errorf("the failed refund does not say %q", want)
			}
		}
		if page.Find(`a[href="/refunds/`+failed.ID+`/retry"]`).Length() != 1 || page.Find(`form[action="/refunds/`+unknown.ID+`/sync"]`).Length() != 1 {
			t.Error("support is not offered to act on refunds")
		}
		seen := owner.get("/payments/"+p.ID).want(t, http.StatusOK)
		if seen.Find("[data-testid=refund]").Length() != 2 || seen.Find(`[action^="/refunds"], [href^="/refunds"]`).Length() > 0 {
			t.Error("a merchant sees no refunds, or is offered to act on them")
		}
		before := s.queries.Load()
		support.get("/payments/"+p.ID).want(t, http.StatusOK)
		few := s.queries.Load() - before
		for range 5 {
			s.refund(t, p, 10, models.RefundFailed)
		}
		before = s.queries.Load()
		support.get("/payments/"+p.ID).want(t, http.StatusOK)
		if many := s.queries.Load() - before; many > few {
			t.Errorf("%d queries with more refunds, %d with few", many, few)
		}
	})
}

func TestRetryRefund(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		support := s.signIn(t, models.RoleSupport, "")
		p := s.payment(t, "P-1", models.PaymentPaid, models.Failure{})
		r := s.refund(t, p, 1000, models.RefundFailed)
		path := "/refunds/" + r.ID + "/retry"
		if text := support.get(path, htmx...).want(t, http.StatusOK).Text(); !strings.Contains(text, "Refund €10.00") {
			t.Errorf("the dialog says %q", text)
		}
		support.post(path, deedForm("reason", ""), htmx...).want(t, http.StatusUnprocessableEntity)
		form := deedForm()
		support.post(path, form, htmx...).want(t, http.StatusOK)
		support.post(path, form, htmx...).want(t, http.StatusOK)
		refused := support.post(path, deedForm(), htmx...).want(t, http.StatusConflict)
		if !strings.Contains(refused.Find("[data-testid=refusal]").Text(), "Only a failed refund") {
			t.Errorf("answer = %s", refused.Text())
		}
		acts := s.acts(t, p.ID)
		if len(acts) != 1 || acts[0].Action != "refund.retry" || acts[0].Reason != "the customer asked" {
			t.Errorf("audit log = %+v", acts)
		}
		if found := s.reload(t, p); found.AmountRefundPending != 1000 {
			t.Errorf("%d under way", found.AmountRefundPending)
		}
	})
}

func TestSyncRefund(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		support := s.signIn(t, models.RoleSupport, "")
		p := s.payment(t, "P-1", models.PaymentPaid, models.Failure{})
		open, done := s.refund(t, p, 1000, models.RefundUnknown), s.refund(t, p, 2000, models.RefundSucceeded)
		support.post("/refunds/"+open.ID+"/sync", nil).want(t, http.StatusSeeOther)
		if a := support.post("/refunds/"+open.ID+"/sync", nil, htmx...).want(t, http.StatusOK); !strings.Contains(a.body, "is being asked") {
			t.Errorf("answer = %s", a.body)
		}
		support.post("/refunds/"+done.ID+"/sync", nil, htmx...).want(t, http.StatusConflict)
	})
}

func TestPaymentPageShowsDisputes(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		p := s.payment(t, "P-1", models.PaymentPaid, models.Failure{})
		deadline := db.Now().AddDate(0, 0, 3).Add(time.Hour)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, _, err := tx.PutDispute(p, models.Dispute{
				GatewayAccountID: s.gateway.ID, ProviderReference: "dp_1", Status: models.DisputeNeedsResponse, Amount: 13322, Currency: "EUR",
				Reason: "fraudulent", MoneyMoved: true, RespondBy: &deadline,
			})
			return err
		})
		for _, role := range []string{models.RoleSupport, models.RoleMerchant} {
			merchant := ""
			if role == models.RoleMerchant {
				merchant = s.merchant.ID
			}
			text := s.signIn(t, role, merchant).get("/payments/"+p.ID).want(t, http.StatusOK).Find("[data-testid=dispute]").Text()
			for _, want := range []string{"€133.22", "Answer needed", "fraudulent", "in 3 days", "was taken back"} {
				if !strings.Contains(text, want) {
					t.Errorf("%s: the dispute does not say %q: %s", role, want, text)
				}
			}
		}
	})
}
