package models_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// amounts are an order's columns that payments move.
type amounts struct{ Pending, Authorized, Paid, Refunded int64 }

func orderAmounts(o *models.Order) amounts {
	return amounts{o.AmountPending, o.AmountAuthorized, o.AmountPaid, o.AmountRefunded}
}

// paymentAmounts adds up what the payments of an order hold of it, by their
// statuses alone.
func paymentAmounts(t testing.TB, db *models.DB, orderID string) amounts {
	t.Helper()
	var payments []models.Payment
	if err := db.Reads(t.Context()).Where("order_id = ?", orderID).Find(&payments).Error; err != nil {
		t.Fatal(err)
	}
	var sum amounts
	for _, p := range payments {
		switch p.Status {
		case models.PaymentPaid:
			sum.Paid += p.AmountCaptured
		case models.PaymentAuthorized:
			sum.Authorized += p.Amount
		case models.PaymentPending, models.PaymentProcessing, models.PaymentRequiresAction, models.PaymentUnknown,
			models.PaymentNeedsReview:
			sum.Pending += p.Amount
		case models.PaymentFailed, models.PaymentVoided, models.PaymentCanceled, models.PaymentExpired:
		}
		sum.Refunded += p.AmountRefunded
	}
	return sum
}

// force puts a payment into a status without a move, with what belongs to it.
func force(t testing.TB, db *models.DB, p *models.Payment, status models.PaymentStatus) {
	t.Helper()
	captured := int64(0)
	if status == models.PaymentPaid {
		captured = p.Amount
	}
	column := models.OrderColumn(status)
	modelstest.Write(t, db, func(tx *models.Tx) error {
		g := tx.Gorm()
		if err := g.Exec("UPDATE payments SET status = ?, amount_captured = ? WHERE id = ?", status, captured, p.ID).Error; err != nil {
			return err
		}
		return g.Exec("UPDATE orders SET amount_pending = ?, amount_authorized = ?, amount_paid = ? WHERE id = ?",
			only(column == "amount_pending", p.Amount), only(column == "amount_authorized", p.Amount),
			only(column == "amount_paid", p.Amount), p.OrderID).Error
	})
}

// only is the amount if yes, and nothing otherwise.
func only(yes bool, amount int64) int64 {
	if yes {
		return amount
	}
	return 0
}

func TestMovePaymentAlongEveryEdge(t *testing.T) {
	t.Parallel()
	moves := models.PaymentMoves()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		o := modelstest.Order(t, db, s.ID, 1000)
		p, _ := modelstest.Payment(t, db, o, s.gateway)
		for _, from := range models.PaymentStatuses {
			for _, to := range models.PaymentStatuses {
				force(t, db, p, from)
				before := load[models.Payment](t, db, p.ID)
				events := count(t, db, "events", "object_id = ?", p.ID)
				err := db.Write(t.Context(), func(tx *models.Tx) error {
					_, err := tx.MovePayment(p.ID, to, models.PaymentChange{Cause: "test", Captured: 1000})
					return err
				})
				after := load[models.Payment](t, db, p.ID)
				edge := fmt.Sprintf("%s → %s", from, to)
				if slices.Contains(moves[to], from) {
					if err != nil || after.Status != to || after.Version != before.Version+1 {
						t.Errorf("%s: %v, is %s in version %d after %d", edge, err, after.Status, after.Version, before.Version)
					}
				} else {
					var refused *models.Error
					if !errors.As(err, &refused) || refused.Code != "payment_status" || refused.Status != string(from) {
						t.Errorf("%s is forbidden, but: %v", edge, err)
					}
					if after.Status != from || after.Version != before.Version || count(t, db, "events", "object_id = ?", p.ID) != events {
						t.Errorf("%s was refused and left something", edge)
					}
				}
				order := load[models.Order](t, db, o.ID)
				if got, want := orderAmounts(&order), paymentAmounts(t, db, o.ID); got != want {
					t.Errorf("%s: order holds %+v, its payments %+v", edge, got, want)
				}
			}
		}
	})
}

func TestMovePaymentTellsOfSettledStatusesOnly(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		for to, sources := range models.PaymentMoves() {
			o := modelstest.Order(t, db, s.ID, 1000)
			p, _ := modelstest.Payment(t, db, o, s.gateway)
			force(t, db, p, sources[0])
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, err := tx.MovePayment(p.ID, to, models.PaymentChange{Cause: "test", Captured: 1000})
				return err
			})
			want := int64(1)
			if to == models.PaymentProcessing || to == models.PaymentUnknown {
				want = 0
			}
			if got := count(t, db, "events", "object_id = ? AND type = ? AND cause = 'test'", p.ID, "payment."+string(to)); got != want {
				t.Errorf("%s: %d events, want %d", to, got, want)
			}
		}
	})
}

func TestMovePaymentRefusesImpossibleCaptures(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		o := modelstest.Order(t, db, s.ID, 1000)
		p, _ := modelstest.Payment(t, db, o, s.gateway)
		force(t, db, p, models.PaymentProcessing)
		for _, captured := range []int64{-1, 0, 1001} {
			err := db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := tx.MovePayment(p.ID, models.PaymentPaid, models.PaymentChange{Captured: captured})
				return err
			})
			if !errors.Is(err, models.Invalid("", "amount_out_of_range")) {
				t.Errorf("captured %d of 1000: %v", captured, err)
			}
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.MovePayment(p.ID, models.PaymentPaid, models.PaymentChange{Captured: 400})
			return err
		})
		order := load[models.Order](t, db, o.ID)
		if order.PaymentState != "partly_paid" || order.AmountDue() != 600 {
			t.Errorf("after 400 of 1000 the order is %s and %d are due", order.PaymentState, order.AmountDue())
		}
	})
}

func TestMoveAttemptAlongEveryEdge(t *testing.T) {
	t.Parallel()
	moves := models.AttemptMoves()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		_, a := modelstest.Payment(t, db, modelstest.Order(t, db, s.ID, 1000), s.gateway)
		lease := db.Now().Add(time.Minute)
		for _, from := range models.AttemptStatuses {
			for _, to := range models.AttemptStatuses {
				execute(t, db, "UPDATE attempts SET status = ?, started_at = NULL, finished_at = NULL WHERE id = ?", from, a.ID)
				var moved bool
				modelstest.Write(t, db, func(tx *models.Tx) (err error) {
					moved, err = tx.MoveAttempt(a.ID, to, models.AttemptChange{LeaseUntil: &lease})
					return err
				})
				after := load[models.Attempt](t, db, a.ID)
				legal, want := slices.Contains(moves[to], from), from
				if legal {
					want = to
				}
				if moved != legal || after.Status != want {
					t.Errorf("%s → %s: moved = %v to %s, want %v", from, to, moved, after.Status, legal)
				}
				if legal && (after.FinishedAt != nil) == to.Open() {
					t.Errorf("%s → %s: finished at %v", from, to, after.FinishedAt)
				}
			}
		}
	})
}

func TestMoveAttemptRefusesAnothersReference(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		var attempts []*models.Attempt
		for range 2 {
			_, a := modelstest.Payment(t, db, modelstest.Order(t, db, s.ID, 1000), s.gateway)
			attempts = append(attempts, a)
			execute(t, db, "UPDATE attempts SET status = 'sending' WHERE id = ?", a.ID)
		}
		succeed := func(a *models.Attempt) error {
			return db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := tx.MoveAttempt(a.ID, models.AttemptSucceeded, models.AttemptChange{ProviderReference: "ch_1"})
				return err
			})
		}
		if err := succeed(attempts[0]); err != nil {
			t.Error(err)
		}
		if err := succeed(attempts[1]); !errors.Is(err, models.Conflict("provider_reference_taken", "")) {
			t.Errorf("the second charge with the reference: %v", err)
		}
	})
}
