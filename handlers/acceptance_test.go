package handlers

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

// The tests below are acceptance tests of payments: from the API through the
// sandbox provider and its webhooks to what the merchant is told.

func TestAcceptance05StaleFailureAfterPaid(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newTill(t, db)
		shop.refuse.Store(1)
		id := shop.charge("tok_success")
		shop.wantPayment(id, map[string]any{"status": "failed"})
		shop.post("/api/v1/payments/"+id+"/retry", `{"reason":"the customer asked"}`).want(t, http.StatusAccepted)
		shop.send(id)
		shop.wantPayment(id, map[string]any{"status": "paid", "amount_captured": 4990.0})

		late := shop.hears(shop.told("charge.failed"), 10) // of the first attempt
		if len(late) != 1 || late[0].Status != models.InboundStale || late[0].PaymentID == nil || *late[0].PaymentID != id {
			t.Errorf("the failure of the first attempt became %+v", late)
		}
		for _, e := range shop.hears(shop.told("charge.succeeded"), 10) { // of the second: known already
			if e.Status != models.InboundStale {
				t.Errorf("%s became %s", e.Type, e.Status)
			}
		}
		shop.wantPayment(id, map[string]any{"status": "paid", "amount_captured": 4990.0, "failure": nil})
		shop.wantToldOnce(models.EventPaymentPaid)
		shop.wantToldOnce(models.EventPaymentFailed)
		if charges, captured, _ := shop.ledger(); charges != 1 || captured != 4990 {
			t.Errorf("the bank made %d charges over %d", charges, captured)
		}
	})
}

func TestAcceptance06DuplicateWebhooks(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newTill(t, db)
		id := shop.charge("tok_500_after_charge")
		shop.wantPayment(id, map[string]any{"status": "unknown"})

		events := shop.hears(shop.told("charge.succeeded"), 50)
		if len(events) != 1 || events[0].Duplicates != 49 || events[0].Status != models.InboundApplied {
			t.Errorf("50 webhooks became %+v", events)
		}
		var jobs int
		row := db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM river_job WHERE kind = 'inbound.apply'")
		if err := row.Scan(&jobs); err != nil || jobs != 1 {
			t.Errorf("%d jobs apply it, %v", jobs, err)
		}
		shop.wantPayment(id, map[string]any{"status": "paid", "amount_captured": 4990.0})
		shop.wantToldOnce(models.EventPaymentPaid)
		payment := shop.get("/api/v1/payments/" + id).object(t)
		order := shop.get("/api/v1/orders/" + payment["order_id"].(string)).object(t)
		if order["amount_paid"] != 4990.0 || order["payment_state"] != "paid" {
			t.Errorf("the order has %v paid and is %v", order["amount_paid"], order["payment_state"])
		}
		shop.hears(shop.told("charge.succeeded"), 50) // once more, later
		shop.wantToldOnce(models.EventPaymentPaid)
	})
}

func TestAcceptance10RefundDoubleSubmit(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newTill(t, db)
		paid := shop.charge("tok_success")
		body := jsonOf(map[string]any{"payment_id": paid, "amount": 4990, "reason": "sent back"})
		replies := shop.submit("/api/v1/refunds", body, "refund-1", 20)
		refund := replies[0].id(t)
		for _, r := range replies {
			if r.body != replies[0].body {
				t.Errorf("different answers:\n%s\n%s", r.body, replies[0].body)
			}
		}
		if list := shop.get("/api/v1/refunds?payment_id=" + paid).object(t)["data"].([]any); len(list) != 1 {
			t.Errorf("%d refunds", len(list))
		}
		// Whoever submits it anew, and not again, is refused.
		shop.post("/api/v1/refunds", body).problem(t, http.StatusUnprocessableEntity, "refund_too_large")
		together(10, func(int) { // as jobs after a rescue
			if err := shop.site.pay.SendRefund(t.Context(), refund); err != nil {
				if _, busy := errors.AsType[payments.BusyError](err); !busy {
					t.Error(err)
				}
			}
		})
		if _, _, refunded := shop.ledger(); refunded != 4990 {
			t.Errorf("the bank gave back %d", refunded)
		}
		shop.wantPayment(paid, map[string]any{"amount_refunded": 4990.0, "amount_refund_pending": 0.0})
		shop.wantToldOnce(models.EventRefundSucceeded)
	})
}

func TestAcceptance10RefundFailsLate(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newTill(t, db)
		paid := shop.charge("tok_refund_fails")
		refund := shop.refund(paid, 4990).want(t, http.StatusAccepted).id(t)
		if err := shop.site.pay.SendRefund(t.Context(), refund); err != nil {
			t.Fatal(err)
		}
		shop.wantPayment(paid, map[string]any{"amount_refunded": 4990.0})
		shop.refund(paid, 1).problem(t, http.StatusUnprocessableEntity, "refund_too_large")

		shop.hears(shop.told("refund.failed"), 10) // the customer's bank sends it back
		shop.wantPayment(paid, map[string]any{"amount_refunded": 0.0, "amount_refund_pending": 0.0, "status": "paid"})
		r := shop.get("/api/v1/refunds/" + refund).object(t)
		if why, _ := r["failure"].(map[string]any); r["status"] != "failed" || why["code"] != "refund_failed" {
			t.Errorf("refund is %v", r)
		}
		shop.wantToldOnce(models.EventRefundSucceeded)
		shop.wantToldOnce(models.EventRefundFailed)
		p, err := db.Payment(t.Context(), models.AllMerchants(), paid)
		if err != nil || p.Issue != models.IssueRefundReversed {
			t.Errorf("nobody is called: issue %q, %v", p.Issue, err)
		}
		shop.hears(shop.told("refund.succeeded"), 10) // older news do not bring it back
		shop.wantPayment(paid, map[string]any{"amount_refunded": 0.0})
		shop.refund(paid, 4990).want(t, http.StatusAccepted) // what came back can be given once more
	})
}

// submit sends a request many times at once under one key, each until it is
// answered, and fails the test for any refusal but that another is running.
func (s *client) submit(path, body, key string, times int) []reply {
	s.t.Helper()
	replies := make([]reply, times)
	var fresh atomic.Int64
	together(times, func(i int) {
		for {
			r := s.call(http.MethodPost, path, body, idempotencyHeader, key)
			if r.status == http.StatusConflict {
				r.problem(s.t, http.StatusConflict, "idempotency_key_in_use")
				if r.header.Get("Retry-After") == "" {
					s.t.Error("no Retry-After while another request runs")
				}
				<-time.After(200 * time.Millisecond) // twenty at once keep within the rate of their key
				continue
			}
			if r.status == http.StatusTooManyRequests { // a slow machine makes many ask at once
				<-time.After(time.Second)
				continue
			}
			if replies[i] = r; r.header.Get("Idempotent-Replayed") == "" {
				fresh.Add(1)
			}
			return
		}
	})
	for _, r := range replies {
		r.want(s.t, http.StatusAccepted)
	}
	if fresh.Load() != 1 {
		s.t.Errorf("%d of %d requests were carried out", fresh.Load(), times)
	}
	return replies
}

func TestAcceptance11SameIdempotencyKey(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newTill(t, db)
		paid := shop.charge("tok_success")
		order := shop.order(1000)
		for _, tt := range []struct{ name, path, body, other string }{
			{"payment", "/api/v1/payments", shop.body(order, "tok_success", 1000), shop.body(order, "tok_success", 999)},
			{"refund", "/api/v1/refunds", refundOf(paid, 100, "broken"), refundOf(paid, 101, "broken")},
		} {
			t.Run(tt.name, func(t *testing.T) {
				in := shop.inFlight(t, tt.path, tt.body, tt.name+"-slow")
				if in.header.Get("Retry-After") != "1" {
					t.Errorf("Retry-After %q", in.header.Get("Retry-After"))
				}
				replies := shop.submit(tt.path, tt.body, tt.name, 20)
				for _, r := range replies {
					if r.body != replies[0].body || r.header.Get("Location") != replies[0].header.Get("Location") {
						t.Errorf("a replay differs:\n%s\n%s", r.body, replies[0].body)
					}
				}
				later := shop.call(http.MethodPost, tt.path, tt.body, idempotencyHeader, tt.name).want(t, http.StatusAccepted)
				if later.body != replies[0].body || later.header.Get("Idempotent-Replayed") != "true" {
					t.Errorf("a later replay differs: %s", later.body)
				}
				shop.call(http.MethodPost, tt.path, tt.other, idempotencyHeader, tt.name).
					problem(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
			})
		}
		if made := shop.get("/api/v1/payments?order_id=" + order).object(t)["data"].([]any); len(made) != 1 {
			t.Errorf("%d payments", len(made))
		}
		if made := shop.get("/api/v1/refunds").object(t)["data"].([]any); len(made) != 1 {
			t.Errorf("%d refunds", len(made))
		}
	})
}

func refundOf(paymentID string, amount int64, reason string) string {
	return jsonOf(map[string]any{"payment_id": paymentID, "amount": amount, "reason": reason})
}

// inFlight is the answer to a request whose key another request is still using.
func (s *client) inFlight(t *testing.T, path, body, key string) reply {
	t.Helper()
	running, finish, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := s.site.db.Idempotent(t.Context(), s.merchant.ID, key, "first", func(*models.Tx) (models.Answer, error) {
			close(running)
			<-finish
			return models.Answer{Status: http.StatusAccepted, Body: json.RawMessage("{}")}, nil
		})
		ended <- err
	}()
	<-running
	r := s.call(http.MethodPost, path, body, idempotencyHeader, key)
	close(finish)
	r.problem(t, http.StatusConflict, "idempotency_key_in_use")
	if err := <-ended; cmp.Or(err, t.Context().Err()) != nil {
		t.Fatal(err)
	}
	return r
}
