package payments_test

import (
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

// A call that panics is a failure to the breaker, which would otherwise wait for
// its end for ever once it is half open.
func TestBreakerCountsPanics(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = func(payments.Charge) payments.Result { panic("an adapter's mistake") }
		send := func() (p *models.Payment, panicked bool) {
			defer func() { panicked = recover() != nil }()
			d.order = modelstest.Order(t, db, d.shop.ID, 1999)
			p, a := d.accept(t)
			do(t, d.Send(t.Context(), a.ID))
			return p, false
		}
		for range 8 {
			if _, panicked := send(); !panicked {
				t.Fatal("the panic was swallowed")
			}
		}
		p, panicked := send()
		if panicked {
			t.Fatal("the account was called once more")
		}
		if got := d.attempts(t, p.ID)[0]; got.Status != models.AttemptNotSent || got.Code != "breaker_open" {
			t.Errorf("attempt is %s, %s", got.Status, got.Code)
		}
	})
}
