package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

// fill is the form of a page with further values.
func (b *browser) fill(path string, values ...string) url.Values {
	b.t.Helper()
	page := b.get(path).want(b.t, http.StatusOK)
	uitest.Check(b.t, page.Document)
	form := url.Values{keyField: {page.Find(`main input[name=`+keyField+`]`).AttrOr("value", "")}}
	for i := 0; i+1 < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	return form
}

func TestCorrectShipment(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		account := courier(t, db, m.ID)
		sh := parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "SBX-1", CarrierAccountID: &account.ID})
		agent, owner := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, m.ID)
		path := "/shipments/" + sh.ID

		for want, values := range map[string][]string{
			"Enter a value. Enter a value.":                       {"time", "10:00"}, // of the status and the reason
			"Enter the date too: a time alone does not say when.": {"time", "10:00", "status", models.ShipmentInTransit, "note", "told by phone"},
			"Enter a date from the year 2000 on.":                 {"day", "1990-01-05", "status", models.ShipmentInTransit, "note", "told by phone"},
			"Enter a date and a time that are not in the future.": {"day", "2190-01-05", "status", models.ShipmentInTransit, "note", "told by phone"},
		} {
			refused := agent.post(path+"/scan", agent.fill(path+"/scan", values...)).want(t, http.StatusUnprocessableEntity)
			if got := strings.Join(refused.texts(".field-error"), " "); got != want {
				t.Errorf("%q is told as %q, want %q", values, got, want)
			}
		}
		form := agent.fill(path+"/scan", "status", models.ShipmentInTransit, "reason", "customs_duties", "day", "2026-01-05", "time", "10:00",
			"clock", "place", "location", "Ipoh", "note", "told by phone")
		for range 2 { // sent twice, it is done once
			agent.post(path+"/scan", form).want(t, http.StatusSeeOther)
		}
		page := agent.get(path)
		uitest.Check(t, page.Document)
		scans := page.texts("[data-testid=scan]")
		if len(scans) != 1 || !strings.Contains(scans[0], "Ipoh") || !strings.Contains(scans[0], "local time") || !strings.Contains(scans[0], "told by phone") {
			t.Errorf("scans %q", scans)
		}
		if got := page.texts("[data-testid=action-required]"); len(got) != 1 {
			t.Errorf("action required: %q", got)
		}
		if got := page.texts("[data-testid=route] li"); !cmp.Equal(got, []string{"Ipoh"}) {
			t.Errorf("route %q", got)
		}
		if own := owner.get(path).want(t, http.StatusOK); strings.Contains(own.body, "told by phone") || strings.Contains(own.body, agent.user.Email) ||
			!strings.Contains(own.body, "Entered by support") {
			t.Error("merchants read who entered it and why, or not that it was entered")
		}

		set := agent.post(path+"/override", agent.fill(path+"/override", "status", models.ShipmentDelivered, "note", "seen it"), htmx...).want(t, http.StatusOK)
		if set.header.Get(hxTrigger) != closeDialog || !strings.Contains(set.body, "Set to: Delivered") {
			t.Errorf("the answer is %s", set.body)
		}
		undo := agent.get(path).Find(`a[href*="/withdraw?event="]`).First().AttrOr("href", "")
		agent.post(path+"/withdraw", func() url.Values {
			f := agent.fill(undo, "note", "was another's")
			f.Set("event", undo[strings.Index(undo, "=")+1:])
			return f
		}()).want(t, http.StatusSeeOther)
		if got := reload(t, db, sh.ID); got.Status != models.ShipmentInTransit {
			t.Errorf("after the withdrawal it is %s", got.Status)
		}
		replaced := agent.post(path+"/replace", agent.fill(path+"/replace", "carrier", "sandbox", "tracking_number", "sbx-2", "note", "a typo"), htmx...).
			want(t, http.StatusOK).header.Get(hxRedirect)
		if !strings.HasPrefix(replaced, "/shipments/shp_") || replaced == path {
			t.Fatalf("leads to %q", replaced)
		}
		if got := agent.get(replaced).texts("#shipment-others .row-link"); !cmp.Equal(got, []string{"SBX-1"}) {
			t.Errorf("other parcels: %q", got)
		}
		again := agent.get(path)
		if got := again.Find(`#shipment-events`).Text(); !strings.Contains(got, "Status set") || !strings.Contains(got, "Entry taken back") {
			t.Errorf("what people did: %s", got)
		}
		agent.post(path+"/retrack", nil).want(t, http.StatusConflict)
	})
}

func reload(t *testing.T, db *models.DB, id string) *models.Shipment {
	t.Helper()
	sh, err := db.Shipment(t.Context(), models.AllMerchants(), id)
	if err != nil {
		t.Fatal(err)
	}
	return sh
}

func TestRetrackShipment(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		account := courier(t, db, m.ID)
		sh := parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "SBX-1", CarrierAccountID: &account.ID, Status: models.ShipmentExpired})
		agent := s.signIn(t, models.RoleSupport, "")
		page := agent.get("/shipments/" + sh.ID)
		if page.Find(`form[action$="/retrack"]`).Length() != 1 {
			t.Fatal("there is no way to follow it again")
		}
		agent.post("/shipments/"+sh.ID+"/retrack", nil, htmx...).want(t, http.StatusOK)
		if got := reload(t, db, sh.ID); got.Status != models.ShipmentUnknown || got.NextPollAt == nil || got.TrackedSince == nil {
			t.Errorf("%+v", got)
		}
	})
}

func TestDownloadRawAnswer(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		sh := parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: `SBX/1"`, Raw: `<script>alert(1)</script>`})
		a := s.signIn(t, models.RoleSupport, "").get("/shipments/"+sh.ID+"/raw").want(t, http.StatusOK)
		if a.body != sh.Raw || a.header.Get("Content-Type") != "text/plain; charset=utf-8" || a.header.Get("Content-Disposition") != `attachment; filename="sandbox-SBX-1-.txt"` {
			t.Errorf("%q, %v", a.body, a.header)
		}
	})
}

// A parcel shows its return, and the return what it sends back.
func TestReturnsAreLinkedBothWays(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		out := parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "SBX-1"})
		var back *models.Shipment
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			back, err = tx.CreateShipment(models.Shipment{
				MerchantID: m.ID, OrderID: out.OrderID, Carrier: "sandbox", TrackingNumber: "SBX-2", Direction: models.DirectionReturn, ReturnOf: &out.ID,
			})
			return err
		})
		owner := s.signIn(t, models.RoleMerchant, m.ID)
		if got := owner.get("/shipments/" + out.ID).texts("#shipment-returns .row-link"); !cmp.Equal(got, []string{"SBX-2"}) {
			t.Errorf("is sent back by %q", got)
		}
		if got := owner.get("/shipments/" + back.ID).texts("#shipment-outbound .row-link"); !cmp.Equal(got, []string{"SBX-1"}) {
			t.Errorf("sends back %q", got)
		}
	})
}
