package handlers

import (
	"net/http"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// move brings a payment and its attempt to where a test needs them.
func (s *client) move(paymentID string, to models.PaymentStatus, attempt models.AttemptStatus, change models.PaymentChange) {
	s.t.Helper()
	modelstest.Write(s.t, s.site.db, func(tx *models.Tx) error {
		a, err := tx.LastAttempt(paymentID)
		if err != nil {
			return err
		}
		for _, status := range []models.AttemptStatus{models.AttemptSending, attempt} {
			if _, err := tx.MoveAttempt(a.ID, status, models.AttemptChange{}); err != nil {
				return err
			}
		}
		if _, err := tx.MovePayment(paymentID, models.PaymentProcessing, models.PaymentChange{}); err != nil {
			return err
		}
		_, err = tx.MovePayment(paymentID, to, change)
		return err
	})
}

func (s *client) payment(orderID string, amount int64) string {
	s.t.Helper()
	return s.post("/api/v1/payments", paymentBody(orderID, amount)).want(s.t, http.StatusAccepted).id(s.t)
}

// accepted waits until there is a payment of the order and returns its id.
func (s *client) accepted(orderID string) string {
	s.t.Helper()
	for s.t.Context().Err() == nil {
		found, _, err := s.site.db.Payments(s.t.Context(), models.AllMerchants(), models.PaymentFilter{OrderID: orderID}, models.Page{})
		if err != nil {
			s.t.Fatal(err)
		}
		if len(found) == 1 {
			return found[0].ID
		}
		<-time.After(10 * time.Millisecond)
	}
	return ""
}

func TestAPIPayments(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		order := shop.order(4990)

		accepted := shop.post("/api/v1/payments", paymentBody(order, 4000)).want(t, http.StatusAccepted)
		id := accepted.id(t)
		if got := accepted.header.Get("Location"); got != "/api/v1/payments/"+id {
			t.Errorf("Location %q", got)
		}
		p := accepted.object(t)
		if p["status"] != "pending" || p["gateway"] != shop.gateway.ID || len(p["attempts"].([]any)) != 1 || p["failure"] != nil {
			t.Errorf("payment is %s", accepted.body)
		}
		if got := shop.get("/api/v1/payments/"+id).want(t, http.StatusOK); got.body != accepted.body {
			t.Errorf("GET differs: %s", got.body)
		}

		t.Run("refusals", func(t *testing.T) {
			tests := []struct {
				name, body  string
				status      int
				code, field string
			}{
				{"more than is due", paymentBody(order, 991), 422, "amount_exceeds_due", "amount"},
				{"nothing", paymentBody(order, 0), 422, "too_small", "amount"},
				{"unknown order", paymentBody(exampleOrderID, 1), 422, "unknown_order", "order_id"},
				{"no order", `{"amount":1,"currency":"EUR","method":{"type":"card","token":"t"}}`, 422, "required", "order_id"},
				{"two orders", `{"order_id":"a","order_number":"b","amount":1,"currency":"EUR","method":{"type":"card","token":"t"}}`, 422, "order_named_twice", "order_number"},
				{"another currency", jsonOf(map[string]any{"order_id": order, "amount": 1, "currency": "USD", "method": map[string]string{"type": "card", "token": "t"}}), 422, "currency_mismatch", "currency"},
				{"no method", jsonOf(map[string]any{"order_id": order, "amount": 1, "currency": "EUR"}), 422, "required", "method"},
				{"no token", jsonOf(map[string]any{"order_id": order, "amount": 1, "currency": "EUR", "method": map[string]string{"type": "card"}}), 422, "required", "method.token"},
				{"unknown method", jsonOf(map[string]any{"order_id": order, "amount": 1, "currency": "EUR", "method": map[string]string{"type": "cash"}}), 422, "unknown_value", "method.type"},
				{"card number", jsonOf(map[string]any{"order_id": order, "amount": 1, "currency": "EUR", "method": map[string]string{"type": "card", "token": "4242424242424242"}}), 422, "card_number_refused", "method.token"},
				{"card number in the return address", jsonOf(map[string]any{"order_id": order, "amount": 1, "currency": "EUR", "return_url": "https://shop.example/?card=4242+4242+4242+4242", "method": map[string]string{"type": "card", "token": "t"}}), 422, "card_number_refused", "return_url"},
				{"card number for a key", jsonOf(map[string]any{"order_id": order, "amount": 1, "currency": "EUR", "metadata": map[string]string{"4242424242424242": "1"}, "method": map[string]string{"type": "card", "token": "t"}}), 422, "card_number_refused", "metadata"},
				{"unknown account", jsonOf(map[string]any{"order_id": order, "amount": 1, "currency": "EUR", "gateway": exampleGatewayID, "method": map[string]string{"type": "card", "token": "t"}}), 422, "unknown_gateway", "gateway"},
				{"script for a return address", jsonOf(map[string]any{"order_id": order, "amount": 1, "currency": "EUR", "return_url": "javascript:alert(1)", "method": map[string]string{"type": "card", "token": "t"}}), 422, "bad_url", "return_url"},
			}
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					p := shop.post("/api/v1/payments", tt.body).problem(t, tt.status, tt.code)
					if len(p.Errors) != 1 || p.Errors[0].Field != tt.field {
						t.Errorf("errors %+v, want one of %s", p.Errors, tt.field)
					}
				})
			}
		})
		t.Run("by the order's number", func(t *testing.T) {
			number := shop.get("/api/v1/orders/" + order).object(t)["number"]
			body := jsonOf(map[string]any{"order_number": number, "amount": 10, "currency": "EUR", "capture": "manual", "method": map[string]string{"type": "wallet"}})
			if got := shop.post("/api/v1/payments", body).want(t, http.StatusAccepted).object(t)["capture"]; got != "manual" {
				t.Errorf("capture %v", got)
			}
		})
		t.Run("a paid order takes no more", func(t *testing.T) {
			paid := shop.order(100)
			shop.move(shop.payment(paid, 100), models.PaymentPaid, models.AttemptSucceeded, models.PaymentChange{Captured: 100})
			if p := shop.post("/api/v1/payments", paymentBody(paid, 100)).problem(t, http.StatusConflict, "order_already_paid"); p.CurrentStatus != "paid" {
				t.Errorf("current_status %q", p.CurrentStatus)
			}
			shop.post("/api/v1/orders/"+paid+"/cancel", "").problem(t, http.StatusConflict, "order_paid")
		})
	})
}

func TestAPIPaymentRetryAndSync(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		failed := func(class string) string {
			id := shop.payment(shop.order(500), 500)
			shop.move(id, models.PaymentFailed, models.AttemptDeclined, models.PaymentChange{
				Failure: models.Failure{Code: "declined", Class: class, Message: "The card was declined."},
			})
			return id
		}
		retry := func(id string) reply {
			return shop.post("/api/v1/payments/"+id+"/retry", `{"reason":"customer asked"}`)
		}

		t.Run("a failed payment is tried again", func(t *testing.T) {
			id := failed("later")
			r := retry(id).want(t, http.StatusAccepted)
			if p := r.object(t); p["status"] != "processing" || len(p["attempts"].([]any)) != 2 || r.header.Get("Location") != "/api/v1/payments/"+id {
				t.Errorf("payment is %s", r.body)
			}
			if p := retry(id).problem(t, http.StatusConflict, "attempt_open"); p.CurrentStatus != "processing" {
				t.Errorf("current_status %q", p.CurrentStatus)
			}
			entries, _, err := db.AuditEntries(t.Context(), models.AllMerchants(), models.AuditFilter{ObjectID: id}, models.Page{})
			if err != nil || len(entries) != 1 || entries[0].ActorKind != "api_key" || entries[0].Reason != "customer asked" || entries[0].RequestID == "" {
				t.Errorf("audit %+v, %v", entries, err)
			}
		})
		t.Run("refused for ever", func(t *testing.T) { retry(failed("never")).problem(t, http.StatusConflict, "retry_forbidden") })
		t.Run("without a reason", func(t *testing.T) {
			shop.post("/api/v1/payments/"+failed("later")+"/retry", `{"reason":"  a "}`).problem(t, http.StatusUnprocessableEntity, "reason_required")
			shop.post("/api/v1/payments/"+failed("later")+"/retry", `{}`).problem(t, http.StatusUnprocessableEntity, "required")
		})
		t.Run("an open outcome is looked up, not retried", func(t *testing.T) {
			id := shop.payment(shop.order(500), 500)
			shop.move(id, models.PaymentUnknown, models.AttemptUnknown, models.PaymentChange{})
			retry(id).problem(t, http.StatusConflict, "outcome_unknown")
			shop.post("/api/v1/payments/"+id+"/sync", "").want(t, http.StatusAccepted)
			shop.post("/api/v1/payments/"+failed("later")+"/sync", "").problem(t, http.StatusConflict, "outcome_known")
		})
	})
}

func TestAPIPaymentWait(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		order := shop.order(500)
		body := paymentBody(order, 500)
		replies := make(chan reply, 1)
		start := time.Now()
		go func() {
			replies <- shop.call("POST", "/api/v1/payments", body, idempotencyHeader, "k", "Prefer", "respond-async, wait=15")
		}()
		id := shop.accepted(order)
		shop.move(id, models.PaymentPaid, models.AttemptSucceeded, models.PaymentChange{Captured: 500})
		r := (<-replies).want(t, http.StatusAccepted)
		if took := time.Since(start); r.object(t)["status"] != "paid" || took > 10*time.Second {
			t.Errorf("after %v: %s", took, r.body)
		}
		if got := r.header.Get("Preference-Applied"); got != "wait=15" {
			t.Errorf("Preference-Applied %q", got)
		}
		if again := shop.call("POST", "/api/v1/payments", body, idempotencyHeader, "k"); again.object(t)["status"] != "pending" {
			t.Errorf("the stored answer changed: %s", again.body)
		}
		if again := shop.call("POST", "/api/v1/payments", body, idempotencyHeader, "k", "Prefer", "wait=5"); again.object(t)["status"] != "paid" {
			t.Errorf("waiting for a replay answers %s", again.body)
		}
		late := shop.call("POST", "/api/v1/payments", paymentBody(shop.order(100), 100), idempotencyHeader, "l", "Prefer", "wait=1")
		if late.want(t, http.StatusAccepted).object(t)["status"] != "pending" {
			t.Errorf("after the wait: %s", late.body)
		}
	})
}

func TestPreferredWait(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"": 0, "wait=5": 5 * time.Second, "Wait = 5": 5 * time.Second, `wait="7"`: 7 * time.Second, "respond-async, wait=3; x=y": 3 * time.Second,
		"wait=300": maxWait, "wait=99999999999999999999": 0, "wait=-1": 0, "wait=soon": 0, "waiting=5": 0,
	} {
		if got := preferredWait(header); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}
