package handlers

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

// courier adds an enabled account of the sandbox carrier.
func courier(t *testing.T, db *models.DB, merchantID string) *models.CarrierAccount {
	t.Helper()
	a := models.CarrierAccount{Account: models.Account{
		ID: models.NewID(models.PrefixCarrierAccount), MerchantID: merchantID, Kind: "sandbox", Name: "Night courier", Enabled: true,
	}}
	modelstest.Write(t, db, func(tx *models.Tx) error { return tx.CreateCarrierAccount(a) })
	return &a
}

// Carriers that a number tells have their names wherever they are shown, and
// aggregators, which carry nothing, are not to choose from.
func TestCarriersToChooseFrom(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "RR123456785MY", Carrier: "post_my"})
		owner := s.signIn(t, models.RoleMerchant, m.ID)
		list := owner.get("/shipments").want(t, http.StatusOK)
		if !strings.Contains(list.Find("tbody").Text(), "Pos Malaysia") {
			t.Errorf("the list says %q", list.Find("tbody").Text())
		}
		for path, want := range map[string][]string{"/shipments": {"STO Express", "Pos Malaysia", "DHL Parcel DE"}, "/shipments/new": {"STO Express", "DHL Parcel DE"}} {
			names := owner.get(path).texts("select[name=carrier] option")
			for _, name := range want {
				if !slices.Contains(names, name) {
					t.Errorf("%s does not offer %s: %q", path, name, names)
				}
			}
			for _, name := range []string{"17TRACK", "EasyPost", "AfterShip", "Shippo", "Kuaidi100"} {
				if slices.Contains(names, name) {
					t.Errorf("%s offers %s", path, name)
				}
			}
		}
	})
}

// parcel adds a parcel of a new order.
func parcel(t *testing.T, db *models.DB, s models.Shipment) *models.Shipment {
	t.Helper()
	s.OrderID = modelstest.Order(t, db, s.MerchantID, 900).ID
	if s.Carrier == "" {
		s.Carrier = "sandbox"
	}
	if s.Direction == "" {
		s.Direction = models.DirectionOutbound
	}
	var made *models.Shipment
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		made, err = tx.CreateShipment(s)
		return err
	})
	return made
}

func TestShipmentListFilters(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "SBX-1"})
		parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "SBX-2", Status: models.ShipmentException, StatusReason: "customs"})
		parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "SBX-3", Status: models.ShipmentDeliveryFailed, Late: true})
		parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "JD-4", Carrier: "dhl", Status: models.ShipmentDelivered})
		parcel(t, db, models.Shipment{MerchantID: other.ID, TrackingNumber: "SBX-5", Status: models.ShipmentOutForDelivery})
		agent, owner := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, m.ID)

		tests := map[string]struct {
			who  *browser
			path string
			want []string
		}{
			"staff see all":             {agent, "/shipments", []string{"SBX-5", "JD-4", "SBX-3", "SBX-2", "SBX-1"}},
			"staff choose a merchant":   {agent, "/shipments?merchant=" + other.Ref, []string{"SBX-5"}},
			"merchants see their own":   {owner, "/shipments", []string{"JD-4", "SBX-3", "SBX-2", "SBX-1"}},
			"merchants choose nobody":   {owner, "/shipments?merchant=" + other.Ref, []string{"JD-4", "SBX-3", "SBX-2", "SBX-1"}},
			"what needs somebody":       {agent, "/shipments?status=attention", []string{"SBX-3", "SBX-2"}},
			"one status":                {agent, "/shipments?status=exception", []string{"SBX-2"}},
			"late ones":                 {agent, "/shipments?late=yes", []string{"SBX-3"}},
			"those on time":             {owner, "/shipments?late=no", []string{"JD-4", "SBX-2", "SBX-1"}},
			"a carrier":                 {agent, "/shipments?carrier=dhl", []string{"JD-4"}},
			"a number":                  {agent, "/shipments?q=SBX-2", []string{"SBX-2"}},
			"no day":                    {agent, "/shipments?to=2001-01-01", nil},
			"an unknown status is none": {owner, "/shipments?status=lost&q=JD-4", []string{"JD-4"}},
		}
		for name, test := range tests {
			if diff := cmp.Diff(test.want, test.who.get(test.path).want(t, http.StatusOK).numbers()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		before := s.queries.Load()
		page := agent.get("/shipments?status=attention")
		if n := s.queries.Load() - before; n > 8 {
			t.Errorf("%d queries for a list", n)
		}
		uitest.Check(t, page.Document)
		if got := page.Find("#shipment-tabs a[aria-current=page]").Text(); strings.TrimSpace(got) != "Needs attention" {
			t.Errorf("the current view is %q", got)
		}
		if got := page.Find(`tr[data-row] a:contains("SBX-2")`).Closest("tr").Text(); !strings.Contains(got, "Exception") {
			t.Errorf("row of SBX-2 is %q", got)
		}
	})
}

func TestShipmentListCountsWhatItDoesNotShow(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		old := parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "SBX-1"})
		parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "SBX-2", Status: models.ShipmentException})
		agent := s.signIn(t, models.RoleSupport, "")
		count := agent.get("/shipments?status=attention").Find("#shipments-new").AttrOr("hx-get", "")
		if got := agent.get(count, htmx...).want(t, http.StatusOK).Find("a").Length(); got != 0 {
			t.Fatal("the pill shows although nothing came in")
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			sh, err := tx.Shipment(models.AllMerchants(), old.ID)
			if err != nil {
				return err
			}
			return tx.MoveShipment(sh, models.ShipmentChange{Status: models.ShipmentException})
		})
		pill := agent.get(count, htmx...).want(t, http.StatusOK)
		if got := pill.texts("a"); !cmp.Equal(got, []string{"1 new, show"}) {
			t.Errorf("an older parcel that came to need somebody is told as %q", got)
		}
		row := agent.get("/shipments/"+old.ID+"/row", htmx...).want(t, http.StatusOK)
		if row.Find("tr#"+old.ID).Length() != 1 || !strings.Contains(row.body, "Exception") {
			t.Errorf("the row does not renew itself: %s", row.body)
		}
	})
}

func TestShipmentPage(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		account := courier(t, db, m.ID)
		promised := db.Now().Add(-time.Hour)
		sh := parcel(t, db, models.Shipment{
			MerchantID: m.ID, TrackingNumber: "SBX-1", CarrierAccountID: &account.ID, Status: models.ShipmentInTransit, Late: true,
			PromisedAt: &promised, TrackingURL: "javascript:alert(1)", Raw: `{"answer":"raw words"}`,
			SyncErrorKind: "unavailable", SyncError: "the carrier failed with HTTP 503",
			Items: []models.ShipmentItem{{SKU: "TEA-1", Quantity: 3}},
		})
		at := time.Date(2020, 3, 4, 1, 30, 0, 0, time.UTC)
		scans := []models.TrackingEvent{
			{DedupeKey: "a", Sequence: 1, LocalTime: "2020-03-03T21:00:00", Status: models.ShipmentPickedUp, Description: "Taken over", Location: "Ipoh"},
			{DedupeKey: "b", Sequence: 2, LocalTime: "2020-03-04T09:30:00", OffsetMinutes: new(480), OccurredAt: &at, Status: models.ShipmentInTransit, Description: "Sorted", Location: "Kuala Lumpur"},
			{DedupeKey: "c", Sequence: 3, LocalTime: "2020-03-04T16:00:00", OffsetMinutes: new(-210), OccurredAt: new(at.Add(18 * time.Hour)), Status: "info", Description: "Not ours after all"},
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			if _, err := tx.AddTrackingEvents(sh, scans, false); err != nil {
				return err
			}
			return nil
		})
		later := s.db.Now().Add(time.Hour)
		s.db.Now = func() time.Time { return later }
		for range 2 { // told no more by two answers: withdrawn
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, err := tx.AddTrackingEvents(sh, scans[:2:2], false)
				return err
			})
		}
		agent, owner := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, m.ID)
		page := agent.get("/shipments/"+sh.ID).want(t, http.StatusOK)
		uitest.Check(t, page.Document)
		got := page.texts("[data-testid=scan]")
		want := []string{
			"Notice 4 Mar 2020, 16:00 UTC−3:30Not ours after all Withdrawn by the carrier",
			"In transit Kuala Lumpur 4 Mar 2020, 09:30 UTC+8Sorted",
			"Picked up Ipoh 3 Mar 2020, 21:00, local timeTaken over",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("scans (-want +got):\n%s", diff)
		}
		if title := page.Find(`[data-testid=scan] time`).Eq(1).AttrOr("title", ""); !strings.HasPrefix(title, "4 Mar 2020, 01:30:00 UTC") {
			t.Errorf("the viewer's time is %q", title)
		}
		for _, text := range []string{"Carrier not reachable", "the carrier failed with HTTP 503", "raw words", "Night courier", "TEA-1", "× 3", m.Name} {
			if !strings.Contains(page.body, text) {
				t.Errorf("staff do not read %q", text)
			}
		}
		if strings.Contains(page.body, "javascript:") {
			t.Error("an address that a carrier gave runs script")
		}
		own := owner.get("/shipments/"+sh.ID).want(t, http.StatusOK)
		for _, text := range []string{"raw words", "Night courier", "Sync now"} {
			if strings.Contains(own.body, text) {
				t.Errorf("merchants read %q", text)
			}
		}
	})
}

func TestSyncShipment(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		account := courier(t, db, m.ID)
		sh := parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "SBX-1", CarrierAccountID: &account.ID})
		agent, owner := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, m.ID)
		owner.post("/shipments/"+sh.ID+"/sync", nil).want(t, http.StatusForbidden)
		asked := agent.post("/shipments/"+sh.ID+"/sync", nil, htmx...).want(t, http.StatusOK)
		if !strings.Contains(asked.body, "The carrier is being asked") || !strings.Contains(asked.body, `hx-target="#shipment-detail"`) {
			t.Errorf("the answer is %s", asked.body)
		}
		refused := agent.post("/shipments/"+sh.ID+"/sync", nil, htmx...).want(t, http.StatusTooManyRequests)
		if !strings.Contains(refused.body, "asked only just now") || refused.header.Get(hxReswap) != "none" {
			t.Errorf("too soon is told as %s", refused.body)
		}
		if got := agent.get("/shipments/" + sh.ID).texts("#shipment-events li"); len(got) != 2 {
			t.Errorf("the page tells %q, want the parcel's creation and who asked", got)
		}
	})
}
