package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

func TestAttentionBoard(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		account, ago := courier(t, db, m.ID), func(d time.Duration) time.Time { return db.Now().Add(-d) }
		const day = 24 * time.Hour
		promised := ago(day)
		add := func(merchant *models.Merchant, number, status string, made time.Time, late bool) *models.Shipment {
			sh := models.Shipment{MerchantID: merchant.ID, TrackingNumber: number, Status: status, CreatedAt: made, Late: late}
			if merchant == m {
				sh.CarrierAccountID = &account.ID
			}
			if late {
				sh.PromisedAt = &promised
			}
			return parcel(t, db, sh)
		}
		newer := add(m, "EXC-2", models.ShipmentException, ago(time.Hour), false)
		add(m, "EXC-1", models.ShipmentException, ago(9*day), false)
		add(other, "EXC-3", models.ShipmentException, ago(2*day), false)
		add(m, "FAILED", models.ShipmentDeliveryFailed, ago(day), false)
		add(m, "LATE", models.ShipmentInTransit, ago(day), true)
		add(m, "SHELF", models.ShipmentAvailableForPickup, ago(4*day), false)
		add(m, "SHELF-NEW", models.ShipmentAvailableForPickup, ago(day), false)
		add(m, "SILENT", models.ShipmentInTransit, ago(8*day), false)
		agent, owner := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, m.ID)
		for name, test := range map[string]struct {
			who  *browser
			path string
			want []string
		}{
			"the most urgent first":     {agent, "/shipments/attention", []string{"EXC-1", "EXC-3", "EXC-2"}},
			"merchants see their own":   {owner, "/shipments/attention", []string{"EXC-1", "EXC-2"}},
			"one merchant's":            {agent, "/shipments/attention?kind=exception&merchant=" + other.Ref, []string{"EXC-3"}},
			"failed deliveries":         {agent, "/shipments/attention?kind=delivery_failed", []string{"FAILED"}},
			"late ones":                 {owner, "/shipments/attention?kind=late", []string{"LATE"}},
			"not fetched":               {owner, "/shipments/attention?kind=pickup", []string{"SHELF"}},
			"silent ones":               {owner, "/shipments/attention?kind=no_movement", []string{"SILENT"}},
			"nothing":                   {owner, "/shipments/attention?kind=sync_failing", nil},
			"what there is comes first": {s.signIn(t, models.RoleMerchant, modelstest.Merchant(t, db).ID), "/shipments/attention", nil},
		} {
			if diff := cmp.Diff(test.want, test.who.get(test.path).want(t, http.StatusOK).texts("tbody .row-link")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		before := s.queries.Load()
		page := agent.get("/shipments/attention?kind=exception")
		if n := s.queries.Load() - before; n > 14 {
			t.Errorf("%d queries for the board", n)
		}
		uitest.Check(t, page.Document)
		if got := page.texts("#attention-tabs a"); !cmp.Equal(got, []string{"Exception 3", "Delivery failed 1", "Late 1", "Not picked up 1", "No movement 1", "Sync failing", "Not followed 1"}) {
			t.Errorf("tabs %q", got)
		}
		if got := page.Find(`tbody tr:has(form[action$="/sync"])`).Length(); got != 2 { // the other merchant has no account
			t.Errorf("%d rows can be asked about", got)
		}
		phone := page.Find(`tbody tr .sm\:hidden`)
		if got := phone.Find(`form[action$="/sync"]`).Length(); got != 2 || !strings.Contains(phone.Text(), page.Find("tbody td:nth-child(2) a").First().Text()) {
			t.Errorf("a phone shows %q and %d forms", phone.Text(), got)
		}
		if got := owner.get("/shipments/attention").Find(`tbody form`).Length(); got != 0 {
			t.Errorf("merchants are offered %d forms", got)
		}
		tabs := agent.get(page.Find("#attention-tabs").AttrOr("hx-get", ""), htmx...).want(t, http.StatusOK)
		if tabs.Find("#attention-tabs").Length() != 1 {
			t.Error("the tabs are not renewed")
		}
		row := agent.get(page.Find("#"+newer.ID).AttrOr("hx-get", ""), htmx...).want(t, http.StatusOK)
		if got := row.Find("tr").AttrOr("id", ""); got != newer.ID {
			t.Errorf("the row renewed is %q", got)
		}
		asked := agent.post("/shipments/"+newer.ID+"/sync", nil, append([]string{hxCurrentURL, "http://tillpost.test/shipments/attention"}, htmx...)...).want(t, http.StatusOK)
		if strings.Contains(asked.body, "shipment-detail") || !strings.Contains(asked.body, "The carrier is being asked") {
			t.Errorf("the answer on the board is %s", asked.body)
		}
	})
}

func TestAttentionBoardPages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		for range listRows + 3 {
			parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: models.NewID("x"), Status: models.ShipmentException})
		}
		owner := s.signIn(t, models.RoleMerchant, m.ID)
		first := owner.get("/shipments/attention")
		next := first.Find(`a[rel=next]`).AttrOr("href", "")
		rest := owner.get(next).want(t, http.StatusOK)
		if a, b := first.Find("tbody tr").Length(), rest.Find("tbody tr").Length(); a != listRows || b != 3 {
			t.Errorf("pages of %d and %d rows", a, b)
		}
		owner.get("/shipments/attention?after=nonsense").want(t, http.StatusUnprocessableEntity)
	})
}
