package notify_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/notify"
)

// door is an endpoint as its merchant knows it.
type door struct {
	id, path string
	events   []string // that it subscribes to; nil: all
	places   int      // deliveries at once
	rate     int      // a second; 0: no limit

	secret   string
	previous []oldSecret // the newest first
	retired  []string

	offSince        time.Time // zero while it is enabled
	wasOff          bool
	paused, deleted bool
	saidGone        bool
	arrival         time.Time // the last that its node lived to store
	arrivalBefore   time.Time // that before the posts that are judged
}

// oldSecret was replaced and signs until its end.
type oldSecret struct {
	text  string
	until time.Time
}

func (d *door) closed() bool { return d.paused || d.deleted || !d.offSince.IsZero() }

func (d *door) wants(kind string, now time.Time) bool {
	missed := d.offSince.IsZero() || d.offSince.After(now.AddDate(0, 0, -models.MissedDays))
	return !d.deleted && missed && (d.events == nil || slices.Contains(d.events, kind))
}

// happening is an event as the machine made it.
type happening struct {
	id, kind, body string
	order          string // empty: of none
	sequence       int64  // among those of its order
}

// way is that of a happening to a door.
type way struct{ event, door string }

// passage is what the machine knows of it.
type passage struct {
	arrived   bool
	settled   bool      // it arrived, and its node lived to say so
	round     int       // attempts since it was last replayed
	notBefore time.Time // the next attempt
	last      answer
	at        time.Time // of the last attempt
	lost      bool      // its node died with it
}

// bulk is a replay of many, by a person.
type bulk struct{ id, kind, reason string }

// life is that of one merchant.
type life struct {
	*machine

	scope    models.Scope
	merchant string
	gateway  string
	doors    []*door
	events   []*happening // in their order
	passages map[way]*passage
	open     []string // orders that are neither paid nor canceled
	replays  []bulk
	closings int                // events of endpoints that were disabled, since doors were last looked at
	newest   map[way]*happening // by order and door: what a receiver that drops what is stale has
}

func newLife(t *rapid.T, m *machine) *life {
	shop := modelstest.Merchant(m.tb, m.db)
	l := &life{
		machine: m, scope: models.MerchantScope(shop.ID), merchant: shop.ID, gateway: modelstest.Gateway(m.tb, m.db, shop.ID).ID,
		passages: map[way]*passage{}, newest: map[way]*happening{},
	}
	// What a life that failed has left is not this one's.
	l.execute(l.db, "UPDATE deliveries SET status = 'canceled', lease_until = NULL WHERE status IN ('pending', 'retrying', 'delivering')")
	for i, events := range [][]string{nil, {models.EventOrderCanceled, models.EventPaymentPaid}} {
		d := &door{path: fmt.Sprintf("/%d/%d", m.lives, i), events: events, places: rapid.IntRange(1, 3).Draw(t, "places")}
		l.write(t, func(tx *models.Tx) error {
			e, secret, err := l.CreateEndpoint(tx, l.merchant, notify.NewEndpoint{URL: l.server.URL + d.path, Events: events, MaxInFlight: d.places})
			if err == nil {
				d.id, d.secret = e.ID, secret
			}
			return err
		})
		l.doors = append(l.doors, d)
	}
	return l
}

// write fails on anything but a refusal, and says whether it was none.
func (l *life) write(t *rapid.T, fn func(tx *models.Tx) error) bool {
	err := l.db.Write(context.Background(), fn)
	if err != nil && !isRefusal(err) {
		t.Fatal(err)
	}
	return err == nil
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[*models.Error](err)
	return ok
}

// rows are all deliveries.
func (l *life) rows(t *rapid.T) []models.Delivery {
	var all []models.Delivery
	for cursor := ""; ; {
		rows, next, err := l.db.Deliveries(context.Background(), l.scope, models.DeliveryFilter{}, models.Page{Limit: models.MaxLimit, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, rows...); next == "" {
			return all
		}
		cursor = next
	}
}

// happens holds N1: what was done has recorded these events, each with one
// delivery for each door that wants it, and nothing else has.
func (l *life) happens(t *rapid.T, order string, kinds ...string) {
	events := l.allEvents(t)
	if len(events) != len(l.events)+len(kinds) {
		l.brokenf(t, "N1", "%d events after %d and %v", len(events), len(l.events), kinds)
	}
	for i, kind := range kinds {
		e := &events[len(l.events)]
		if e.Type != kind {
			l.brokenf(t, "N1", "event %d of %v is %s", i, kinds, e.Type)
		}
		h := &happening{id: e.ID, kind: kind, body: e.Body, order: order}
		if order != "" {
			h.sequence = 1
			for _, before := range l.events {
				if before.order == order {
					h.sequence++
				}
			}
		}
		l.events = append(l.events, h)
		for _, d := range l.doors {
			if (e.ObjectID == d.id) == (kind == models.EventPing) && (kind == models.EventPing || d.wants(kind, l.db.Now())) {
				l.passages[way{h.id, d.id}] = &passage{}
			}
		}
	}
	l.count(t, l.rows(t))
}

// allEvents are the events, the oldest first.
func (l *life) allEvents(t *rapid.T) []models.Event {
	var events []models.Event
	for cursor := ""; ; {
		found, next, err := l.db.Events(context.Background(), l.scope, "", models.Span{}, models.Page{Limit: models.MaxLimit, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		if events = append(events, found...); next == "" {
			slices.Reverse(events)
			return events
		}
		cursor = next
	}
}

// count holds N1 of the deliveries.
func (l *life) count(t *rapid.T, rows []models.Delivery) {
	seen := map[way]int{}
	for i := range rows {
		w := way{rows[i].EventID, rows[i].EndpointID}
		seen[w]++
		if l.passages[w] == nil || seen[w] > 1 {
			l.brokenf(t, "N1", "%d deliveries of %s to %s", seen[w], w.event, w.door)
		}
	}
	for w := range l.passages {
		if seen[w] == 0 {
			l.brokenf(t, "N1", "no delivery of %s to %s", w.event, w.door)
		}
	}
}

func (l *life) happening(id string) *happening {
	for _, h := range l.events {
		if h.id == id {
			return h
		}
	}
	return nil
}

func (l *life) door(id string) *door {
	for _, d := range l.doors {
		if d.id == id {
			return d
		}
	}
	return nil
}

// how is how a delivery went.
type how struct {
	cut     bool // a node died or was stopped
	alone   bool // one node delivered
	closing bool // a person closed an endpoint meanwhile
}

// deliver has nodes deliver what is due, and judges what came of it.
func (l *life) deliver(t *rapid.T, nodes ...*notify.Service) {
	if err := drain(context.Background(), nodes); err != nil {
		t.Fatal(err)
	}
	l.judge(t, l.server.take(l.tb, false), how{alone: len(nodes) == 1})
}

func drain(ctx context.Context, nodes []*notify.Service) error {
	errs := make([]error, len(nodes))
	var wg sync.WaitGroup
	for i, node := range nodes {
		wg.Go(func() { errs[i] = node.Drain(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// cutOff has a node deliver that ends by do at the n-th post.
func (l *life) cutOff(t *rapid.T, n int, do func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l.server.expect(draw(t), func(_ string, posts int) {
		if posts != n {
			return
		}
		if err := do(); err != nil {
			l.tb.Error(err)
		}
		cancel()
	})
	err := drain(ctx, []*notify.Service{l.Service})
	cut := ctx.Err() != nil
	if err != nil && !cut {
		t.Fatal(err)
	}
	posts := l.server.take(l.tb, cut)
	l.execute(l.db, "DELETE FROM dead_nodes")
	l.judge(t, posts, how{cut: cut, alone: true})
	if cut {
		l.pass(2 * time.Second) // nothing that is sent later bears the same time
	}
}

// draw is how the next posts are answered.
func draw(t *rapid.T) []answer {
	if rapid.IntRange(0, 30).Draw(t, "gone") == 17 {
		return []answer{gone}
	}
	return rapid.SliceOfN(rapid.SampledFrom(answers), 1, 3).Draw(t, "answers")
}
