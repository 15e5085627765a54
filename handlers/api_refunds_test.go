package handlers

import (
	"net/http"
	"sync"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// paid makes a paid payment and returns its id.
func (s *client) paid(amount int64) string {
	s.t.Helper()
	id := s.payment(s.order(amount), amount)
	s.move(id, models.PaymentPaid, models.AttemptSucceeded, models.PaymentChange{Captured: amount})
	return id
}

// authorized makes an authorized payment and returns its id.
func (s *client) authorized(amount int64) string {
	s.t.Helper()
	id := s.payment(s.order(amount), amount)
	s.move(id, models.PaymentAuthorized, models.AttemptAuthorized, models.PaymentChange{})
	return id
}

func (s *client) refund(paymentID string, amount int64) reply {
	s.t.Helper()
	return s.post("/api/v1/refunds", jsonOf(map[string]any{"payment_id": paymentID, "amount": amount, "reason": "One was broken"}))
}

func TestAPIRefunds(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		paid := shop.paid(1000)

		accepted := shop.refund(paid, 600).want(t, http.StatusAccepted)
		r, id := accepted.object(t), accepted.id(t)
		if r["status"] != "requested" || r["payment_id"] != paid || r["amount"] != 600.0 || r["currency"] != "EUR" || r["failure"] != nil {
			t.Errorf("refund is %s", accepted.body)
		}
		if got := accepted.header.Get("Location"); got != "/api/v1/refunds/"+id {
			t.Errorf("Location %q", got)
		}
		if got := shop.get("/api/v1/refunds/"+id).want(t, http.StatusOK); got.body != accepted.body {
			t.Errorf("GET differs: %s", got.body)
		}
		if p := shop.get("/api/v1/payments/" + paid).object(t); p["amount_refund_pending"] != 600.0 || p["amount_refunded"] != 0.0 {
			t.Errorf("payment has pending %v, refunded %v", p["amount_refund_pending"], p["amount_refunded"])
		}

		t.Run("no more than what is left", func(t *testing.T) {
			p := shop.refund(paid, 401).problem(t, http.StatusUnprocessableEntity, "refund_too_large")
			if len(p.Errors) != 1 || p.Errors[0].Field != "amount" {
				t.Errorf("errors %+v", p.Errors)
			}
			shop.refund(paid, 400).want(t, http.StatusAccepted)
			shop.refund(paid, 1).problem(t, http.StatusUnprocessableEntity, "refund_too_large")
		})
		t.Run("only of what is paid", func(t *testing.T) {
			if p := shop.refund(shop.authorized(500), 100).problem(t, http.StatusConflict, "payment_not_paid"); p.CurrentStatus != "authorized" {
				t.Errorf("current_status %q", p.CurrentStatus)
			}
			shop.refund(models.NewID(models.PrefixPayment), 1).problem(t, http.StatusUnprocessableEntity, "unknown_payment")
		})
		t.Run("needs a key, a reason and an amount", func(t *testing.T) {
			body := jsonOf(map[string]any{"payment_id": paid, "amount": 1, "reason": "because"})
			shop.call("POST", "/api/v1/refunds", body).problem(t, http.StatusBadRequest, "idempotency_key_required")
			for _, body := range []map[string]any{
				{"payment_id": paid, "amount": 1}, {"payment_id": paid, "reason": "because"}, {"amount": 1, "reason": "because"},
				{"payment_id": paid, "amount": 1, "reason": "    "},
			} {
				shop.post("/api/v1/refunds", jsonOf(body)).problem(t, http.StatusUnprocessableEntity, "required")
			}
			shop.post("/api/v1/refunds", jsonOf(map[string]any{"payment_id": paid, "amount": 1, "reason": "4242 4242 4242 4242"})).
				problem(t, http.StatusUnprocessableEntity, "card_number_refused")
		})
		t.Run("are listed by payment, page by page", func(t *testing.T) {
			other := shop.refund(shop.paid(100), 100).want(t, http.StatusAccepted).id(t)
			all := shop.get("/api/v1/refunds").want(t, http.StatusOK).object(t)["data"].([]any)
			if len(all) != 3 || all[0].(map[string]any)["id"] != other {
				t.Errorf("all refunds: %v", all)
			}
			first := shop.get("/api/v1/refunds?limit=1&payment_id="+paid).want(t, http.StatusOK).object(t)
			second := shop.get("/api/v1/refunds?limit=1&payment_id="+paid+"&cursor="+first["next_cursor"].(string)).want(t, http.StatusOK).object(t)
			if got := second["data"].([]any); len(got) != 1 || got[0].(map[string]any)["id"] != id || second["next_cursor"] != nil {
				t.Errorf("second page: %v", second)
			}
		})
	})
}

// Refunds that are asked for at the same time must not give back more than was taken.
func TestAPIRefundsInParallel(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		paid := shop.paid(1000)
		replies := make([]reply, 20)
		var group sync.WaitGroup
		for i := range replies {
			group.Go(func() { replies[i] = shop.refund(paid, 300) })
		}
		group.Wait()
		won := 0
		for _, r := range replies {
			if r.status == http.StatusAccepted {
				won++
				continue
			}
			r.problem(t, http.StatusUnprocessableEntity, "refund_too_large")
		}
		if p := shop.get("/api/v1/payments/" + paid).object(t); won != 3 || p["amount_refund_pending"] != 900.0 {
			t.Errorf("%d refunds were accepted, %v is pending", won, p["amount_refund_pending"])
		}
	})
}

func TestAPICaptureVoidCancel(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		act := func(id, what, body string) reply { return shop.post("/api/v1/payments/"+id+"/"+what, body) }
		last := func(r reply) map[string]any {
			attempts := r.object(t)["attempts"].([]any)
			return attempts[len(attempts)-1].(map[string]any)
		}

		t.Run("a part is captured", func(t *testing.T) {
			id := shop.authorized(900)
			r := act(id, "capture", `{"amount":400}`).want(t, http.StatusAccepted)
			if a := last(r); r.object(t)["status"] != "processing" || a["kind"] != "capture" || a["amount"] != 400.0 || a["status"] != "queued" {
				t.Errorf("payment is %s", r.body)
			}
			if got := r.header.Get("Location"); got != "/api/v1/payments/"+id {
				t.Errorf("Location %q", got)
			}
			for _, again := range []string{"capture", "void"} {
				if p := act(id, again, "").problem(t, http.StatusConflict, "payment_not_authorized"); p.CurrentStatus != "processing" {
					t.Errorf("current_status %q", p.CurrentStatus)
				}
			}
		})
		t.Run("without an amount, all is captured", func(t *testing.T) {
			if a := last(act(shop.authorized(900), "capture", "").want(t, http.StatusAccepted)); a["amount"] != 900.0 {
				t.Errorf("attempt is %v", a)
			}
			if a := last(act(shop.authorized(900), "capture", "{}").want(t, http.StatusAccepted)); a["amount"] != 900.0 {
				t.Errorf("attempt is %v", a)
			}
		})
		t.Run("more than that is refused", func(t *testing.T) {
			id := shop.authorized(900)
			act(id, "capture", `{"amount":901}`).problem(t, http.StatusUnprocessableEntity, "amount_out_of_range")
			act(id, "capture", `{"amount":0}`).problem(t, http.StatusUnprocessableEntity, "too_small")
			act(id, "void", `{"amount":1}`).problem(t, http.StatusBadRequest, "body_not_expected")
			if r := act(id, "void", "").want(t, http.StatusAccepted); last(r)["kind"] != "void" || last(r)["amount"] != 900.0 {
				t.Errorf("payment is %s", r.body)
			}
		})
		t.Run("a pending payment is canceled", func(t *testing.T) {
			id := shop.payment(shop.order(500), 500)
			if r := act(id, "cancel", "").want(t, http.StatusAccepted); r.object(t)["status"] != "canceled" || last(r)["status"] != "not_sent" {
				t.Errorf("payment is %s", r.body)
			}
			if p := act(id, "cancel", "").problem(t, http.StatusConflict, "payment_not_cancelable"); p.CurrentStatus != "canceled" {
				t.Errorf("current_status %q", p.CurrentStatus)
			}
		})
		t.Run("what money has moved for is not", func(t *testing.T) {
			act(shop.paid(100), "cancel", "").problem(t, http.StatusConflict, "payment_not_cancelable")
			act(shop.authorized(100), "cancel", "").problem(t, http.StatusConflict, "payment_not_cancelable")
		})
		t.Run("the audit log names the key", func(t *testing.T) {
			id := shop.authorized(100)
			act(id, "capture", "").want(t, http.StatusAccepted)
			entries, _, err := db.AuditEntries(t.Context(), models.AllMerchants(), models.AuditFilter{ObjectID: id}, models.Page{})
			if err != nil || len(entries) != 1 || entries[0].Action != "payment.capture" || entries[0].ActorKind != "api_key" {
				t.Errorf("audit %+v, %v", entries, err)
			}
		})
	})
}

// One of many captures that are asked for at the same time is made.
func TestAPICapturesInParallel(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		id := shop.authorized(900)
		replies := make([]reply, 20)
		var group sync.WaitGroup
		for i := range replies {
			group.Go(func() {
				replies[i] = shop.post("/api/v1/payments/"+id+"/"+[]string{"capture", "void"}[i%2], "")
			})
		}
		group.Wait()
		won := 0
		for _, r := range replies {
			if r.status == http.StatusAccepted {
				won++
				continue
			}
			r.problem(t, http.StatusConflict, "payment_not_authorized")
		}
		attempts, err := db.Attempts(t.Context(), id)
		if err != nil || won != 1 || len(attempts) != 2 {
			t.Errorf("%d were accepted, %d attempts, %v", won, len(attempts), err)
		}
	})
}

func TestAPICustomerOfToken(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		body := func(customer string) string {
			return jsonOf(map[string]any{
				"order_id": shop.order(500), "amount": 500, "currency": "EUR",
				"method": map[string]string{"type": "card", "token": "pm_1", "customer": customer},
			})
		}
		r := shop.post("/api/v1/payments", body(" cus_9 ")).want(t, http.StatusAccepted)
		p, err := db.Payment(t.Context(), models.AllMerchants(), r.id(t))
		if err != nil || p.MethodCustomer != "cus_9" {
			t.Errorf("customer %q, %v", p.MethodCustomer, err)
		}
		shop.post("/api/v1/payments", body("4242424242424242")).problem(t, http.StatusUnprocessableEntity, "card_number_refused")
	})
}
