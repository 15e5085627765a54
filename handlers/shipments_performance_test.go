package handlers

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

func TestPerformance(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db) // in Berlin
		now := db.Now()
		deliver := func(merchant *models.Merchant, number, carrier string, days int, promised, late bool) {
			t.Helper()
			shipped := now.AddDate(0, 0, -days)
			sh := models.Shipment{MerchantID: merchant.ID, TrackingNumber: number, Carrier: carrier}
			if promised {
				sh.PromisedAt = &now
			}
			made := parcel(t, db, sh)
			modelstest.Write(t, db, func(tx *models.Tx) error {
				loaded, err := tx.Shipment(models.AllMerchants(), made.ID)
				if err != nil {
					return err
				}
				return tx.MoveShipment(loaded, models.ShipmentChange{Status: models.ShipmentDelivered, ShippedAt: &shipped, DeliveredAt: &now, Late: late})
			})
		}
		deliver(m, "N1", "dhl", 1, true, false)
		deliver(m, "N2", "dhl", 2, true, false)
		deliver(m, "N3", "dhl", 9, true, true)
		deliver(m, "N4", "ups", 3, false, false)
		deliver(other, "N5", "gls", 4, true, false)
		owner, agent := s.signIn(t, models.RoleMerchant, m.ID), s.signIn(t, models.RoleSupport, "")
		page := owner.get("/shipments/performance").want(t, http.StatusOK)
		uitest.Check(t, page.Document)
		if got := page.texts("#performance-carriers [data-testid=transit]"); !cmp.Equal(got, []string{"DHL3 66.7%2 days9 days", "UPS1–3 days3 days"}) {
			t.Errorf("by carrier: %q", got)
		}
		if got := page.texts("#performance-lanes [data-testid=transit]"); !cmp.Equal(got, []string{"DE → Unknown4 66.7%2 days9 days"}) {
			t.Errorf("by lane: %q", got)
		}
		if got := agent.get("/shipments/performance").texts("#performance-carriers [data-testid=transit]"); len(got) != 3 {
			t.Errorf("staff see %q", got)
		}
		if got := agent.get("/shipments/performance?merchant=" + other.Ref).texts("#performance-carriers [data-testid=transit]"); len(got) != 1 || !strings.HasPrefix(got[0], "GLS") {
			t.Errorf("one merchant's: %q", got)
		}
		empty := owner.get("/shipments/performance?from=2020-01-01&to=2020-01-31", htmx...).want(t, http.StatusOK)
		if !strings.Contains(empty.body, "Nothing was delivered in this time") || strings.Contains(empty.body, "<html") {
			t.Error("an empty period is not told as a fragment")
		}
		before := s.queries.Load()
		owner.get("/shipments/performance?days=365")
		if n := s.queries.Load() - before; n > 8 {
			t.Errorf("%d queries", n)
		}
	})
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for zone, want := range map[string]string{
		"Asia/Kuala_Lumpur": "MY", "Europe/Berlin": "DE", "America/New_York": "New York", "UTC": "UTC",
	} {
		if got := origin(zone); got != want {
			t.Errorf("%s is %q, want %q", zone, got, want)
		}
	}
}
