package tracking_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/tracking"
)

func grace() *models.Order {
	return &models.Order{
		Number: "#A-1001", CustomerName: "Grace O'Neil", CustomerEmail: "Grace@Example.com", CustomerPhone: "+49 30 5550123",
		ShippingAddress: models.Address{Name: "Kurt Gödel", Line1: "Lindenstraße 4", Line2: "Hinterhaus", City: "Berlin", PostalCode: "10969", Country: "DE"},
	}
}

func TestKnows(t *testing.T) {
	t.Parallel()
	bare := &models.Order{Number: "1001"}
	tests := []struct {
		name          string
		order         *models.Order
		number, proof string
		want          bool
	}{
		{"address", grace(), "#A-1001", "grace@example.com", true},
		{"postal code", grace(), "#A-1001", "10969", true},
		{"as people type", grace(), " a1001", " GRACE@example.COM ", true},
		{"postal code with blanks", grace(), "A 1001", "10 969", true},
		{"full-width digits", grace(), "Ａ－１００１", "１０９６９", true},
		{"wrong number", grace(), "1002", "10969", false},
		{"wrong proof", grace(), "#A-1001", "10968", false},
		{"no proof", grace(), "#A-1001", "", false},
		{"no number", grace(), "", "10969", false},
		{"an order without both", bare, "1001", "", false},
		{"an order without both, and blanks", bare, "1001", "  ", false},
		{"an address without its dots", grace(), "#A-1001", "graceexamplecom", false},
	}
	for _, test := range tests {
		if got := tracking.Knows(test.order, test.number, test.proof); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"Kuala Lumpur, MY": "Kuala Lumpur, MY", "MEMPHIS, TN, US": "MEMPHIS, US", "SPRINGFIELD, IL 62701": "SPRINGFIELD, IL",
		"Köln, DE": "Köln, DE", "St. John's, NL, CA": "St. John's, CA", "深圳市": "深圳市", "广东省": "广东省", "Berlin": "Berlin", "Berlin, DE": "Berlin, DE",
		"DE": "DE", "": "",
		// What may say more than the place.
		"Lindenstraße 4, 10969 Berlin": "", "Lindenstraße 4, Berlin, DE": "DE", "Lindenstraße, DE": "DE", "Hinterhaus, DE": "DE",
		"Grace O'Neil": "", "Grace O'Neil, DE": "DE", "GÖDEL, DE": "DE", "Signed by Alan Turing": "", "Front door": "",
		"left with the neighbour Alan Turing at number four, DE": "DE", "10969, DE": "DE", "https://x.example/?q=grace, DE": "DE",
		"张三 13800138000, CN": "CN", "张三丰": "",
	} {
		if got := tracking.Place(location, grace()); got != want {
			t.Errorf("%q is shown as %q, want %q", location, got, want)
		}
	}
	chinese := &models.Order{CustomerName: "王小市", ShippingAddress: models.Address{Line1: "南山区科技路1号"}}
	for location, want := range map[string]string{"王小市": "", "南山区": ""} {
		if got := tracking.Place(location, chinese); got != want {
			t.Errorf("%q is shown as %q", location, got)
		}
	}
}

// Whatever carriers and shops write, a page holds nothing of its recipient.
func TestPageHoldsNothingPersonal(t *testing.T) {
	t.Parallel()
	order := grace()
	secrets := []string{
		"Grace", "O'Neil", "grace@example.com", "5550123", "Gödel", "Lindenstra", "Hinterhaus", "10969", "Turing", "pod.example", "4321",
	}
	all := strings.Join([]string{
		order.CustomerName, "grace@example.com", "+49 30 5550123", "Kurt Gödel", "Lindenstraße 4", "Hinterhaus", "10969", "signed by Alan Turing",
	}, ", ")
	now := time.Now()
	p := &models.PublicParcel{Order: *order, Merchant: models.Merchant{Name: "Tea", Timezone: "Europe/Berlin"}, Shipment: models.Shipment{
		Status: models.ShipmentDelivered, StatusReason: "redirected", Raw: all, SyncError: all, Service: all, RecipientPhoneLast4: "4321",
		Carrier: "dhl", TrackingNumber: "N1", TrackingURL: "https://dhl.example/?zip=10969&mail=grace%40example.com", DeliveredAt: &now,
	}}
	var scans []models.TrackingEvent
	for i, location := range []string{all, "Grace O'Neil, DE", "Gödel, DE", "Lindenstraße, DE", "Alan Turing", "https://pod.example/grace.png", "Berlin, DE"} {
		scans = append(scans, models.TrackingEvent{
			ID: fmt.Sprint(i), CarrierID: fmt.Sprint(all, i), RawTime: all, LocalTime: "2026-01-02T03:04:05", Status: models.ShipmentDelivered, Reason: "redirected",
			Code: all, Description: all, ActorName: all, Note: all, Location: location, ReceivedAt: now, Sequence: i,
		})
	}
	page := tracking.PageOf(p, scans)
	if len(page.Scans) != len(scans) {
		t.Errorf("%d scans of %d", len(page.Scans), len(scans))
	}
	shown := fmt.Sprintf("%+v", page)
	for _, secret := range secrets {
		if strings.Contains(strings.ToLower(shown), strings.ToLower(secret)) {
			t.Errorf("the page holds %q: %s", secret, shown)
		}
	}
	if page.Scans[0].Place != "Berlin, DE" {
		t.Errorf("newest scan %+v", page.Scans[0])
	}
}

func TestPageOf(t *testing.T) {
	t.Parallel()
	promised, eta := time.Date(2026, 1, 20, 18, 0, 0, 0, time.UTC), time.Date(2026, 1, 18, 23, 30, 0, 0, time.UTC)
	scan := func(status string, minute int) models.TrackingEvent {
		at := time.Date(2026, 1, 15, 9, minute, 0, 0, time.UTC)
		return models.TrackingEvent{Status: status, OccurredAt: &at, LocalTime: at.Format("2006-01-02T15:04:05"), ReceivedAt: at}
	}
	noted, handed := scan("info", 7), scan(models.ShipmentDelivered, 7)
	noted.Code, handed.Code, noted.Description, handed.Description = "PH", "DL", "Photo taken", "Delivered"
	retracted := scan(models.ShipmentDelivered, 9)
	retracted.RetractedAt = retracted.OccurredAt
	tests := []struct {
		name   string
		parcel models.Shipment
		scans  []models.TrackingEvent
		stage  int
		day    string
		shown  []string
	}{
		{"nothing is known", models.Shipment{Status: "unknown", PromisedAt: &promised}, nil, 0, "2026-01-20", nil},
		{"the carrier's word counts, by the clock of the place", models.Shipment{Status: "in_transit", PromisedAt: &promised, ETA: &eta},
			[]models.TrackingEvent{scan("info_received", 1), scan("info", 2), scan("in_transit", 3)}, tracking.StageUnderWay, "2026-01-19",
			[]string{"in_transit", "info_received"}},
		{"an exception keeps what was reached", models.Shipment{Status: "exception"},
			[]models.TrackingEvent{scan("in_transit", 3), scan("exception", 4)}, tracking.StageUnderWay, "", []string{"exception", "in_transit"}},
		{"what was taken back is not shown", models.Shipment{Status: "out_for_delivery", ETA: &eta},
			[]models.TrackingEvent{scan("out_for_delivery", 3), retracted}, tracking.StageArriving, "2026-01-19", []string{"out_for_delivery"}},
		{"nobody waits for what has come", models.Shipment{Status: "delivered", ETA: &eta, Late: true},
			[]models.TrackingEvent{scan("delivered", 3)}, tracking.StageDelivered, "", []string{"delivered"}},
		{"two scans of one moment", models.Shipment{Status: "delivered"}, []models.TrackingEvent{noted, handed}, tracking.StageDelivered, "",
			[]string{"delivered"}},
		{"back", models.Shipment{Status: "returning", ETA: &eta}, []models.TrackingEvent{scan("out_for_delivery", 3), scan("returning", 4)}, 0, "",
			[]string{"returning", "out_for_delivery"}},
	}
	for _, test := range tests {
		p := &models.PublicParcel{Order: *grace(), Merchant: models.Merchant{Timezone: "Asia/Kuala_Lumpur"}, Shipment: test.parcel}
		page := tracking.PageOf(p, test.scans)
		day := ""
		if page.Expected != nil {
			day = page.Expected.Format("2006-01-02")
		}
		var shown []string
		for _, s := range page.Scans {
			shown = append(shown, s.Status)
		}
		if page.Stage != test.stage || day != test.day || page.Late {
			t.Errorf("%s: stage %d, day %q, late %v", test.name, page.Stage, day, page.Late)
		}
		if diff := cmp.Diff(test.shown, shown); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// altered is the text with another character in its middle; at the end base64
// has bits that mean nothing.
func altered(text string) string {
	middle, other := len(text)/2, "A"
	if text[middle] == 'A' {
		other = "B"
	}
	return text[:middle] + other + text[middle+1:]
}

func TestVisitsEnd(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	o := newOffice(t, db)
	cookie, err := o.service.Admit("ord_1")
	if err != nil {
		t.Fatal(err)
	}
	stop, err := o.service.OptOutToken(o.merchant.ID, "grace@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for what, admitted := range map[string]bool{
		"the order":     o.service.Admitted(cookie, "ord_1"),
		"another order": !o.service.Admitted(cookie, "ord_2"),
		"no cookie":     !o.service.Admitted("", "ord_1"),
		"nonsense":      !o.service.Admitted("v1.AAAA", "ord_1"),
		"another seal":  !o.service.Admitted(stop, ""),
		"altered":       !o.service.Admitted(altered(cookie), "ord_1"),
		"other keys":    !newService(t, db, nil).Admitted(cookie, "ord_1"),
	} {
		if !admitted {
			t.Errorf("%s is decided wrongly", what)
		}
	}
	if _, err := o.service.ReadOptOut(cookie); err == nil {
		t.Error("a visit's cookie stops mails")
	}
	o.pass(tracking.VisitTime)
	if o.service.Admitted(cookie, "ord_1") {
		t.Error("a visit does not end")
	}
}
