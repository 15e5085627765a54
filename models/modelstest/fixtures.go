package modelstest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/tillpost/tillpost/models"
)

var counter atomic.Int64

// Write runs fn in a transaction and fails the test on error.
func Write(t testing.TB, db *models.DB, fn func(tx *models.Tx) error) {
	t.Helper()
	if err := db.Write(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

// Merchant adds a merchant that trades in EUR in Berlin.
func Merchant(t testing.TB, db *models.DB) *models.Merchant {
	t.Helper()
	var m *models.Merchant
	Write(t, db, func(tx *models.Tx) (err error) {
		m, err = tx.CreateMerchant(models.Merchant{
			Name: fmt.Sprintf("Shop %d", counter.Add(1)), Currency: "EUR", Timezone: "Europe/Berlin",
		})
		return err
	})
	return m
}

// Actor is somebody who does things in tests.
func Actor() models.Actor { return models.Actor{Kind: "cli", Name: "test"} }

// Gateway adds an enabled sandbox payment account without secrets.
func Gateway(t testing.TB, db *models.DB, merchantID string) *models.GatewayAccount {
	t.Helper()
	a := models.GatewayAccount{Account: models.Account{
		ID: models.NewID(models.PrefixGatewayAccount), MerchantID: merchantID, Kind: "sandbox",
		Name: fmt.Sprintf("Sandbox %d", counter.Add(1)), Enabled: true,
	}}
	Write(t, db, func(tx *models.Tx) error { return tx.CreateGatewayAccount(a) })
	return &a
}

// Order adds an open order of one item over the amount, in EUR.
func Order(t testing.TB, db *models.DB, merchantID string, amount int64) *models.Order {
	t.Helper()
	var o *models.Order
	Write(t, db, func(tx *models.Tx) (err error) {
		o, err = tx.CreateOrder(models.Order{
			MerchantID: merchantID, Number: fmt.Sprintf("T-%d", counter.Add(1)), Currency: "EUR", Amount: amount,
			CustomerName: "Grace O'Neil", CustomerEmail: "grace@example.com", PlacedAt: tx.Now(),
		}, []models.OrderItem{{SKU: "TEA-1", Name: "Tea", Quantity: 1, Amount: amount}})
		return err
	})
	return o
}

// Payment adds a pending payment of the whole order with its queued attempt.
func Payment(t testing.TB, db *models.DB, o *models.Order, gatewayID string) (*models.Payment, *models.Attempt) {
	t.Helper()
	var (
		p *models.Payment
		a *models.Attempt
	)
	Write(t, db, func(tx *models.Tx) (err error) {
		p, err = tx.CreatePayment(models.Payment{
			MerchantID: o.MerchantID, OrderID: o.ID, GatewayAccountID: &gatewayID, Amount: o.Amount, Currency: o.Currency,
			Capture: models.CaptureAutomatic, MethodType: "card", MethodToken: "tok_success",
		})
		if err != nil {
			return err
		}
		a, err = tx.CreateAttempt(p, models.Attempt{GatewayAccountID: &gatewayID, Cause: models.CauseAPI})
		return err
	})
	return p, a
}

// Due makes a parcel due to be polled now.
func Due(t testing.TB, db *models.DB, shipmentID string) {
	t.Helper()
	Write(t, db, func(tx *models.Tx) error {
		sh, err := tx.Shipment(models.AllMerchants(), shipmentID)
		if err != nil {
			return err
		}
		now, change := tx.Now(), sh.Unchanged()
		change.NextPollAt = &now
		return tx.MoveShipment(sh, change)
	})
}

// DisableEndpoint disables an endpoint as it is now.
func DisableEndpoint(t testing.TB, db *models.DB, id, reason string) {
	t.Helper()
	Write(t, db, func(tx *models.Tx) error {
		e, err := tx.Endpoint(models.AllMerchants(), id)
		if err != nil {
			return err
		}
		return tx.DisableEndpoint(e, reason)
	})
}
