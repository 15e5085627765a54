package models_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// together runs fn n times at once, numbered, and counts those without error.
// Errors are told apart by refused: others fail the test.
func together(t *testing.T, n int, fn func(i int) error) (good int64) {
	t.Helper()
	var (
		wg    sync.WaitGroup
		count atomic.Int64
		start = make(chan struct{})
	)
	for i := range n {
		wg.Go(func() {
			<-start
			err := fn(i)
			var refused *models.Error
			switch {
			case err == nil:
				count.Add(1)
			case !errors.As(err, &refused):
				t.Errorf("%d of %d: %v", i, n, err)
			}
		})
	}
	close(start)
	wg.Wait()
	return count.Load()
}

func TestManyRetriesMakeOneAttempt(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		p, a := modelstest.Payment(t, db, modelstest.Order(t, db, s.ID, 1000), s.gateway)
		execute(t, db, "UPDATE attempts SET status = 'declined' WHERE id = ?", a.ID)
		force(t, db, p, models.PaymentFailed)
		good := together(t, 100, func(int) error {
			return db.Write(t.Context(), func(tx *models.Tx) error {
				moved, err := tx.MovePayment(p.ID, models.PaymentProcessing, models.PaymentChange{})
				if err != nil {
					return err
				}
				_, err = tx.CreateAttempt(moved, models.Attempt{GatewayAccountID: &s.gateway, Cause: models.CauseManualRetry})
				return err
			})
		})
		attempts := count(t, db, "attempts", "payment_id = ?", p.ID)
		jobs := count(t, db, "river_job", "kind = 'payment.charge'")
		if good != 1 || attempts != 2 || jobs != 2 {
			t.Errorf("%d of 100 retries succeeded; %d attempts, %d jobs, want 2", good, attempts, jobs)
		}
	})
}

// Without any look at the payment's status the index still allows one.
func TestManyAttemptsMakeOneOpen(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		p, a := modelstest.Payment(t, db, modelstest.Order(t, db, s.ID, 1000), s.gateway)
		execute(t, db, "UPDATE attempts SET status = 'not_sent' WHERE id = ?", a.ID)
		good := together(t, 20, func(int) error {
			mine := *p
			return db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := tx.CreateAttempt(&mine, models.Attempt{GatewayAccountID: &s.gateway, Cause: models.CauseAutoRetry})
				return err
			})
		})
		if n := count(t, db, "attempts", "payment_id = ? AND status = 'queued'", p.ID); good != 1 || n != 1 {
			t.Errorf("%d succeeded, %d are open", good, n)
		}
	})
}

func TestTwoPaymentsCannotPayOneOrderTwice(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		for range 5 {
			o := modelstest.Order(t, db, s.ID, 1000)
			good := together(t, 8, func(int) error {
				return db.Write(t.Context(), func(tx *models.Tx) error {
					_, err := tx.CreatePayment(models.Payment{
						MerchantID: s.ID, OrderID: o.ID, Amount: 1000, Currency: "EUR", Capture: models.CaptureAutomatic, MethodType: "card",
					})
					return err
				})
			})
			after := load[models.Order](t, db, o.ID)
			if good != 1 || after.AmountPending != 1000 {
				t.Fatalf("%d payments of the whole order were accepted, %d are pending", good, after.AmountPending)
			}
		}
	})
}

// deadlock says that PostgreSQL ended one of two transactions that waited for
// each other. One that only waited for long is no fault.
func deadlock(err error) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal) && refusal.Code == "40P01"
}

// Writers that touch the same payments, attempts, parcels, orders, deliveries
// and accounts from all sides wait for each other and never deadlock.
func TestWritersFromAllSidesNeverDeadlock(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		account, endpoint := carrierAccount(t, db, s.ID), newEndpoint(t, db, s.ID)
		o := modelstest.Order(t, db, s.ID, 1_000_000)
		other := modelstest.Order(t, db, s.ID, 1000)
		var payments []*models.Payment
		var attempts []*models.Attempt
		modelstest.Write(t, db, func(tx *models.Tx) error {
			payments, attempts = nil, nil
			for range 4 {
				p, err := tx.CreatePayment(models.Payment{
					MerchantID: s.ID, OrderID: o.ID, GatewayAccountID: &s.gateway, Amount: 1000, Currency: "EUR",
					Capture: models.CaptureAutomatic, MethodType: "card",
				})
				if err != nil {
					return err
				}
				a, err := tx.CreateAttempt(p, models.Attempt{GatewayAccountID: &s.gateway, Cause: models.CauseAPI})
				if err != nil {
					return err
				}
				payments, attempts = append(payments, p), append(attempts, a)
			}
			return nil
		})
		var parcels []string
		for i, order := range []*models.Order{o, other, other, o} {
			parcels = append(parcels, parcel(t, db, order, account, fmt.Sprintf("N%d", i)).ID)
		}
		delivery := newDelivery(t, db, endpoint)
		sides := []func(tx *models.Tx, i int) error{
			func(tx *models.Tx, i int) error { // a charge begins or ends: the attempt first
				a := attempts[i%4]
				if _, err := tx.MoveAttempt(a.ID, models.AttemptSending, models.AttemptChange{}); err != nil {
					return err
				}
				_, err := tx.MovePayment(a.PaymentID, models.PaymentProcessing, models.PaymentChange{})
				return err
			},
			func(tx *models.Tx, i int) error { // the payment first
				p := payments[(i+1)%4]
				if _, err := tx.MovePayment(p.ID, models.PaymentFailed, models.PaymentChange{}); err != nil {
					return err
				}
				_, err := tx.MoveAttempt(attempts[(i+1)%4].ID, models.AttemptNotSent, models.AttemptChange{})
				return err
			},
			func(tx *models.Tx, i int) error { // an inquiry without an answer: the attempt first
				if err := tx.PlanInquiry(attempts[i%4].ID, i, tx.Now()); err != nil {
					return err
				}
				return tx.ClearNextRetry(payments[i%4].ID)
			},
			func(tx *models.Tx, i int) error { // the payment first
				if err := tx.NoteNextRetry(payments[i%4].ID, tx.Now()); err != nil {
					return err
				}
				return tx.PlanInquiry(attempts[i%4].ID, i, tx.Now())
			},
			func(tx *models.Tx, i int) error { // polls of several parcels, in any order
				mine := []string{parcels[i%4], parcels[(i+2)%4], parcels[(i+1)%4]}
				if err := tx.LockShipments(mine); err != nil {
					return err
				}
				for _, id := range mine {
					if err := moveParcel(tx, id, []string{models.ShipmentInTransit, models.ShipmentDelivered}[i%2]); err != nil {
						return err
					}
				}
				a, err := tx.CarrierAccount(models.AllMerchants(), account)
				if err != nil {
					return err
				}
				if err := tx.SetCarrierHealth(a, models.CarrierHealth{Failures: i}); err != nil {
					return err
				}
				return tx.AddCarrierCalls([]models.CarrierCall{ // in two buckets, in any order
					{MerchantID: a.MerchantID, CarrierAccountID: account, Outcome: models.CallOK, StartedAt: tx.Now(), LatencyMS: int64(i%2) * 100},
					{MerchantID: a.MerchantID, CarrierAccountID: account, Outcome: models.CallAuth, StartedAt: tx.Now(), LatencyMS: int64((i + 1) % 2 * 100)},
				})
			},
			func(tx *models.Tx, _ int) error { return tx.ResetCarrierBreaker(account) },
			func(tx *models.Tx, _ int) error { return tx.ResumeCarrierAccount(account) },
			func(tx *models.Tx, i int) error {
				return tx.ReleaseShipments([]string{parcels[3-i%4], parcels[i%4]})
			},
			func(tx *models.Tx, _ int) error {
				_, err := tx.ClaimShipments([]string{parcels[3], parcels[1], parcels[0], parcels[2]}, tx.Now(), tx.Now())
				return err
			},
			func(tx *models.Tx, _ int) error {
				_, err := tx.CreatePayment(models.Payment{
					MerchantID: s.ID, OrderID: o.ID, Amount: 1, Currency: "EUR", Capture: models.CaptureAutomatic, MethodType: "card",
				})
				return err
			},
			func(tx *models.Tx, _ int) error { return tx.CancelOrder(s.scope, other.ID) },
			func(tx *models.Tx, _ int) error {
				_, err := tx.ReplayDelivery(s.scope, delivery)
				return err
			},
			func(tx *models.Tx, _ int) error {
				_, err := tx.ClaimDeliveries(models.ClaimRequest{Endpoints: []string{endpoint.ID}, Room: 5, Lease: time.Minute})
				return err
			},
			func(tx *models.Tx, i int) error { // a delivery ends
				d, err := tx.Delivery(delivery)
				if err != nil {
					return err
				}
				failing := *endpoint
				if i%2 == 0 {
					failing.FailingSince = &d.CreatedAt
				}
				return tx.StoreDeliveries([]models.DeliveryResult{{
					Delivery: *d, Endpoint: &failing, Attempt: models.DeliveryAttempt{StartedAt: tx.Now()},
					Status: []string{models.DeliveryExhausted, models.DeliveryDelivered}[i/2%2],
				}}, 0)
			},
			func(tx *models.Tx, _ int) error {
				_, err := tx.ReleaseDeliveries(func(int) (time.Duration, bool) { return 0, true }, 10, nil)
				return err
			},
			func(tx *models.Tx, i int) error {
				enabled := i%2 == 0
				_, err := tx.UpdateEndpoint(s.scope, endpoint.ID, models.EndpointChange{Enabled: &enabled})
				return err
			},
			func(tx *models.Tx, _ int) error {
				_, err := tx.FoldStats(100)
				return err
			},
		}
		together(t, 4*len(sides), func(i int) error {
			for round := range 4 {
				err := db.Write(t.Context(), func(tx *models.Tx) error {
					err := sides[i%len(sides)](tx, i+round)
					if deadlock(err) {
						t.Errorf("side %d: %v", i%len(sides), err)
					}
					return err
				})
				var refused *models.Error
				if err != nil && !errors.As(err, &refused) {
					return fmt.Errorf("side %d: %w", i%len(sides), err)
				}
			}
			return nil
		})
		for _, order := range []*models.Order{o, other} {
			after := load[models.Order](t, db, order.ID)
			if got, want := orderAmounts(&after), paymentAmounts(t, db, order.ID); got != want {
				t.Errorf("order holds %+v, its payments %+v", got, want)
			}
			if n := count(t, db, "events", "order_id = ?", order.ID); after.Sequence != n {
				t.Errorf("order is at sequence %d of %d events", after.Sequence, n)
			}
		}
		if diffs, err := db.CheckStats(t.Context(), "0000", "9999"); err != nil || len(diffs) > 0 {
			t.Errorf("figures differ: %+v, %v", diffs, err)
		}
	})
}
