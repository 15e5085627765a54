package notify_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/notify"
)

// errUndone is why a transaction is rolled back.
var errUndone = errors.New("undone")

// acts are the steps. Those that only one order of things would show are acts of
// their own, and times are taken from what is to happen: chance alone seldom
// comes upon either. Those whose names come first are taken most often.
func (l *life) acts() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"order":  func(t *rapid.T) { l.order(t, rapid.IntRange(1, 4).Draw(t, "orders")) },
		"cancel": l.cancel,
		"pay":    l.pay,
		"undo":   l.undo,
		"ping":   l.ping,

		"attempts": func(t *rapid.T) {
			l.server.expect(draw(t), nil)
			l.deliver(t, l.Service)
		},
		"attempts by two nodes": func(t *rapid.T) {
			l.server.expect(draw(t), nil)
			l.deliver(t, l.Service, l.other)
		},
		"attempts in a crowd": l.crowd,
		"attempts in a row":   l.walk,
		"attempts till a crash": func(t *rapid.T) {
			l.cutOff(t, rapid.IntRange(1, 3).Draw(t, "post"), func() error {
				_, err := l.db.SQL().ExecContext(context.Background(), "INSERT INTO dead_nodes VALUES (1)")
				return err
			})
		},
		"attempts till a stop": func(t *rapid.T) { l.cutOff(t, rapid.IntRange(1, 3).Draw(t, "post"), func() error { return nil }) },
		"wait": func(t *rapid.T) {
			l.pass(rapid.SampledFrom([]time.Duration{
				time.Second, 46 * time.Second, 20 * time.Minute, 5 * time.Hour, 25 * time.Hour, 40 * 24 * time.Hour,
			}).Draw(t, "time"))
		},

		"rotate":                     l.rotate,
		"pause or resume":            l.pause,
		"turn off or on":             l.turn,
		"limit":                      l.limit,
		"attempts till it is closed": l.closeMeanwhile,
		"delete":                     l.remove,
		"replay":                     l.replayOne,
		"replay many":                l.replayMany,
		"replay on":                  l.replayOn,
	}
}

func (l *life) order(t *rapid.T, n int) {
	for range n {
		o := modelstest.Order(l.tb, l.db, l.merchant, 500)
		l.open = append(l.open, o.ID)
		l.happens(t, o.ID, models.EventOrderCreated)
	}
}

// takeOpen takes an order that may be paid or canceled.
func (l *life) takeOpen(t *rapid.T) string {
	if len(l.open) == 0 {
		l.order(t, 1)
	}
	i := rapid.IntRange(0, len(l.open)-1).Draw(t, "order")
	order := l.open[i]
	l.open = slices.Delete(l.open, i, i+1)
	return order
}

func (l *life) cancel(t *rapid.T) {
	order := l.takeOpen(t)
	cancel := func(tx *models.Tx) error { return tx.CancelOrder(l.scope, order) }
	l.write(t, cancel)
	l.happens(t, order, models.EventOrderCanceled)
	if l.write(t, cancel) {
		t.Fatal("an order was canceled twice")
	}
	l.happens(t, "")
}

// pay pays an order, perhaps at the second try.
func (l *life) pay(t *rapid.T) {
	order := l.takeOpen(t)
	o, err := l.db.Order(context.Background(), l.scope, order)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := modelstest.Payment(l.tb, l.db, o, l.gateway)
	l.happens(t, "")
	move := func(to models.PaymentStatus, change models.PaymentChange, kinds ...string) {
		l.write(t, func(tx *models.Tx) error {
			_, err := tx.MovePayment(p.ID, to, change)
			return err
		})
		l.happens(t, order, kinds...)
	}
	if rapid.Bool().Draw(t, "fails first") {
		move(models.PaymentFailed, models.PaymentChange{}, models.EventPaymentFailed)
	}
	move(models.PaymentProcessing, models.PaymentChange{})
	move(models.PaymentPaid, models.PaymentChange{Captured: o.Amount}, models.EventPaymentPaid, models.EventOrderUpdated)
}

// undo cancels an order in a transaction that is rolled back.
func (l *life) undo(t *rapid.T) {
	order := l.takeOpen(t)
	l.open = append(l.open, order)
	err := l.db.Write(context.Background(), func(tx *models.Tx) error { return errors.Join(tx.CancelOrder(l.scope, order), errUndone) })
	if !errors.Is(err, errUndone) {
		t.Fatal(err)
	}
	l.happens(t, "")
}

func (l *life) anyDoor(t *rapid.T) *door { return rapid.SampledFrom(l.doors).Draw(t, "door") }

func (l *life) ping(t *rapid.T) {
	d := l.anyDoor(t)
	pinged := l.write(t, func(tx *models.Tx) error {
		_, _, err := tx.PingEndpoint(l.scope, d.id)
		return err
	})
	if pinged != (!d.deleted && d.offSince.IsZero()) {
		l.brokenf(t, "N7", "pinged %v although off since %v, deleted %v", pinged, d.offSince, d.deleted)
	}
	if pinged {
		l.happens(t, "", models.EventPing)
	}
}

// crowd has much to deliver, two nodes, and a server that takes its time.
func (l *life) crowd(t *rapid.T) {
	l.order(t, rapid.IntRange(2, 5).Draw(t, "orders"))
	l.server.expect(draw(t), nil)
	done, held := make(chan struct{}), make(chan struct{})
	l.server.hold()
	go func() {
		defer close(held)
		l.server.release(done)
	}()
	err := drain(context.Background(), []*notify.Service{l.Service, l.other})
	close(done)
	<-held
	if err != nil {
		t.Fatal(err)
	}
	l.judge(t, l.server.take(l.tb, false), how{})
}

// walk goes from one attempt to the next, perhaps all the way to the last.
func (l *life) walk(t *rapid.T) {
	l.order(t, 1)
	answers, all := draw(t), rapid.Bool().Draw(t, "all at once")
	for range rapid.SampledFrom([]int{len(schedule), 4, 1}).Draw(t, "attempts") {
		l.server.expect(answers, nil)
		l.deliver(t, l.Service)
		next := l.nextAttempt(t, all)
		if next.IsZero() {
			return
		}
		l.pass(next.Sub(l.db.Now()))
		if rapid.IntRange(0, 3).Draw(t, "too early") == 3 {
			l.pass(-time.Microsecond)
		}
	}
}

// nextAttempt is the time of the first attempt that is to come, or of the last
// of them; zero when there is none.
func (l *life) nextAttempt(t *rapid.T, last bool) (next time.Time) {
	for _, row := range l.rows(t) {
		at := row.NextAttemptAt
		if row.Status != models.DeliveryRetrying || at == nil || !at.After(l.db.Now()) {
			continue
		}
		if next.IsZero() || at.After(next) == last {
			next = *at
		}
	}
	return next
}

// closeMeanwhile closes an endpoint while much is being delivered to it: what
// was under way by then still arrives, and nothing else.
func (l *life) closeMeanwhile(t *rapid.T) {
	l.order(t, 5)
	d, c := l.doors[0], models.EndpointChange{Paused: new(true)}
	if rapid.Bool().Draw(t, "off") {
		c = models.EndpointChange{Enabled: new(false)}
	}
	var (
		once sync.Once
		most int
	)
	l.server.expect(draw(t), func(path string, _ int) {
		if path != d.path {
			return
		}
		once.Do(func() {
			if err := l.db.Write(context.Background(), func(tx *models.Tx) error { return l.edit(tx, d, c) }); err != nil {
				l.tb.Error(err)
			}
			under, _, err := l.db.Deliveries(context.Background(), l.scope,
				models.DeliveryFilter{Endpoint: d.id, Status: models.DeliveryDelivering}, models.Page{Limit: models.MaxLimit})
			if err != nil {
				l.tb.Error(err)
			}
			most = l.server.count(path) + len(under)
		})
	})
	if err := drain(context.Background(), []*notify.Service{l.Service}); err != nil {
		t.Fatal(err)
	}
	if n := l.server.count(d.path); n > most {
		l.brokenf(t, "N7", "%d posts although %d were under way when the endpoint was closed", n, most)
	}
	d.wasOff = d.wasOff || most > 0 && c.Enabled != nil
	l.judge(t, l.server.take(l.tb, false), how{closing: true})
	if most > 0 {
		d.note(c, l.db.Now())
	}
}
