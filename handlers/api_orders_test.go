package handlers

import (
	"net/http"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestAPIOrders(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		full := `{"number":" 1001 ","currency":"EUR","amount":4990,
			"items":[{"sku":"TEA-1","name":"Darjeeling 大吉岭 🍵","quantity":2,"amount":4990}],
			"customer":{"name":"Grace O'Neil","email":"grace@example.com","phone":"+49 30 1"},
			"shipping_address":{"name":"Grace","line1":"Lindenstraße 4","city":"Berlin","postal_code":"10969","country":"de"},
			"placed_at":"2026-01-15T10:30:00+01:00","promised_at":"2026-01-20T18:00:00Z","metadata":{"channel":"web"}}`
		created := shop.post("/api/v1/orders", full).want(t, http.StatusCreated)
		id := created.id(t)
		order := created.object(t)
		for field, want := range map[string]any{
			"number": "1001", "status": "open", "payment_state": "unpaid", "shipping_state": "unshipped", "amount": 4990.0,
			"amount_paid": 0.0, "placed_at": "2026-01-15T09:30:00Z",
		} {
			if order[field] != want {
				t.Errorf("%s is %v, want %v", field, order[field], want)
			}
		}
		if got := order["shipping_address"].(map[string]any)["country"]; got != "DE" {
			t.Errorf("country %v", got)
		}
		if created.header.Get("Location") != "/api/v1/orders/"+id {
			t.Errorf("Location %q", created.header.Get("Location"))
		}
		if got := shop.get("/api/v1/orders/"+id).want(t, http.StatusOK); got.body != created.body {
			t.Errorf("GET differs from what was created:\n%s\n%s", got.body, created.body)
		}
		shop.post("/api/v1/orders", full).problem(t, http.StatusConflict, "order_number_taken")

		canceled := shop.post("/api/v1/orders/"+id+"/cancel", "").want(t, http.StatusOK)
		if canceled.object(t)["status"] != "canceled" {
			t.Errorf("status %v", canceled.object(t)["status"])
		}
		if p := shop.post("/api/v1/orders/"+id+"/cancel", "{}").problem(t, http.StatusConflict, "order_not_open"); p.CurrentStatus != "canceled" {
			t.Errorf("current_status %q", p.CurrentStatus)
		}
	})
}
