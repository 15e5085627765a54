package models_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// Whatever legal moves several payments of one order make, in whatever order:
// the order holds what they hold, never more than it costs, and each move is
// one version.
func TestOrderAmountsFollowAnyMoves(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		rapid.Check(t, func(r *rapid.T) {
			total := rapid.Int64Range(1, 5000).Draw(r, "order")
			o := modelstest.Order(t, db, s.ID, total)
			story := &payments{db: db, order: o, gateway: s.gateway}
			r.Repeat(map[string]func(*rapid.T){
				"pay":  story.pay,
				"move": story.move,
				"":     story.check,
			})
		})
	})
}

type payments struct {
	db      *models.DB
	order   *models.Order
	gateway string
	all     []models.Payment // as they should be
	charged bool             // a failed payment turned out to be charged: the order may be overpaid
}

func (s *payments) pay(r *rapid.T) {
	amount := rapid.Int64Range(1, s.order.Amount+10).Draw(r, "amount")
	due := s.order.Amount
	for _, p := range s.all {
		if models.OrderColumn(p.Status) != "" {
			due -= held(p)
		}
	}
	var made *models.Payment
	err := s.db.Write(r.Context(), func(tx *models.Tx) (err error) {
		made, err = tx.CreatePayment(models.Payment{
			MerchantID: s.order.MerchantID, OrderID: s.order.ID, GatewayAccountID: &s.gateway, Amount: amount, Currency: "EUR",
			Capture: models.CaptureAutomatic, MethodType: "card",
		})
		return err
	})
	var refused *models.Error
	switch {
	case amount <= due && err != nil:
		r.Fatalf("%d of %d due: %v", amount, due, err)
	case amount > due && !errors.As(err, &refused):
		r.Fatalf("%d of %d due was accepted: %v", amount, due, err)
	case err == nil:
		s.all = append(s.all, *made)
	}
}

func (s *payments) move(r *rapid.T) {
	if len(s.all) == 0 {
		r.Skip("no payment yet")
	}
	p := &s.all[rapid.IntRange(0, len(s.all)-1).Draw(r, "payment")]
	var ways []models.PaymentStatus
	for _, to := range models.PaymentStatuses {
		if slices.Contains(models.PaymentMoves()[to], p.Status) {
			ways = append(ways, to)
		}
	}
	if len(ways) == 0 {
		r.Skip("at its end")
	}
	to := rapid.SampledFrom(ways).Draw(r, "to")
	captured := rapid.Int64Range(1, p.Amount).Draw(r, "captured")
	var moved *models.Payment
	err := s.db.Write(r.Context(), func(tx *models.Tx) (err error) {
		moved, err = tx.MovePayment(p.ID, to, models.PaymentChange{Captured: captured})
		return err
	})
	reopened := p.Status == models.PaymentFailed && to == models.PaymentProcessing
	var refused *models.Error
	if reopened && errors.As(err, &refused) {
		return // nothing is due any more
	}
	if err != nil {
		r.Fatalf("%s → %s: %v", p.Status, to, err)
	}
	if moved.Version != p.Version+1 {
		r.Fatalf("%s → %s: version %d after %d", p.Status, to, moved.Version, p.Version)
	}
	s.charged = s.charged || p.Status == models.PaymentFailed && to == models.PaymentNeedsReview
	*p = *moved
}

func (s *payments) check(r *rapid.T) {
	var want amounts
	for _, p := range s.all {
		switch models.OrderColumn(p.Status) {
		case "amount_pending":
			want.Pending += held(p)
		case "amount_authorized":
			want.Authorized += held(p)
		case "amount_paid":
			want.Paid += held(p)
		}
	}
	o, err := s.db.Order(r.Context(), models.AllMerchants(), s.order.ID)
	if err != nil {
		r.Fatal(err)
	}
	if got := orderAmounts(o); got != want {
		r.Fatalf("order holds %+v, its payments %+v", got, want)
	}
	if sum := want.Pending + want.Authorized + want.Paid; sum > o.Amount && !s.charged {
		r.Fatalf("payments hold %d of %d", sum, o.Amount)
	}
}

func held(p models.Payment) int64 {
	if p.Status == models.PaymentPaid {
		return p.AmountCaptured
	}
	return p.Amount
}
