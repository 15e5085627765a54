package carriers_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// summarizer is a crier whose webhooks tell a status above the scans, without
// its time.
type summarizer struct{ crier }

func (s summarizer) Read(a carriers.Account, body []byte) ([]carriers.Notice, error) {
	notices, err := s.crier.Read(a, body)
	for i := range notices {
		t := notices[i].Tracking
		t.Header.Status, t.Events[0].Status = t.Events[0].Status, carriers.StatusInfo
	}
	return notices, err
}

// Of two webhooks that came one after the other the newer one counts, however
// late they are applied.
func TestNewsCountFromWhenTheyCame(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		receive := func(c cry) string {
			d.use(summarizer{crier{d.courier, ""}})
			d.receive(t, c)
			return d.inbound(t)[0].ID // the newest
		}
		start := db.Now().Add(-time.Hour).Truncate(time.Second)
		first := receive(cry{"1", "SBX1234", carriers.StatusInTransit, start})
		d.offset += 50 * time.Millisecond
		second := receive(cry{"2", "SBX1234", carriers.StatusOutForDelivery, start.Add(time.Minute)})
		d.offset += time.Minute
		for _, event := range []string{first, second} {
			if err := d.ApplyNews(t.Context(), event); err != nil {
				t.Fatal(err)
			}
		}
		if got := d.shipment(t, id); got.Status != models.ShipmentOutForDelivery {
			t.Errorf("parcel is %s", got.Status)
		}
	})
}

// What was asked for before a webhook came does not replace what that told.
func TestAnswersFromBeforeNewsReplaceNothing(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		eta := db.Now().Add(48 * time.Hour).Truncate(time.Second)
		start := db.Now().Add(-time.Hour).Truncate(time.Second)
		asking := summarizer{crier{d.courier, ""}}
		d.use(asking)
		d.courier.answer = func(carriers.Parcel) carriers.Answer {
			d.offset += 5 * time.Second
			d.tell(t, cry{"1", "SBX1234", carriers.StatusOutForDelivery, start})
			d.offset += 5 * time.Second
			answer := tracking(scan(carriers.StatusInfo, start.Add(-time.Minute)))
			answer.Tracking.Header.Status, answer.Tracking.ETA = carriers.StatusInTransit, &eta
			return answer
		}
		d.poll(t, id)
		if got := d.shipment(t, id); got.Status != models.ShipmentOutForDelivery || got.HeaderStatus != models.ShipmentOutForDelivery || got.ETA != nil {
			t.Errorf("parcel is %s, its summary %s, to arrive %v", got.Status, got.HeaderStatus, got.ETA)
		}
		d.courier.answer = func(carriers.Parcel) carriers.Answer {
			d.offset += 5 * time.Second
			d.tell(t, cry{"2", "SBX1234", carriers.StatusDelivered, start.Add(time.Minute)})
			return tracking(scan(carriers.StatusInfo, start.Add(-time.Minute)))
		}
		d.poll(t, id)
		if got := d.shipment(t, id); got.Status != models.ShipmentDelivered || got.NextPollAt == nil || got.PushedAt == nil {
			t.Errorf("parcel is %s, told of at %v, asked about next at %v", got.Status, got.PushedAt, got.NextPollAt)
		}
	})
}

// A webhook that says nothing new leaves the poll that confirms a delivery.
func TestNewsConfirmNoDelivery(t *testing.T) {
	t.Parallel()
	eachDepot(t, func(t *testing.T, d *depot) {
		id := d.add(t)
		at := d.db.Now().Add(-time.Hour).Truncate(time.Second)
		d.tell(t, cry{"1", "SBX1234", carriers.StatusDelivered, at})
		d.tell(t, cry{"2", "SBX1234", carriers.StatusDelivered, at})
		if got := d.shipment(t, id); got.Status != models.ShipmentDelivered || got.NextPollAt == nil {
			t.Errorf("parcel is %s, asked about next at %v", got.Status, got.NextPollAt)
		}
	})
}

// A scan is understood anew with every whole answer: when a code is known by
// then, the parcel stands where it says.
func TestScansAreReadAnew(t *testing.T) {
	t.Parallel()
	eachDepot(t, func(t *testing.T, d *depot) {
		id := d.add(t)
		at := d.db.Now().Add(-time.Hour).Truncate(time.Second)
		e := scan(carriers.StatusInfo, at)
		e.Code, e.Description = "Z9", "Handed over"
		day := e
		day.RawTime, day.OccurredAt, day.LocalTime = "2026-03-02T00:00:00", &at, "2026-03-02T00:00:00"
		d.courier.say(tracking(e, day))
		d.poll(t, id)
		before, err := d.db.TrackingEvents(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		e.Status = carriers.StatusDelivered
		day.OccurredAt, day.Precision = nil, carriers.PrecisionDate
		partial := tracking(e, day)
		partial.Tracking.Partial = true
		d.courier.say(partial)
		d.poll(t, id)
		if got := d.shipment(t, id); got.Status == models.ShipmentDelivered {
			t.Error("a partial answer reads scans anew")
		}
		d.courier.say(tracking(e, day))
		for range 2 {
			d.poll(t, id)
		}
		got := d.shipment(t, id)
		if got.Status != models.ShipmentDelivered || got.DeliveredAt == nil || !got.DeliveredAt.Equal(at) {
			t.Errorf("parcel is %s since %v", got.Status, got.DeliveredAt)
		}
		e.Status = carriers.StatusInTransit // the code was misunderstood
		d.courier.say(tracking(e, day))
		d.poll(t, id)
		if got := d.shipment(t, id); got.Status != models.ShipmentInTransit || got.NextPollAt == nil {
			t.Errorf("no scan is a delivery any more: parcel is %s, asked about next at %v", got.Status, got.NextPollAt)
		}
		scans, err := d.db.TrackingEvents(t.Context(), id)
		if err != nil || len(scans) != 2 {
			t.Fatalf("scans %+v, %v", scans, err)
		}
		for i := range scans {
			s := &scans[i]
			if s.Precision == string(carriers.PrecisionDate) && (s.OccurredAt != nil || s.SortAt.Format(time.DateOnly) != "2026-03-02") {
				t.Errorf("the day is kept as %v, sorted at %s", s.OccurredAt, s.SortAt)
			}
			if !s.ReceivedAt.Equal(before[0].ReceivedAt) {
				t.Errorf("a scan came in at %s, and now at %s", before[0].ReceivedAt, s.ReceivedAt)
			}
		}
	})
}
