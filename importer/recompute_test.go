package importer

import (
	"fmt"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// What an import stores is what follows from it: promises of years ago are
// history for the import, for recompute and for the sweep, and one that broke
// lately is broken for all.
func TestImportedParcelsRecompute(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := brazil(t, db)
		runOlist(t, db, m, "testdata/olist", Options{})
		stamp := func(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format("2006-01-02T15:04:05Z") }
		parcels := fmt.Sprintf("A-2,ups,RECENT,in_transit,%s,,%s\n", stamp(-9), stamp(-3))
		for _, status := range models.ShipmentStatuses {
			if status == models.ShipmentExpired { // what was told of it just now ends that
				continue
			}
			parcels += fmt.Sprintf("A-2,ups,%s-1,%s,%s,,\nA-2,ups,%s-2,%s,,,\n", status, status, stamp(-9), status, status)
		}
		for _, status := range endedStatuses {
			parcels += fmt.Sprintf("A-2,ups,%s-3,%s,%s,%s,%s\n", status, status, stamp(-9), stamp(-2), stamp(-3))
		}
		files := folder(t, "csv", edit{"shipments.csv", "", parcels})
		if _, err := CSV(t.Context(), db, m, []string{files}, Options{}); err != nil {
			t.Fatal(err)
		}
		check := func(when string, apply bool) {
			t.Helper()
			_, err := carriers.Recompute(t.Context(), db, models.AllMerchants(), apply, func(d carriers.Difference) {
				sh, err := db.Shipment(t.Context(), models.AllMerchants(), d.ShipmentID)
				if err != nil {
					t.Fatal(err)
				}
				t.Errorf("%s: %s: %s %q is stored, %q computed", when, sh.TrackingNumber, d.Field, d.Stored, d.Computed)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		check("after the import", true)
		service := carriers.NewService(db, nil, nil, carriers.Options{}, nil)
		if err := service.MarkOverdue(t.Context()); err != nil {
			t.Fatal(err)
		}
		check("after the sweep", true)
		late := true
		found, _, err := db.Shipments(t.Context(), models.AllMerchants(), models.ShipmentFilter{Late: &late, Statuses: []string{models.ShipmentInTransit}}, models.Page{})
		if err != nil || len(found) != 1 || found[0].TrackingNumber != "RECENT" {
			t.Errorf("late under way: %v, %v", found, err)
		}
		events, _, err := db.Events(t.Context(), models.AllMerchants(), models.EventShipmentLate, models.Span{}, models.Page{})
		if err != nil || len(events) > 0 {
			t.Errorf("%d parcels are told as late, %v", len(events), err)
		}
	})
}
