package models_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// history is an order's story, told once by the usual path and once by import.
type history struct {
	number   string
	canceled bool // before anything was paid
	payments []paid
	parcels  []sent
}

type paid struct {
	amount int64
	status models.PaymentStatus
}

type sent struct {
	number, status, direction string
	late                      bool
	items                     []models.ShipmentItem
}

var histories = []history{
	{number: "delivered and paid", payments: []paid{{1000, models.PaymentPaid}, {500, models.PaymentPaid}},
		parcels: []sent{{number: "D1", status: models.ShipmentDelivered, late: true}}},
	{number: "half of it under way", payments: []paid{{1500, models.PaymentFailed}},
		parcels: []sent{{number: "H1", status: models.ShipmentPickedUp, items: []models.ShipmentItem{{SKU: "TEA-1", Quantity: 1}}}}},
	{number: "parts delivered", payments: []paid{{700, models.PaymentPaid}}, parcels: []sent{
		{number: "P1", status: models.ShipmentDelivered, items: []models.ShipmentItem{{SKU: "TEA-1", Quantity: 1}}},
		{number: "P2", status: models.ShipmentException},
		{number: "P3", status: models.ShipmentCanceled},
		{number: "P4", status: models.ShipmentInTransit, direction: models.DirectionReturn},
	}},
	{number: "authorized", payments: []paid{{1500, models.PaymentAuthorized}}},
	{number: "nothing yet"},
	{number: "given up", canceled: true},
}

func TestImportOrdersEqualsTheUsualPath(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		usual, imported := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		for _, h := range histories {
			h.live(t, db, usual.ID)
		}
		added := importAll(t, db, imported.ID, importedHistories(db.Now()))
		if len(added) != len(histories) {
			t.Fatalf("added %d of %d orders", len(added), len(histories))
		}
		if diff := cmp.Diff(states(t, db, usual.ID), states(t, db, imported.ID)); diff != "" {
			t.Errorf("orders differ (-usual +imported):\n%s", diff)
		}
		if diff := cmp.Diff(figures(t, db, usual.ID), figures(t, db, imported.ID)); diff != "" {
			t.Errorf("figures differ (-usual +imported):\n%s", diff)
		}
		for _, word := range []string{"D1", "grace", "10115", added[0].Payments[0].ID, added[0].Parcels[0].ID} {
			found, _, err := db.Orders(t.Context(), models.MerchantScope(imported.ID), models.OrderFilter{Search: word}, models.Page{})
			if err != nil || len(found) == 0 {
				t.Errorf("search for %s: %d orders, %v", word, len(found), err)
			}
		}
	})
}

func TestImportOrdersIsSilentAndRepeatable(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := modelstest.Merchant(t, db)
		importAll(t, db, m.ID, importedHistories(db.Now()))
		before := states(t, db, m.ID)
		if again := importAll(t, db, m.ID, importedHistories(db.Now())); len(again) != 0 {
			t.Errorf("the second run added %d orders", len(again))
		}
		if diff := cmp.Diff(before, states(t, db, m.ID)); diff != "" {
			t.Errorf("the second run changed orders:\n%s", diff)
		}
		events, _, err := db.Events(t.Context(), models.MerchantScope(m.ID), "", models.Span{}, models.Page{})
		if err != nil || len(events) != 0 {
			t.Errorf("events = %v, %v", events, err)
		}
	})
}

func TestImportOrdersAtTheSameTime(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := modelstest.Merchant(t, db)
		var (
			running sync.WaitGroup
			counts  [4]int
		)
		for i := range counts {
			running.Go(func() {
				err := db.Write(context.Background(), func(tx *models.Tx) error {
					added, err := tx.ImportOrders(m.ID, importedHistories(tx.Now()))
					counts[i] = len(added)
					return err
				})
				if err != nil {
					t.Errorf("import %d: %v", i, err)
				}
			})
		}
		running.Wait()
		total := 0
		for _, n := range counts {
			total += n
		}
		if got := len(states(t, db, m.ID)); total != len(histories) || got != total {
			t.Errorf("added %v, stored %d, want %d", counts, got, len(histories))
		}
	})
}

// live makes the order as shops, providers and carriers would.
func (h history) live(t *testing.T, db *models.DB, merchantID string) {
	t.Helper()
	modelstest.Write(t, db, func(tx *models.Tx) error {
		in := h.order(tx.Now())
		in.Order.MerchantID = merchantID
		o, err := tx.CreateOrder(in.Order, in.Items)
		if err != nil {
			return err
		}
		if h.canceled {
			return tx.CancelOrder(models.AllMerchants(), o.ID)
		}
		for _, p := range h.payments {
			if err := pay(tx, o, p); err != nil {
				return err
			}
		}
		for _, s := range h.parcels {
			if err := send(tx, o, s); err != nil {
				return err
			}
		}
		return nil
	})
}

func pay(tx *models.Tx, o *models.Order, p paid) error {
	made, err := tx.CreatePayment(models.Payment{
		MerchantID: o.MerchantID, OrderID: o.ID, Amount: p.amount, Currency: o.Currency,
		Capture: models.CaptureAutomatic, MethodType: "card",
	})
	if err != nil {
		return err
	}
	if _, err := tx.MovePayment(made.ID, models.PaymentProcessing, models.PaymentChange{}); err != nil {
		return err
	}
	_, err = tx.MovePayment(made.ID, p.status, models.PaymentChange{Captured: p.amount})
	return err
}

func send(tx *models.Tx, o *models.Order, s sent) error {
	made, err := tx.CreateShipment(s.shipment(models.Shipment{MerchantID: o.MerchantID, OrderID: o.ID}))
	if err != nil {
		return err
	}
	now := tx.Now()
	return tx.MoveShipment(made, models.ShipmentChange{Status: s.status, Late: s.late, DeliveredAt: &now})
}

func (s sent) shipment(in models.Shipment) models.Shipment {
	in.Carrier, in.TrackingNumber, in.Items, in.Direction = "sandbox", s.number, s.items, s.direction
	if in.Direction == "" {
		in.Direction = models.DirectionOutbound
	}
	return in
}

func (h history) order(now time.Time) models.ImportedOrder {
	return models.ImportedOrder{
		Order: models.Order{
			Number: h.number, Status: models.OrderOpen, Currency: "EUR", Amount: 1500, PlacedAt: now, CreatedAt: now,
			CustomerName: "Grace O'Neil", ShippingAddress: models.Address{PostalCode: "10115"},
		},
		Items: []models.OrderItem{
			{SKU: "TEA-1", Name: "Tea", Quantity: 2, Amount: 1000}, {SKU: "freight", Name: "Freight", Quantity: 1, Amount: 500},
		},
	}
}

func importedHistories(now time.Time) []models.ImportedOrder {
	var out []models.ImportedOrder
	for _, h := range histories {
		in := h.order(now)
		if h.canceled {
			in.Order.Status = models.OrderCanceled
		}
		for _, p := range h.payments {
			made := models.Payment{
				Amount: p.amount, Currency: "EUR", Capture: models.CaptureAutomatic, MethodType: "card",
				Status: p.status, CreatedAt: now, SettledAt: &now,
			}
			if p.status == models.PaymentPaid {
				made.AmountCaptured = p.amount
			}
			in.Payments = append(in.Payments, made)
		}
		for _, s := range h.parcels {
			in.Parcels = append(in.Parcels, models.ImportedParcel{Shipment: s.shipment(models.Shipment{
				Status: s.status, Late: s.late, DeliveredAt: &now, CreatedAt: now,
			})})
		}
		out = append(out, in)
	}
	return out
}

func importAll(t *testing.T, db *models.DB, merchantID string, orders []models.ImportedOrder) []models.ImportedOrder {
	t.Helper()
	var added []models.ImportedOrder
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		added, err = tx.ImportOrders(merchantID, orders)
		return err
	})
	return added
}

// states are the orders by number, without ids and times.
func states(t *testing.T, db *models.DB, merchantID string) map[string]models.Order {
	t.Helper()
	orders, _, err := db.Orders(t.Context(), models.MerchantScope(merchantID), models.OrderFilter{}, models.Page{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]models.Order{}
	for _, o := range orders {
		o.ID, o.MerchantID, o.Sequence = "", "", 0
		o.PlacedAt, o.CreatedAt, o.UpdatedAt = time.Time{}, time.Time{}, time.Time{}
		out[o.Number] = o
	}
	return out
}

func figures(t *testing.T, db *models.DB, merchantID string) map[string][2]int64 {
	t.Helper()
	stats, err := db.DailyStats(t.Context(), models.MerchantScope(merchantID), "2000-01-01", "2199-12-31")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][2]int64{}
	for _, s := range stats {
		sum := out[s.Metric+" "+s.Currency]
		out[s.Metric+" "+s.Currency] = [2]int64{sum[0] + s.Count, sum[1] + s.Amount}
	}
	return out
}
