package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// retryForm is what support fills in.
func retryForm(gatewayID string) url.Values {
	return url.Values{keyField: {newFormKey()}, "gateway": {gatewayID}, "reason": {"customer topped up"}}
}

func (s *site) attempts(t *testing.T, paymentID string) []models.Attempt {
	t.Helper()
	attempts, err := s.db.Attempts(t.Context(), paymentID)
	if err != nil {
		t.Fatal(err)
	}
	return attempts
}

func TestRetryForm(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		p := s.payment(t, "P-1", models.PaymentFailed, later)
		foreign := modelstest.Gateway(t, db, modelstest.Merchant(t, db).ID)
		support := s.signIn(t, models.RoleSupport, "")
		page := support.get("/payments/"+p.ID+"/retry").want(t, http.StatusOK)
		text := strings.Join(page.texts("main"), " ")
		for _, want := range []string{
			"P-1", "Grace O'Neil", s.merchant.Name, "€133.22", later.Message, "insufficient_funds", "May pass later", "Attempts so far", "Charge €133.22",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the form does not say %q", want)
			}
		}
		if page.Find(`[name=gateway] option[value="`+s.gateway.ID+`"]`).Length() != 1 || page.Find(`option[value="`+foreign.ID+`"]`).Length() > 0 {
			t.Error("not the merchant's accounts to choose from")
		}
		dialog := support.get("/payments/"+p.ID+"/retry", htmx...).want(t, http.StatusOK)
		if dialog.Find("#dialog-title").Length() != 1 || dialog.Find("#nav").Length() > 0 {
			t.Error("not the dialog alone")
		}
		merchant := s.signIn(t, models.RoleMerchant, s.merchant.ID)
		merchant.get("/payments/"+p.ID+"/retry").want(t, http.StatusForbidden)
		merchant.post("/payments/"+p.ID+"/retry", retryForm(s.gateway.ID)).want(t, http.StatusForbidden)
		if n := len(s.attempts(t, p.ID)); n != 1 {
			t.Errorf("%d attempts after a merchant's try", n)
		}
	})
}

func TestRetryPayment(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		second := modelstest.Gateway(t, db, s.merchant.ID)
		p := s.payment(t, "P-1", models.PaymentFailed, later)
		support := s.signIn(t, models.RoleSupport, "")
		form := retryForm(second.ID)
		plain := support.post("/payments/"+p.ID+"/retry", form).want(t, http.StatusSeeOther)
		if to := plain.header.Get("Location"); to != "/payments/"+p.ID {
			t.Errorf("leads to %s", to)
		}
		again := support.post("/payments/"+p.ID+"/retry", form).want(t, http.StatusSeeOther)
		if to := again.header.Get("Location"); to != "/payments/"+p.ID {
			t.Errorf("the same form again leads to %s", to)
		}
		attempts := s.attempts(t, p.ID)
		if len(attempts) != 2 {
			t.Fatalf("%d attempts after the same form was sent twice", len(attempts))
		}
		if a := attempts[1]; *a.GatewayAccountID != second.ID || a.Cause != models.CauseManualRetry || a.ActorID != support.user.ID {
			t.Errorf("attempt = %+v", a)
		}
		acts := s.acts(t, p.ID)
		if len(acts) != 1 || acts[0].Reason != "customer topped up" || acts[0].ActorName != support.user.Email {
			t.Errorf("audit log = %+v", acts)
		}
	})
}

func TestRetryInDialog(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	support := s.signIn(t, models.RoleSupport, "")
	for _, tt := range []struct{ name, from, want string }{
		{"from the list", "/payments?status=failed", `hx-target="#%s"`},
		{"from the payment", "/payments/%s", `hx-target="#payment-detail"`},
		{"from the dashboard", "/", `hx-target="#toasts"`},
	} {
		p := s.payment(t, tt.name, models.PaymentFailed, later)
		from := "http://tillpost.test" + strings.Replace(tt.from, "%s", p.ID, 1)
		a := support.post("/payments/"+p.ID+"/retry", retryForm(s.gateway.ID), append([]string{hxCurrentURL, from}, htmx...)...)
		a.want(t, http.StatusOK)
		if a.header.Get(hxTrigger) != closeDialog || a.header.Get(hxReswap) != "none" {
			t.Errorf("%s: the dialog stays open", tt.name)
		}
		if want := strings.Replace(tt.want, "%s", p.ID, 1); !strings.Contains(a.body, want) {
			t.Errorf("%s: the answer does not renew %s", tt.name, want)
		}
		if !strings.Contains(a.body, "is being tried again") {
			t.Errorf("%s: nothing is said", tt.name)
		}
	}
}

func TestRetryFormIsRefused(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		p := s.payment(t, "P-1", models.PaymentFailed, later)
		foreign := modelstest.Gateway(t, db, modelstest.Merchant(t, db).ID)
		support := s.signIn(t, models.RoleSupport, "")
		for _, tt := range []struct{ name, field, value, want string }{
			{"without a reason", "reason", "", "#field-reason-error"},
			{"with a reason that tells nothing", "reason", " x ", "#field-reason-error"},
			{"with an endless reason", "reason", strings.Repeat("因", 501), "#field-reason-error"},
			{"through another merchant's account", "gateway", foreign.ID, "#field-gateway-error"},
			{"without a key", keyField, "", ""},
		} {
			form := retryForm(s.gateway.ID)
			form.Set(tt.field, tt.value)
			a := support.post("/payments/"+p.ID+"/retry", form, htmx...).want(t, http.StatusUnprocessableEntity)
			if tt.want != "" && a.Find(tt.want).Text() == "" {
				t.Errorf("%s: the field does not say why: %.300s", tt.name, a.body)
			}
			if got := a.Find("[name=reason]").Text(); tt.field != "reason" && got != "customer topped up" {
				t.Errorf("%s: the reason was lost: %q", tt.name, got)
			}
		}
		if n := len(s.attempts(t, p.ID)); n != 1 {
			t.Errorf("%d attempts", n)
		}
		form := retryForm(s.gateway.ID)
		form.Set("reason", strings.Repeat("因", 500))
		support.post("/payments/"+p.ID+"/retry", form).want(t, http.StatusSeeOther)
	})
}

func TestRetryIsRefused(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		support := s.signIn(t, models.RoleSupport, "")
		wait := db.Now().Add(time.Hour)
		for _, tt := range []struct {
			name, want string
			make       func() *models.Payment
		}{
			{"an open attempt", "still under way", func() *models.Payment {
				return s.payment(t, "R-1", models.PaymentProcessing, models.Failure{})
			}},
			{"an unclear outcome", "could charge twice", func() *models.Payment {
				return s.payment(t, "R-2", models.PaymentUnknown, models.Failure{Code: "timeout"})
			}},
			{"a payment that is paid", "Only a failed payment", func() *models.Payment {
				return s.payment(t, "R-3", models.PaymentPaid, models.Failure{})
			}},
			{"a refusal for good", "bank forbids", func() *models.Payment {
				return s.payment(t, "R-4", models.PaymentFailed, models.Failure{Code: "lost_card", Class: "never"})
			}},
			{"a provider's wish to wait", "asked to wait until", func() *models.Payment {
				p := s.payment(t, "R-5", models.PaymentProcessing, models.Failure{})
				moveAttempt(t, db, s.attempts(t, p.ID)[0].ID, models.AttemptDeclined, models.AttemptChange{})
				return movePayment(t, db, p.ID, models.PaymentFailed, models.PaymentChange{Failure: later, RetryAfter: &wait})
			}},
			{"an order that was paid meanwhile", "already paid", func() *models.Payment {
				p := s.payment(t, "R-6", models.PaymentFailed, later)
				o, err := db.Order(t.Context(), models.AllMerchants(), p.OrderID)
				if err != nil {
					t.Fatal(err)
				}
				paid(t, db, o, s.gateway.ID)
				return p
			}},
			{"an order that was canceled", "was canceled", func() *models.Payment {
				p := s.payment(t, "R-7", models.PaymentFailed, later)
				modelstest.Write(t, db, func(tx *models.Tx) error { return tx.CancelOrder(models.AllMerchants(), p.OrderID) })
				return p
			}},
		} {
			p := tt.make()
			if why := support.get("/payments/" + p.ID).Find("#retry-why").Text(); !strings.Contains(why, tt.want) {
				t.Errorf("%s: the page says %q", tt.name, why)
			}
			before := len(s.attempts(t, p.ID))
			shown := support.get("/payments/"+p.ID+"/retry", htmx...).want(t, http.StatusOK)
			if shown.Find("form, button").Length() > 0 || !strings.Contains(shown.Find("[data-testid=refusal]").Text(), tt.want) {
				t.Errorf("%s: the dialog says %q", tt.name, shown.Text())
			}
			sent := support.post("/payments/"+p.ID+"/retry", retryForm(s.gateway.ID), htmx...).want(t, http.StatusConflict)
			if sent.Find("form").Length() > 0 || !strings.Contains(sent.Find("[data-testid=refusal]").Text(), tt.want) {
				t.Errorf("%s: the answer says %q", tt.name, sent.Text())
			}
			if after := len(s.attempts(t, p.ID)); after != before {
				t.Errorf("%s: %d attempts, were %d", tt.name, after, before)
			}
		}
	})
}

func TestRetryWithoutAnEnabledAccount(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	p := s.payment(t, "P-1", models.PaymentFailed, later)
	account, err := db.GatewayAccount(t.Context(), models.AllMerchants(), s.gateway.ID)
	if err != nil {
		t.Fatal(err)
	}
	account.Enabled = false
	modelstest.Write(t, db, func(tx *models.Tx) error { return tx.UpdateGatewayAccount(account) })
	dialog := s.signIn(t, models.RoleAdmin, "").get("/payments/"+p.ID+"/retry", htmx...).want(t, http.StatusOK)
	if dialog.Find("form").Length() > 0 || dialog.Find("[data-testid=refusal]").Length() == 0 {
		t.Errorf("dialog = %s", dialog.Text())
	}
}
