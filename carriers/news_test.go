package carriers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// crier is a courier that tells of news by webhook, in JSON, when the
// signature is "good".
type crier struct {
	*courier

	service string // what it calls its parcels by
}

// cry is its webhook.
type cry struct {
	ID     string
	Number string
	Status carriers.Status
	At     time.Time
}

func (crier) Verify(_ carriers.Account, w carriers.Webhook) error {
	if w.Header.Get("Signature") != "good" {
		return carriers.ErrSignature
	}
	return nil
}

func (c crier) Read(_ carriers.Account, body []byte) ([]carriers.Notice, error) {
	var cries []cry
	if err := json.Unmarshal(body, &cries); err != nil {
		return nil, err
	}
	notices := make([]carriers.Notice, len(cries))
	for i, one := range cries {
		notices[i] = carriers.Notice{ID: one.ID, Type: "scan", Number: one.Number, Service: c.service, Tracking: &carriers.Tracking{
			Events: []carriers.Event{scan(one.Status, one.At)}, Partial: true, Raw: body,
		}}
	}
	return notices, nil
}

func (crier) Acknowledge() carriers.Acknowledgment { return carriers.Acknowledgment{Body: "heard"} }

// tell sends a webhook and applies what was stored of it.
func (d *depot) tell(t *testing.T, cries ...cry) {
	t.Helper()
	d.receive(t, cries...)
	for _, e := range d.inbound(t) {
		if err := d.ApplyNews(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// receive takes a webhook in.
func (d *depot) receive(t *testing.T, cries ...cry) {
	t.Helper()
	body, err := json.Marshal(cries)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := d.Receive(t.Context(), d.account, carriers.Webhook{
		Header: map[string][]string{"Signature": {"good"}}, Body: body,
	})
	if err != nil || answer.Body != "heard" {
		t.Fatalf("answer %+v, %v", answer, err)
	}
}

func (d *depot) inbound(t *testing.T) []models.InboundEvent {
	t.Helper()
	events, _, err := d.db.InboundEvents(t.Context(), models.MerchantScope(d.shop.ID), models.InboundFilter{}, models.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// eachDepot opens depots whose courier sends webhooks.
func eachDepot(t *testing.T, test func(t *testing.T, d *depot)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		d.use(crier{d.courier, ""})
		test(t, d)
	})
}

func TestNews(t *testing.T) {
	t.Parallel()
	eachDepot(t, func(t *testing.T, d *depot) {
		id := d.add(t)
		start := d.db.Now().Add(-5 * time.Hour).Truncate(time.Second)
		transit := cry{"1", "sbx1234", carriers.StatusInTransit, start}
		out := cry{"2", "SBX1234", carriers.StatusOutForDelivery, start.Add(time.Hour)}
		d.tell(t, out)
		d.tell(t, transit) // late: it moves nothing back
		d.tell(t, out, transit)
		got := d.shipment(t, id)
		if got.Status != models.ShipmentOutForDelivery || got.PushedAt == nil {
			t.Errorf("parcel is %s, pushed at %v", got.Status, got.PushedAt)
		}
		if wait := got.NextPollAt.Sub(d.db.Now()); wait < 12*time.Hour || wait > 24*time.Hour {
			t.Errorf("the next poll is in %s, want a safety poll", wait)
		}
		scans, err := d.db.TrackingEvents(t.Context(), id)
		if err != nil || len(scans) != 2 || scans[0].RetractedAt != nil || scans[1].RetractedAt != nil {
			t.Errorf("scans %+v, %v", scans, err)
		}
		for _, e := range d.inbound(t) {
			if e.Status != models.InboundApplied || e.ShipmentID == nil || *e.ShipmentID != id {
				t.Errorf("event %+v", e)
			}
		}
		// A poll that finds what the webhooks left out ends the trust in them.
		d.courier.say(tracking(scan(carriers.StatusInTransit, start), scan(carriers.StatusOutForDelivery, start.Add(time.Hour)),
			scan(carriers.StatusDeliveryFailed, start.Add(2*time.Hour))))
		d.poll(t, id)
		if got := d.shipment(t, id); got.PushedAt != nil || got.Status != models.ShipmentDeliveryFailed {
			t.Errorf("after the poll: %s, pushed at %v", got.Status, got.PushedAt)
		}
	})
}

func TestNewsOfTheSameTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	eachDepot(t, func(t *testing.T, d *depot) {
		d.add(t)
		one := cry{"1", "SBX1234", carriers.StatusInTransit, d.db.Now().Add(-time.Hour).Truncate(time.Second)}
		d.tell(t, one)
		d.tell(t, one)
		if events := d.inbound(t); len(events) != 1 || events[0].Duplicates != 1 {
			t.Errorf("stored %+v", events)
		}
	})
}

func TestNewsBeforeTheParcelWait(t *testing.T) {
	t.Parallel()
	eachDepot(t, func(t *testing.T, d *depot) {
		d.tell(t, cry{"1", "SBX1234", carriers.StatusInTransit, d.db.Now().Add(-time.Hour).Truncate(time.Second)})
		e := d.inbound(t)[0]
		if e.Status != models.InboundReceived || e.Tries != 1 {
			t.Fatalf("event %+v", e)
		}
		id := d.add(t)
		if err := d.ApplyNews(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
		if got := d.shipment(t, id); got.Status != models.ShipmentInTransit {
			t.Errorf("parcel is %s", got.Status)
		}
	})
	eachDepot(t, func(t *testing.T, d *depot) {
		d.tell(t, cry{"1", "OTHER", carriers.StatusInTransit, d.db.Now().Add(-time.Hour)})
		id := d.inbound(t)[0].ID
		for range 5 {
			if err := d.ApplyNews(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if got := d.inbound(t)[0].Status; got != models.InboundUnmatched {
			t.Errorf("event is %s", got)
		}
	})
}

// A webhook that comes late, or is replayed, takes nothing back.
func TestOldNewsTakeNothingBack(t *testing.T) {
	t.Parallel()
	eachDepot(t, func(t *testing.T, d *depot) {
		id := d.add(t)
		start := d.db.Now().Add(-9 * time.Hour).Truncate(time.Second)
		transit, done := scan(carriers.StatusInTransit, start), scan(carriers.StatusDelivered, start.Add(time.Hour))
		d.tell(t, cry{"1", "SBX1234", carriers.StatusInTransit, start})
		old := d.inbound(t)[0].ID
		d.courier.answer = func(carriers.Parcel) carriers.Answer {
			answer := tracking(transit, done)
			answer.Tracking.Header = carriers.Header{Status: carriers.StatusDelivered}
			return answer
		}
		d.poll(t, id)
		for range 3 {
			d.offset += time.Hour
			modelstest.Write(t, d.db, func(tx *models.Tx) error {
				_, err := tx.ReplayInbound(models.MerchantScope(d.shop.ID), old)
				return err
			})
			if err := d.ApplyNews(t.Context(), old); err != nil {
				t.Fatal(err)
			}
		}
		if got := d.shipment(t, id); got.Status != models.ShipmentDelivered || got.HeaderStatus != models.ShipmentDelivered {
			t.Errorf("parcel is %s, its summary %s", got.Status, got.HeaderStatus)
		}
		scans, err := d.db.TrackingEvents(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range scans {
			if e.RetractedAt != nil || e.Missing > 0 {
				t.Errorf("scan %s is taken back", e.Status)
			}
		}
	})
}

// What the carrier tells of one parcel is not another's, though the carrier asks
// for both under one name.
func TestNewsAreOfOneParcel(t *testing.T) {
	t.Parallel()
	eachDepot(t, func(t *testing.T, d *depot) {
		id := d.add(t)
		var other *models.Shipment
		modelstest.Write(t, d.db, func(tx *models.Tx) (err error) {
			other, err = d.Add(tx, d.shop.ID, carriers.New{OrderID: d.order.ID, Carrier: "sandbox", TrackingNumber: "SBX9999"})
			return err
		})
		d.courier.answer = func(carriers.Parcel) carriers.Answer {
			answer := tracking(scan(carriers.StatusInTransit, d.db.Now().Add(-2*time.Hour)))
			answer.Tracking.Service = "usps"
			return answer
		}
		d.poll(t, id)
		d.poll(t, other.ID)
		d.use(crier{d.courier, "usps"})
		d.tell(t, cry{"1", "SBX1234", carriers.StatusDelivered, d.db.Now().Add(-time.Hour)})
		if got := d.shipment(t, other.ID); got.Status != models.ShipmentInTransit {
			t.Errorf("the other parcel is %s", got.Status)
		}
		if got := d.shipment(t, id); got.Status != models.ShipmentDelivered {
			t.Errorf("the parcel is %s", got.Status)
		}
	})
}

// Another merchant's parcel of the same number is not this account's business.
func TestNewsStayWithTheAccount(t *testing.T) {
	t.Parallel()
	eachDepot(t, func(t *testing.T, d *depot) {
		other := modelstest.Merchant(t, d.db)
		order := modelstest.Order(t, d.db, other.ID, 100)
		var stranger *models.Shipment
		modelstest.Write(t, d.db, func(tx *models.Tx) (err error) {
			stranger, err = d.Add(tx, other.ID, carriers.New{OrderID: order.ID, Carrier: "sandbox", TrackingNumber: "SBX1234"})
			return err
		})
		d.tell(t, cry{"1", "SBX1234", carriers.StatusDelivered, d.db.Now().Add(-time.Hour)})
		got, err := d.db.Shipment(t.Context(), models.MerchantScope(other.ID), stranger.ID)
		if err != nil || got.Status != models.ShipmentUnknown {
			t.Errorf("the other merchant's parcel is %s, %v", got.Status, err)
		}
	})
}

func TestForgedNews(t *testing.T) {
	t.Parallel()
	eachDepot(t, func(t *testing.T, d *depot) {
		_, err := d.Receive(t.Context(), d.account, carriers.Webhook{Body: []byte(`[{"Number":"SBX1234"}]`)})
		if rejected, ok := errors.AsType[carriers.RejectedWebhookError](err); !ok || rejected.Kind != "sandbox" {
			t.Errorf("error %v", err)
		}
		if events := d.inbound(t); len(events) != 0 {
			t.Errorf("%d events were stored", len(events))
		}
	})
}

// What cannot be read is kept whole, to be replayed by whoever mends that.
func TestUnreadableNews(t *testing.T) {
	t.Parallel()
	eachDepot(t, func(t *testing.T, d *depot) {
		body := []byte("[{\x00\xff half")
		for range 2 {
			if _, err := d.Receive(t.Context(), d.account, carriers.Webhook{
				Header: map[string][]string{"Signature": {"good"}}, Body: body,
			}); err != nil {
				t.Fatal(err)
			}
		}
		events := d.inbound(t)
		if len(events) != 1 {
			t.Fatalf("%d events", len(events))
		}
		if err := d.ApplyNews(t.Context(), events[0].ID); err != nil {
			t.Fatal(err)
		}
		if got := d.inbound(t)[0]; got.Status != models.InboundError || got.Detail == "" {
			t.Errorf("event %+v", got)
		}
	})
}

// Webhooks of many parcels meet polls of the same: no parcel moves back, and
// every scan is stored once.
func TestNewsRacePolls(t *testing.T) {
	t.Parallel()
	eachDepot(t, func(t *testing.T, d *depot) {
		id := d.add(t)
		start := d.db.Now().Add(-9 * time.Hour).Truncate(time.Second)
		transit, done := scan(carriers.StatusInTransit, start), scan(carriers.StatusDelivered, start.Add(time.Hour))
		d.courier.say(tracking(transit))
		body, err := json.Marshal([]cry{{"1", "SBX1234", carriers.StatusDelivered, start.Add(time.Hour)}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Receive(t.Context(), d.account, carriers.Webhook{
			Header: map[string][]string{"Signature": {"good"}}, Body: body,
		}); err != nil {
			t.Fatal(err)
		}
		news := d.inbound(t)[0].ID
		err = together(t.Context(), 8, func(ctx context.Context, i int) error {
			if i%2 == 0 {
				return d.ApplyNews(ctx, news)
			}
			_, err := d.Poll(ctx, models.PollArgs{AccountID: d.account, ShipmentIDs: []string{id}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := d.shipment(t, id); got.Status != models.ShipmentDelivered || !got.DeliveredAt.Equal(*done.OccurredAt) {
			t.Errorf("parcel is %s since %v", got.Status, got.DeliveredAt)
		}
		scans, err := d.db.TrackingEvents(t.Context(), id)
		if err != nil || len(scans) > 2 {
			t.Errorf("%d scans, %v", len(scans), err)
		}
	})
}

// together runs n calls at the same time.
func together(ctx context.Context, n int, call func(ctx context.Context, i int) error) error {
	failed := make(chan error, n)
	for i := range n {
		go func() { failed <- call(ctx, i) }()
	}
	var errs []error
	for i := range n {
		if err := <-failed; err != nil {
			errs = append(errs, fmt.Errorf("call %d: %w", i, err))
		}
	}
	return errors.Join(errs...)
}
