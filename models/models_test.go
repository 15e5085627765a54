package models_test

import (
	"errors"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestMovePayment(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := modelstest.Merchant(t, db)
		g := modelstest.Gateway(t, db, m.ID)
		o := modelstest.Order(t, db, m.ID, 1999)
		p, a := modelstest.Payment(t, db, o, g.ID)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			if ok, err := tx.MoveAttempt(a.ID, models.AttemptSending, models.AttemptChange{}); err != nil || !ok {
				t.Errorf("MoveAttempt = %v, %v", ok, err)
			}
			_, err := tx.MovePayment(p.ID, models.PaymentProcessing, models.PaymentChange{})
			return err
		})
		modelstest.Write(t, db, func(tx *models.Tx) error {
			if ok, err := tx.MoveAttempt(a.ID, models.AttemptSucceeded, models.AttemptChange{ProviderReference: "ch_1"}); err != nil || !ok {
				t.Errorf("MoveAttempt = %v, %v", ok, err)
			}
			_, err := tx.MovePayment(p.ID, models.PaymentPaid, models.PaymentChange{Captured: 1999})
			return err
		})
		err := db.Write(t.Context(), func(tx *models.Tx) error {
			_, err := tx.MovePayment(p.ID, models.PaymentFailed, models.PaymentChange{})
			return err
		})
		var refused *models.Error
		if !errors.As(err, &refused) || refused.Status != "paid" {
			t.Errorf("moving a paid payment to failed: %v", err)
		}
		got, err := db.OrderObject(t.Context(), models.MerchantScope(m.ID), o.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.PaymentState != "paid" || got.AmountPaid != 1999 || got.Payments[0].Attempts[0].Status != models.AttemptSucceeded {
			t.Errorf("order = %+v", got)
		}
		events, _, err := db.Events(t.Context(), models.MerchantScope(m.ID), "", models.Span{}, models.Page{})
		if err != nil {
			t.Fatal(err)
		}
		var types []string
		for _, e := range events {
			types = append(types, e.Type)
		}
		if len(types) != 3 || types[0] != "order.updated" || types[1] != "payment.paid" || types[2] != "order.created" {
			t.Errorf("events = %v", types)
		}
	})
}
