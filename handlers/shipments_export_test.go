package handlers

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// What is exported is what the filter shows, opens in a spreadsheet without
// harm, and can be read again, which adds nothing.
func TestExportParcels(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		var o *models.Order
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			o, err = tx.CreateOrder(models.Order{MerchantID: m.ID, Number: "A1", Currency: "EUR", Amount: 1, CustomerName: "=cmd|calc", PlacedAt: tx.Now()}, nil)
			return err
		})
		add := func(sh models.Shipment) *models.Shipment {
			var made *models.Shipment
			sh.MerchantID, sh.OrderID, sh.Carrier = m.ID, o.ID, "dhl"
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				made, err = tx.CreateShipment(sh)
				return err
			})
			return made
		}
		out := add(models.Shipment{TrackingNumber: "N1111", Direction: models.DirectionOutbound, Items: []models.ShipmentItem{{SKU: "TEA", Quantity: 2}, {SKU: "CUP", Quantity: 1}}})
		add(models.Shipment{TrackingNumber: "N2222", Direction: models.DirectionReturn, ReturnOf: &out.ID, Status: models.ShipmentException, StatusReason: "customs"})
		parcel(t, db, models.Shipment{MerchantID: other.ID, TrackingNumber: "FOREIGN"})
		owner, agent := s.signIn(t, models.RoleMerchant, m.ID), s.signIn(t, models.RoleSupport, "")
		table := func(who *browser, path string) [][]string {
			t.Helper()
			a := who.get(path).want(t, http.StatusOK)
			if got := a.header.Get("Content-Disposition"); got != `attachment; filename="parcels.csv"` {
				t.Errorf("disposition %q", got)
			}
			rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			return rows
		}
		all := table(owner, "/shipments/export")
		if len(all) != 3 {
			t.Fatalf("a merchant's table is %q", all)
		}
		want := []string{"A1", "N2222", "dhl", "return", "N1111", "", "", "exception", "customs", "false", "", "", "", "", "", "", "'=cmd|calc", ""}
		if diff := cmp.Diff(want, all[1][:len(want)]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := all[2][5]; got != "TEA x 2; CUP x 1" {
			t.Errorf("items %q", got)
		}
		if got := table(agent, "/shipments/export?status=exception"); len(got) != 2 || got[1][17] != m.Name {
			t.Errorf("filtered: %q", got)
		}
		again := owner.post("/shipments/bulk/preview", url.Values{"text": {owner.get("/shipments/export").body}}).want(t, http.StatusOK)
		if got := again.texts("[data-testid=pasted-line] td:last-child"); !cmp.Equal(got, []string{"There already", "There already"}) {
			t.Errorf("read again: %q", got)
		}
	})
}

// A table longer than a page of the database comes whole.
func TestExportManyParcels(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		o := modelstest.Order(t, db, m.ID, 1)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			for range models.MaxLimit + 5 {
				if _, err := tx.CreateShipment(models.Shipment{
					MerchantID: m.ID, OrderID: o.ID, Carrier: "dhl", TrackingNumber: models.NewID("n"), Direction: models.DirectionOutbound,
				}); err != nil {
					return err
				}
			}
			return nil
		})
		got := s.signIn(t, models.RoleMerchant, m.ID).get("/shipments/export").want(t, http.StatusOK)
		if n := strings.Count(got.body, "\n"); n != models.MaxLimit+6 {
			t.Errorf("%d lines", n)
		}
	})
}
