package carriers_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func refusal(err error) string {
	if domain, ok := errors.AsType[*models.Error](err); ok {
		return domain.Code
	}
	return ""
}

func TestEnterAndWithdraw(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id, scope := d.add(t), models.MerchantScope(d.shop.ID)
		delivered := scan(carriers.StatusDelivered, db.Now().Add(-time.Hour).Truncate(time.Second))
		d.courier.say(tracking(delivered))
		d.poll(t, id)
		d.poll(t, id)
		d.offset += time.Minute
		enter := func(in carriers.Manual) error {
			return db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := d.Enter(tx, scope, id, in, modelstest.Actor())
				return err
			})
		}
		if err := enter(carriers.Manual{Override: true, Status: carriers.StatusException, Reason: carriers.ReasonLost, Note: "Customer has nothing"}); err != nil {
			t.Fatal(err)
		}
		if got := d.shipment(t, id); got.Status != models.ShipmentException || got.StatusReason != "lost" || got.DeliveredAt != nil {
			t.Errorf("overridden it is %s, %s", got.Status, got.StatusReason)
		}
		d.offset += time.Minute
		d.poll(t, id) // the carrier says the same as before, twice
		d.poll(t, id)
		if got := d.shipment(t, id); got.Status != models.ShipmentException {
			t.Errorf("the carrier's old answer makes it %s", got.Status)
		}
		events, err := db.TrackingEvents(t.Context(), id)
		if err != nil || len(events) != 2 {
			t.Fatalf("events %+v, %v", events, err)
		}
		own, theirs := events[0], events[1]
		if own.Source != models.SourceOverride || own.ActorName != "test" || own.Note != "Customer has nothing" || own.RetractedAt != nil {
			t.Errorf("event %+v", own)
		}
		withdraw := func(event string) error {
			return db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := d.Withdraw(tx, scope, id, event, "found it", modelstest.Actor())
				return err
			})
		}
		if err := withdraw(theirs.ID); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("a carrier's scan is withdrawn: %v", err)
		}
		d.offset += time.Minute
		if err := withdraw(own.ID); err != nil {
			t.Fatal(err)
		}
		if got := d.shipment(t, id); got.Status != models.ShipmentDelivered || got.DeliveredAt == nil {
			t.Errorf("after the withdrawal it is %s", got.Status)
		}
		for name, test := range map[string]struct {
			in   carriers.Manual
			want string
		}{
			"no reason":     {carriers.Manual{Status: carriers.StatusDelivered, Note: " "}, "reason_required"},
			"no status":     {carriers.Manual{Note: "because"}, "unknown_status"},
			"a notice only": {carriers.Manual{Override: true, Status: carriers.StatusInfo, Note: "because"}, "unknown_status"},
			"a wrong cause": {carriers.Manual{Status: carriers.StatusException, Reason: "aliens", Note: "because"}, "unknown_reason"},
			"not delivered": {carriers.Manual{Override: true, Status: carriers.StatusDelivered, Reason: carriers.ReasonLost, Note: "because"}, "reason_contradicts"},
			"no time":       {carriers.Manual{Status: carriers.StatusDelivered, LocalTime: "noon", Note: "because"}, "bad_time"},
			"the future":    {carriers.Manual{Status: carriers.StatusDelivered, LocalTime: "2199-01-01T10:00", Zone: time.UTC, Note: "because"}, "bad_time"},
		} {
			if got := refusal(enter(test.in)); got != test.want {
				t.Errorf("%s: %q, want %q", name, got, test.want)
			}
		}
		err = db.Write(t.Context(), func(tx *models.Tx) error {
			_, err := d.Enter(tx, models.MerchantScope("mer_other"), id, carriers.Manual{Status: carriers.StatusDelivered, Note: "because"}, modelstest.Actor())
			return err
		})
		if !errors.Is(err, models.ErrNotFound) {
			t.Errorf("another merchant's parcel: %v", err)
		}
	})
}

// The clock of a place whose zone nobody knows names no instant.
func TestEnteredTimes(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		kuala, err := time.LoadLocation("Asia/Kuala_Lumpur")
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range []carriers.Manual{
			{Status: carriers.StatusInTransit, LocalTime: "2026-01-05T10:00", Zone: kuala, Note: "told by phone"},
			{Status: carriers.StatusOutForDelivery, LocalTime: "2026-01-06T10:00", Location: "Depot", Note: "told by phone"},
			{Status: carriers.StatusDeliveryFailed, LocalTime: "2026-01-07", Note: "told by phone"},
		} {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, err := d.Enter(tx, models.AllMerchants(), id, in, modelstest.Actor())
				return err
			})
		}
		events, err := db.TrackingEvents(t.Context(), id)
		if err != nil || len(events) != 3 {
			t.Fatal(events, err)
		}
		day, place, phone := events[0], events[1], events[2]
		if phone.OccurredAt == nil || phone.OccurredAt.UTC().Hour() != 2 || *phone.OffsetMinutes != 480 {
			t.Errorf("with a zone: %+v", phone)
		}
		if place.OccurredAt != nil || place.OffsetMinutes != nil || place.LocalTime != "2026-01-06T10:00:00" {
			t.Errorf("without a zone: %+v", place)
		}
		if day.OccurredAt != nil || day.Precision != "date" {
			t.Errorf("a day: %+v", day)
		}
		if got := d.shipment(t, id); got.Status != models.ShipmentDeliveryFailed {
			t.Errorf("status %s", got.Status)
		}
	})
}

func TestRetrack(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		retrack := func() error {
			return db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := d.Retrack(tx, models.AllMerchants(), id, modelstest.Actor())
				return err
			})
		}
		if got := refusal(retrack()); got != "not_expired" {
			t.Errorf("a parcel that is followed: %q", got)
		}
		d.offset += 20 * 24 * time.Hour
		d.courier.say(tracking())
		d.poll(t, id)
		if got := d.shipment(t, id); got.Status != models.ShipmentExpired || got.NextPollAt != nil {
			t.Fatalf("after 20 silent days it is %s, asked next at %v", got.Status, got.NextPollAt)
		}
		if err := retrack(); err != nil {
			t.Fatal(err)
		}
		if got := d.shipment(t, id); got.Status != models.ShipmentUnknown || got.NextPollAt == nil {
			t.Errorf("followed again it is %s, asked next at %v", got.Status, got.NextPollAt)
		}
		d.offset += time.Hour
		d.poll(t, id)
		if got := d.shipment(t, id); got.Status != models.ShipmentUnknown || got.NextPollAt == nil {
			t.Errorf("an hour later it is %s, asked next at %v", got.Status, got.NextPollAt)
		}
	})
}

func TestReplace(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		var back, created *models.Shipment
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			back, err = d.Add(tx, d.shop.ID, carriers.New{OrderID: d.order.ID, Carrier: "sandbox", TrackingNumber: "SBXBACK", Direction: models.DirectionReturn})
			return err
		})
		if back.ReturnOf == nil || *back.ReturnOf != id {
			t.Errorf("the return sends back %v", back.ReturnOf)
		}
		replace := func(number string) error {
			return db.Write(t.Context(), func(tx *models.Tx) (err error) {
				created, err = d.Replace(tx, models.AllMerchants(), id, carriers.Replacement{Carrier: "sandbox", TrackingNumber: number, Note: "a typo"}, modelstest.Actor())
				return err
			})
		}
		if got := refusal(replace("sbx 1234")); got != "shipment_exists" {
			t.Errorf("the same number: %q", got)
		}
		if err := replace("SBX1235"); err != nil {
			t.Fatal(err)
		}
		if got := d.shipment(t, id); got.Status != models.ShipmentCanceled || got.NextPollAt != nil {
			t.Errorf("the mistyped one is %s, asked next at %v", got.Status, got.NextPollAt)
		}
		d.offset += time.Minute
		d.courier.say(tracking(scan(carriers.StatusDelivered, db.Now())))
		d.poll(t, id) // was under way
		if got := d.shipment(t, id); got.NextPollAt != nil {
			t.Errorf("the mistyped one is asked about again at %s", got.NextPollAt)
		}
		err := db.Write(t.Context(), func(tx *models.Tx) error {
			_, err := d.Sync(tx, models.AllMerchants(), id, modelstest.Actor())
			return err
		})
		if got := refusal(err); got != "parcel_canceled" {
			t.Errorf("somebody asks about it: %q", got)
		}
		d.use(crier{d.courier, ""})
		d.tell(t, cry{"1", "SBX1234", carriers.StatusDelivered, db.Now()})
		if got := d.shipment(t, id); got.Status != models.ShipmentCanceled || !got.Replaced() {
			t.Errorf("what is told of the mistyped number makes it %s", got.Status)
		}
		if got := d.shipment(t, created.ID); got.NextPollAt == nil || got.OrderID != d.order.ID {
			t.Errorf("the right one: %+v", got)
		}
		if got := d.shipment(t, back.ID); got.ReturnOf == nil || *got.ReturnOf != created.ID {
			t.Errorf("the return sends back %v, want %s", got.ReturnOf, created.ID)
		}
		if got := refusal(replace("SBX1236")); got != "parcel_canceled" {
			t.Errorf("a second time: %q", got)
		}
	})
}
