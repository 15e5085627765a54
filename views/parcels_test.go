package views

import (
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
)

// written is a component as English HTML.
func written(t *testing.T, c templ.Component) string {
	t.Helper()
	var html strings.Builder
	if err := c.Render(locales.NewContext(t.Context(), locales.For(locales.English)), &html); err != nil {
		t.Fatal(err)
	}
	return html.String()
}

// A few parcels that took months do not flatten the chart of days.
func TestChartOfDaysEndsWhereMostHaveArrived(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		days   map[int]int64
		points int
		last   string
	}{
		{"none took long", map[int]int64{1: 9, 4: 1}, 5, "4"},
		{"one took months", map[int]int64{1: 90, 4: 9, 90: 1}, 31, "30+"},
		{"most take long", map[int]int64{40: 60, 45: 39, 88: 1}, 47, "46+"},
		{"all took months", map[int]int64{90: 3}, 91, "90+"},
	}
	for _, tt := range tests {
		var v PerformanceView
		for days, n := range tt.days {
			v.Total.Add(&models.TransitStat{TransitDays: days, Count: n})
		}
		points := v.speed(locales.NewContext(t.Context(), locales.For(locales.English))).Points
		if last := points[len(points)-1]; len(points) != tt.points || last.Label != tt.last || last.Line != 100 {
			t.Errorf("%s: %d points end with %+v, want %d and %s", tt.name, len(points), last, tt.points, tt.last)
		}
	}
}

// Nobody expects a parcel that has arrived, or that comes no more.
func TestNothingIsExpectedOnceTheWayIsOver(t *testing.T) {
	t.Parallel()
	said := models.ShipmentETA{}
	at := said.SeenAt.AddDate(2026, 1, 1)
	said.ETA = &at
	for status, want := range map[string]bool{
		models.ShipmentInTransit: true, models.ShipmentException: true, models.ShipmentDelivered: false,
		models.ShipmentReturned: false, models.ShipmentCanceled: false,
	} {
		p := models.Shipment{Status: status, ETA: &at}
		if at, _ := expected(p); at.IsZero() == want {
			t.Errorf("%s: expected at %v", status, at)
		}
		for _, etas := range [][]models.ShipmentETA{nil, {said}} {
			card := written(t, shipmentETA(ShipmentView{Parcel: p, ETAs: etas}))
			if strings.Contains(card, `data-testid="eta"`) != want {
				t.Errorf("%s: the page says %s", status, card)
			}
		}
		p.ETA = nil
		if card := written(t, shipmentETA(ShipmentView{Parcel: p, ETAs: []models.ShipmentETA{said}})); strings.Contains(card, "no longer says") != want {
			t.Errorf("%s: the page says %s", status, card)
		}
	}
}

// Of seven parcels that were created, each is named.
func TestEventNamesItsParcel(t *testing.T) {
	t.Parallel()
	entry := TimelineEntry{Event: &models.Event{
		Type: models.EventShipmentCreated, Body: `{"type":"shipment.created","data":{"id":"shp_1","carrier":"ups","tracking_number":"1Z5R8"}}`,
	}}
	html := written(t, eventEntry(entry))
	if !strings.Contains(html, `href="/shipments/shp_1"`) || !strings.Contains(html, "1Z5R8") || !strings.Contains(html, "UPS") {
		t.Errorf("the entry is %s", html)
	}
	entry.Event = &models.Event{Type: models.EventOrderCreated, Body: `{"data":{"id":"ord_1"}}`}
	if html := written(t, eventEntry(entry)); strings.Contains(html, "/shipments/") {
		t.Errorf("the entry is %s", html)
	}
}

// What Tillpost itself says of carriers' calls is told in three languages.
func TestWordsOfCallsAreTranslated(t *testing.T) {
	t.Parallel()
	for _, message := range []string{
		"the credentials were refused", "too many calls", "the base URL does not lead to EasyPost's API", "the carrier failed with HTTP 503",
	} {
		for _, language := range []locales.Language{locales.English, locales.Malay, locales.Chinese} {
			got := callWords(locales.NewContext(t.Context(), locales.For(language)), message)
			if (got == message) != (language == locales.English) {
				t.Errorf("%q is told in %s as %q", message, language, got)
			}
		}
	}
}

// A parcel of an account that does not call is not asked for before it does.
func TestNextQuestionWaitsForTheAccount(t *testing.T) {
	t.Parallel()
	ctx := locales.NewContext(t.Context(), locales.For(locales.English))
	now := time.Now()
	next, later := now.Add(20*time.Second), now.Add(3*time.Hour+time.Minute)
	account := "cra_1"
	v := ShipmentView{Parcel: models.Shipment{CarrierAccountID: &account, NextPollAt: &next}, Now: now}
	if got := v.nextSync(ctx); !strings.Contains(got, "second") {
		t.Errorf("next is %q", got)
	}
	v.Trouble = &CarrierHealth{State: models.CarrierPaused}
	if got := v.nextSync(ctx); got != "Once the account calls again" {
		t.Errorf("paused without end: %q", got)
	}
	v.Trouble.Until = &later
	if got := v.nextSync(ctx); !strings.Contains(got, "hour") {
		t.Errorf("paused for three hours: %q", got)
	}
}
