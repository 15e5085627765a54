package importer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
)

func list(t *testing.T, db *models.DB, m *models.Merchant) []models.Order {
	t.Helper()
	orders, next, err := db.Orders(t.Context(), models.MerchantScope(m.ID), models.OrderFilter{}, models.Page{Limit: models.MaxLimit})
	if err != nil || next != "" {
		t.Fatalf("list orders: next %q, %v", next, err)
	}
	return orders
}

// objects are the merchant's orders as the API shows them, by number.
func objects(t *testing.T, db *models.DB, m *models.Merchant) map[string]models.OrderJSON {
	t.Helper()
	rendered, err := db.OrderObjects(t.Context(), list(t, db, m))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]models.OrderJSON{}
	for _, o := range rendered {
		out[o.Number] = o
	}
	return out
}

// summary tells an order in one line.
func summary(o models.OrderJSON) string {
	var payments, parcels []string
	for _, p := range o.Payments {
		payments = append(payments, fmt.Sprintf("%s %s %d", p.Status, p.MethodType, p.Amount))
	}
	for _, s := range o.Shipments {
		text := s.Status
		if s.Late {
			text += " late"
		}
		if s.DeliveredAt != nil {
			text += " " + s.DeliveredAt.UTC().Format(time.RFC3339)
		}
		parcels = append(parcels, text)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %d %d | %s | %s", o.Status, o.PaymentState, o.ShippingState,
		o.Amount, o.AmountPaid, strings.Join(payments, ", "), strings.Join(parcels, ", ")))
}
