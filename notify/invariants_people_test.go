package notify_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
)

// rotate replaces a secret, and perhaps goes to the edge of the day in which one
// that was replaced signs too.
func (l *life) rotate(t *rapid.T) {
	d := l.anyDoor(t)
	var secret string
	if !l.write(t, func(tx *models.Tx) (err error) {
		_, secret, err = l.RotateSecret(tx, l.scope, d.id)
		return err
	}) {
		return
	}
	now, kept := l.db.Now(), []oldSecret{{d.secret, l.db.Now().Add(24 * time.Hour)}}
	for _, old := range d.previous {
		if now.Before(old.until) && len(kept) < 3 {
			kept = append(kept, old)
		} else {
			d.retired = append(d.retired, old.text)
		}
	}
	d.previous, d.secret = kept, secret
	if rapid.Bool().Draw(t, "stay") {
		return
	}
	l.pass(rapid.SampledFrom(kept).Draw(t, "edge").until.Sub(now))
	if rapid.Bool().Draw(t, "before") {
		l.pass(-time.Microsecond)
	}
	l.order(t, 1)
	l.server.expect(draw(t), nil)
	l.deliver(t, l.Service)
}

// change edits an endpoint as its merchant does.
func (l *life) change(t *rapid.T, d *door, c models.EndpointChange) {
	changed := l.write(t, func(tx *models.Tx) error { return l.edit(tx, d, c) })
	if changed == d.deleted {
		t.Fatalf("changed %v, deleted %v", changed, d.deleted)
	}
	if changed {
		d.note(c, l.db.Now())
	}
}

func (l *life) edit(tx *models.Tx, d *door, c models.EndpointChange) error {
	_, err := l.UpdateEndpoint(tx, l.scope, d.id, notify.EndpointChange{EndpointChange: c})
	return err
}

// note keeps in mind what was changed.
func (d *door) note(c models.EndpointChange, now time.Time) {
	switch {
	case c.Enabled == nil:
	case *c.Enabled:
		d.offSince = time.Time{}
	case d.offSince.IsZero():
		d.offSince, d.wasOff = now, true
	}
	if c.Paused != nil {
		d.paused = *c.Paused
	}
	if c.MaxInFlight != nil {
		d.places = *c.MaxInFlight
	}
	if c.RatePerSecond != nil {
		d.rate = *c.RatePerSecond
	}
}

func (l *life) pause(t *rapid.T) {
	d := l.anyDoor(t)
	l.change(t, d, models.EndpointChange{Paused: new(!d.paused)})
}

func (l *life) turn(t *rapid.T) {
	d := l.anyDoor(t)
	l.change(t, d, models.EndpointChange{Enabled: new(!d.offSince.IsZero())})
}

func (l *life) limit(t *rapid.T) {
	l.change(t, l.anyDoor(t), models.EndpointChange{
		MaxInFlight:   new(rapid.IntRange(1, 3).Draw(t, "places")),
		RatePerSecond: new(rapid.SampledFrom([]int{0, 0, 1, 30}).Draw(t, "rate")),
	})
}

func (l *life) remove(t *rapid.T) {
	if rapid.IntRange(0, 7).Draw(t, "keep") > 0 {
		return // or most lives would end at once
	}
	d := l.anyDoor(t)
	if l.write(t, func(tx *models.Tx) error { return tx.DeleteEndpoint(l.scope, d.id) }) == d.deleted {
		t.Fatal("deleted twice, or not at all")
	}
	d.deleted = true
}

// replayOne sends an event again, or for the first time to an endpoint that did
// not want it.
func (l *life) replayOne(t *rapid.T) {
	if len(l.events) == 0 {
		return
	}
	h, d := rapid.SampledFrom(l.events).Draw(t, "event"), l.anyDoor(t)
	if l.write(t, func(tx *models.Tx) error {
		_, err := tx.RedeliverEvent(l.scope, h.id, d.id)
		return err
	}) {
		l.passages[way{h.id, d.id}] = &passage{}
	}
	l.happens(t, "")
}

// replayMany has a person begin a replay.
func (l *life) replayMany(t *rapid.T) {
	d := l.anyDoor(t)
	r := notify.ReplayRequest{
		ReplayChoice: notify.ReplayChoice{
			EndpointID: d.id, Kind: rapid.SampledFrom(models.ReplayKinds).Draw(t, "kind"), Since: time.Now().Add(-24 * time.Hour),
		},
		PerMinute: notify.MaxReplayRate, Reason: fmt.Sprintf("they lost it the %dth time", len(l.replays)), Actor: aina,
		Enable: rapid.Bool().Draw(t, "enable"),
	}
	var err error
	if r.Found, err = l.PlanReplay(context.Background(), l.scope, r.ReplayChoice); err != nil {
		if d.deleted && errors.Is(err, models.ErrNotFound) {
			return
		}
		t.Fatal(err)
	}
	var begun *models.Replay
	if !l.write(t, func(tx *models.Tx) (err error) {
		begun, err = l.StartReplay(tx, l.scope, r)
		return err
	}) {
		return
	}
	d.offSince = time.Time{}
	l.replays = append(l.replays, bulk{id: begun.ID, kind: r.Kind, reason: r.Reason})
	l.audited(t, l.replays[len(l.replays)-1])
	l.replayOn(t)
}

// replayOn makes the next step of the replays that go on.
func (l *life) replayOn(t *rapid.T) {
	l.pass(time.Second)
	for _, r := range l.replays {
		if _, err := l.WorkReplay(context.Background(), r.id); err != nil {
			t.Fatal(err)
		}
		for _, row := range l.rows(t) {
			w := way{row.EventID, row.EndpointID}
			k := l.passages[w]
			if row.Cause != models.SentByReplay || row.Status != models.DeliveryPending || k != nil && k.round == 0 {
				continue
			}
			// Only a replay of all sends what has arrived.
			l.passages[w] = &passage{settled: k != nil && k.settled && r.kind != models.ReplayAll}
		}
	}
	l.happens(t, "")
}
