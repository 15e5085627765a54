package payments_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

func TestTwoPaymentsCannotPayOneOrderTwice(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		var accepted atomic.Int64
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				err := db.Write(context.Background(), func(tx *models.Tx) error {
					_, err := d.Accept(tx, d.shop.ID, d.new())
					return err
				})
				var refused *models.Error
				if err == nil {
					accepted.Add(1)
				} else if !errors.As(err, &refused) || refused.Code != "order_payment_open" {
					t.Errorf("accept: %v", err)
				}
			})
		}
		wg.Wait()
		if accepted.Load() != 1 {
			t.Errorf("%d payments of one order were accepted", accepted.Load())
		}
	})
}

func TestAcceptRefuses(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	d := newDesk(t, db)
	tests := []struct {
		name              string
		change            func(in *payments.New)
		wantField, wantIt string
	}{
		{"no order", func(in *payments.New) { in.OrderID = "" }, "order_id", "required"},
		{"an unknown order", func(in *payments.New) { in.OrderID = "ord_x" }, "order_id", "unknown_order"},
		{"a negative amount", func(in *payments.New) { in.Amount = -1 }, "amount", "must_be_positive"},
		{"more than is due", func(in *payments.New) { in.Amount = 2000 }, "amount", "amount_exceeds_due"},
		{"another currency", func(in *payments.New) { in.Currency = "USD" }, "currency", "currency_mismatch"},
		{"no currency", func(in *payments.New) { in.Currency = "eur" }, "currency", "unknown_currency"},
		{"an unknown method", func(in *payments.New) { in.MethodType = "shells" }, "method.type", "unknown_method"},
		{"a card without token", func(in *payments.New) { in.Token = "" }, "method.token", "required"},
		{"a card number", func(in *payments.New) { in.Token = "4242 4242 4242 4242" }, "method.token", "card_number_refused"},
		{"a card number in a text", func(in *payments.New) { in.Description = "card 4242-4242-4242-4242." }, "description", "card_number_refused"},
		{"a text too long", func(in *payments.New) { in.Description = strings.Repeat("茶", 501) }, "description", "too_long"},
		{"an unknown account", func(in *payments.New) { in.Gateway = "gwa_x" }, "gateway", "unknown_gateway"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := d.new()
			tt.change(&in)
			err := db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := d.Accept(tx, d.shop.ID, in)
				return err
			})
			var refused *models.Error
			if !errors.As(err, &refused) || refused.Field != tt.wantField || refused.Code != tt.wantIt {
				t.Errorf("got %v, want %s: %s", err, tt.wantField, tt.wantIt)
			}
		})
	}
}

func TestTextsAreCountedInCharacters(t *testing.T) {
	t.Parallel()
	d := newDesk(t, modelstest.SQLite(t))
	in := d.new()
	in.Description = strings.Repeat("茶", 500)
	do(t, d.db.Write(t.Context(), func(tx *models.Tx) error {
		_, err := d.Accept(tx, d.shop.ID, in)
		return err
	}))
}
