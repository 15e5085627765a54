package handlers

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// carrier adds a sandbox carrier account, which makes parcels sync.
func (s *client) carrier() string {
	s.t.Helper()
	a := models.CarrierAccount{Account: models.Account{
		ID: models.NewID(models.PrefixCarrierAccount), MerchantID: s.merchant.ID, Kind: "sandbox", Name: "Sandbox", Enabled: true,
	}}
	modelstest.Write(s.t, s.site.db, func(tx *models.Tx) error { return tx.CreateCarrierAccount(a) })
	return a.ID
}

func shipmentBody(orderID, number string) string {
	return jsonOf(map[string]any{"order_id": orderID, "carrier": "sandbox", "tracking_number": number})
}

func TestAPIShipments(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		site := newSite(t, db)
		shop, foreign := site.newClient(t), site.newClient(t).carrier()
		account, order := shop.carrier(), shop.order(4990)

		created := shop.post("/api/v1/shipments", shipmentBody(order, " sb 0001-x ")).want(t, http.StatusCreated)
		id := created.id(t)
		s := created.object(t)
		if s["tracking_number"] != "SB0001-X" || s["status"] != "unknown" || s["next_sync_at"] == nil || s["direction"] != "outbound" {
			t.Errorf("shipment is %s", created.body)
		}
		if got := shop.get("/api/v1/shipments/"+id).want(t, http.StatusOK); got.body != created.body {
			t.Errorf("GET differs: %s", got.body)
		}
		shop.post("/api/v1/shipments", shipmentBody(order, "SB0001-X")).problem(t, http.StatusConflict, "shipment_exists")
		shop.post("/api/v1/orders/"+order+"/cancel", "").problem(t, http.StatusConflict, "order_shipped")

		t.Run("by account id and order number", func(t *testing.T) {
			number := shop.get("/api/v1/orders/" + order).object(t)["number"]
			body := jsonOf(map[string]any{
				"order_number": number, "carrier": account, "tracking_number": "SB0002", "direction": "return",
				"items": []map[string]any{{"sku": "TEA-1", "quantity": 1}}, "recipient_phone_last4": "4567", "promised_at": "2026-02-01T00:00:00+08:00",
			})
			r := shop.post("/api/v1/shipments", body).want(t, http.StatusCreated).object(t)
			if r["carrier"] != "sandbox" || r["direction"] != "return" || r["promised_at"] != "2026-01-31T16:00:00Z" {
				t.Errorf("shipment is %v", r)
			}
		})
		t.Run("in capitals", func(t *testing.T) {
			shop := site.newClient(t)
			body := map[string]any{"order_id": shop.order(100), "carrier": "DHL", "tracking_number": "JD0001"}
			if r := shop.post("/api/v1/shipments", jsonOf(body)).want(t, http.StatusCreated).object(t); r["carrier"] != "dhl" {
				t.Errorf("carrier is %v", r["carrier"])
			}
		})
		t.Run("refusals", func(t *testing.T) {
			lines := shop.post("/api/v1/orders", `{"number":"LINES","currency":"EUR","amount":9,"items":[{"sku":"TEA-1","name":"Tea","quantity":2,"amount":9}]}`).
				want(t, http.StatusCreated).id(t)
			tests := []struct {
				name        string
				fields      map[string]any
				code, field string
			}{
				{"unknown order", map[string]any{"order_id": exampleOrderID}, "unknown_order", "order_id"},
				{"no number", map[string]any{"tracking_number": "    "}, "required", "tracking_number"},
				{"endless number", map[string]any{"tracking_number": strings.Repeat("A", 51)}, "too_long", "tracking_number"},
				{"strange number", map[string]any{"tracking_number": "ab;drop table"}, "bad_tracking_number", "tracking_number"},
				{"strange carrier", map[string]any{"carrier": "DHL?"}, "unknown_carrier", "carrier"},
				{"unknown account", map[string]any{"carrier": models.NewID(models.PrefixCarrierAccount)}, "unknown_carrier", "carrier"},
				{"mistyped carrier", map[string]any{"carrier": "nope"}, "unknown_carrier", "carrier"},
				{"mistyped account", map[string]any{"carrier": "cra_nope"}, "unknown_carrier", "carrier"},
				{"another merchant's account", map[string]any{"carrier": foreign}, "unknown_carrier", "carrier"},
				{"unknown direction", map[string]any{"direction": "up"}, "unknown_value", "direction"},
				{"letters for digits", map[string]any{"recipient_phone_last4": "12ab"}, "bad_phone", "recipient_phone_last4"},
				{"not of the order", map[string]any{"order_id": lines, "items": []any{map[string]any{"sku": "CUP", "quantity": 1}}}, "item_not_ordered", "items[0].sku"},
				{"more than ordered", map[string]any{"order_id": lines, "items": []any{map[string]any{"sku": "TEA-1", "quantity": 999}}}, "more_than_ordered", "items[0].quantity"},
				{"nothing inside", map[string]any{"items": []any{map[string]any{"sku": "a", "quantity": 0}}}, "too_small", "items[0].quantity"},
			}
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					fields := map[string]any{"order_id": order, "carrier": "sandbox", "tracking_number": "SB9999"}
					maps.Copy(fields, tt.fields)
					p := shop.post("/api/v1/shipments", jsonOf(fields)).problem(t, http.StatusUnprocessableEntity, tt.code)
					if len(p.Errors) != 1 || p.Errors[0].Field != tt.field {
						t.Errorf("errors %+v, want one of %s", p.Errors, tt.field)
					}
					if tt.code == "unknown_carrier" && !strings.Contains(p.Detail, "dhl, dhl_parcel_de, dpd") {
						t.Errorf("names no codes: %s", p.Detail)
					}
				})
			}
		})
		t.Run("sync", func(t *testing.T) {
			r := shop.post("/api/v1/shipments/"+id+"/sync", "").problem
			r(t, http.StatusTooManyRequests, "sync_too_soon") // its first question is under way
			synced := time.Now().Add(-time.Hour)
			modelstest.Write(t, db, func(tx *models.Tx) error {
				sh, err := tx.Shipment(models.AllMerchants(), id)
				if err != nil {
					return err
				}
				return tx.MoveShipment(sh, models.ShipmentChange{Status: models.ShipmentInTransit, Late: true, SyncedAt: &synced})
			})
			shop.post("/api/v1/shipments/"+id+"/sync", "").want(t, http.StatusAccepted)
			late := shop.post("/api/v1/shipments/"+id+"/sync", "")
			late.problem(t, http.StatusTooManyRequests, "sync_too_soon")
			if late.header.Get("Retry-After") != "60" {
				t.Errorf("Retry-After %q", late.header.Get("Retry-After"))
			}
			other := shop.post("/api/v1/shipments", jsonOf(map[string]any{"order_id": order, "carrier": "ups", "tracking_number": "1Z999"})).want(t, http.StatusCreated).id(t)
			shop.post("/api/v1/shipments/"+other+"/sync", "").problem(t, http.StatusConflict, "no_carrier_account")
		})
		t.Run("filters", func(t *testing.T) {
			for query, want := range map[string]int{
				"": 3, "late=true": 1, "late=false": 2, "status=in_transit": 1, "carrier=ups": 1, "tracking_number=SB0001-X": 1, "tracking_number=%20sb+0001-x": 1, "tracking_number=SB0001": 0, "q=sb0001": 3, "q=sb0001-x": 1, "q=SB+0001+-x": 1,
				"order_id=" + order: 3, "order_id=" + exampleOrderID: 0, "q=" + id: 1,
			} {
				if got := len(shop.get("/api/v1/shipments?"+query).want(t, http.StatusOK).object(t)["data"].([]any)); got != want {
					t.Errorf("?%s: %d shipments, want %d", query, got, want)
				}
			}
			shop.get("/api/v1/shipments?late=maybe").problem(t, http.StatusUnprocessableEntity, "unknown_value")
		})
	})
}
