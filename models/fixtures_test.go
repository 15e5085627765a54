package models_test

import (
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// carrierAccount adds an enabled account and returns its id.
func carrierAccount(t testing.TB, db *models.DB, merchantID string) string {
	t.Helper()
	id := models.NewID(models.PrefixCarrierAccount)
	modelstest.Write(t, db, func(tx *models.Tx) error {
		return tx.CreateCarrierAccount(models.CarrierAccount{Account: models.Account{
			ID: id, MerchantID: merchantID, Kind: "dhl", Name: id, Enabled: true,
		}})
	})
	return id
}

func newEndpoint(t testing.TB, db *models.DB, merchantID string, events ...string) *models.Endpoint {
	t.Helper()
	var e *models.Endpoint
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		e, err = tx.CreateEndpoint(models.Endpoint{
			ID: models.NewID(models.PrefixEndpoint), MerchantID: merchantID, URL: "https://shop.example/hook", Secret: "sealed", Events: events,
		})
		return err
	})
	return e
}

// newDelivery adds the delivery of a ping and returns its id.
func newDelivery(t testing.TB, db *models.DB, e *models.Endpoint) string {
	t.Helper()
	var id string
	modelstest.Write(t, db, func(tx *models.Tx) error {
		_, d, err := tx.PingEndpoint(models.AllMerchants(), e.ID)
		if err == nil {
			id = d.ID
		}
		return err
	})
	return id
}

// parcel adds a parcel that is due.
func parcel(t testing.TB, db *models.DB, o *models.Order, account, number string) *models.Shipment {
	t.Helper()
	var s *models.Shipment
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		now := tx.Now()
		s, err = tx.CreateShipment(models.Shipment{
			MerchantID: o.MerchantID, OrderID: o.ID, Carrier: "dhl", CarrierAccountID: &account, TrackingNumber: number,
			Direction: models.DirectionOutbound, NextPollAt: &now,
		})
		return err
	})
	return s
}

// moveParcel gives a parcel another status and nothing else.
func moveParcel(tx *models.Tx, id, status string) error {
	s, err := tx.Shipment(models.AllMerchants(), id)
	if err != nil {
		return err
	}
	return tx.MoveShipment(s, models.ShipmentChange{Cause: "test", Status: status, NextPollAt: s.NextPollAt})
}
