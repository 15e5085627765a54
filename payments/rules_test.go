package payments_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

// A class that a merchant has taken out of its rules is not tried again: the
// defaults are for merchants without rules.
func TestRulesReplaceTheDefaults(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		rules := payments.DefaultRules()
		rules.Declined = map[payments.Class][]time.Duration{payments.ClassLater: {time.Hour}}
		do(t, d.write(func(tx *models.Tx) error { return d.SetRules(tx, d.shop.ID, rules, modelstest.Actor()) }))
		got, err := d.RulesOf(t.Context(), d.shop.ID)
		do(t, err)
		if diff := cmp.Diff(rules, got); diff != "" {
			t.Errorf("rules (-stored +read):\n%s", diff)
		}
		d.bank.answer = declines(payments.ClassGeneric)
		p, a := d.accept(t)
		do(t, d.Send(t.Context(), a.ID))
		if at := d.payment(t, p.ID).NextRetryAt; at != nil {
			t.Errorf("tried again at %s", at)
		}
	})
}

// What one merchant's rules say must not reach the rules of others, which are
// the defaults.
func TestRulesOfOneMerchantAreNotOthers(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		rules := payments.DefaultRules()
		rules.Technical = []time.Duration{20 * time.Hour, 21 * time.Hour}
		do(t, d.write(func(tx *models.Tx) error { return d.SetRules(tx, d.shop.ID, rules, modelstest.Actor()) }))
		if _, err := d.RulesOf(t.Context(), d.shop.ID); err != nil {
			t.Fatal(err)
		}
		got, err := d.RulesOf(t.Context(), modelstest.Merchant(t, db).ID)
		do(t, err)
		if diff := cmp.Diff(payments.DefaultRules(), got); diff != "" {
			t.Errorf("another merchant's rules (-default +read):\n%s", diff)
		}
	})
}
