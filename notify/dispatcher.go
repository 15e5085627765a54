package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"time"

	"github.com/tillpost/tillpost/models"
)

const (
	// lookEvery is how often a dispatcher looks for deliveries that came due, and
	// for those of which it heard nothing.
	lookEvery = time.Second
	// releaseEvery is how often it looks for deliveries whose worker died.
	releaseEvery = 5 * time.Second
	// releaseBatch bounds one look for those.
	releaseBatch = 500
	// gather is how long a result waits for others to be stored with.
	gather = 3 * time.Millisecond
	// storeBatch is how many results are stored at once.
	storeBatch = 200
	// again is how long to wait after a failure of the database.
	again = 250 * time.Millisecond
	// asking bounds what a dispatcher asks of the database: while it waits for an
	// answer it does not ask again.
	asking = 20 * time.Second
)

// dispatcher is the loop that delivers on one node: it claims what is due, has
// it posted, and stores what came of it. One goroutine, run, holds its state;
// what takes time happens in others, which report by channels.
type dispatcher struct {
	s        *Service
	ctx      context.Context //nolint:containedctx // the loop's own, as long as it runs
	cutOff   context.CancelFunc
	ears     *ears
	stopping chan struct{} // closed: begin no more
	stopped  chan struct{} // closed by run
	draining bool          // end when nothing is left to do
	failure  error         // of a dispatcher that drains

	lanes     *lanes
	flying    int                     // attempts under way
	landed    map[string]bool         // deliveries whose results are not stored
	results   []models.DeliveryResult // to be stored
	since     time.Time               // of the first of them
	claiming  bool                    // a claim or look is under way
	storing   int                     // results that are being stored
	beside    bool                    // some were, while the claim was under way
	looked    time.Time
	stale     bool // results were stored since: that an endpoint was disabled is news for others
	released  time.Time
	holdUntil time.Time // the database failed: leave it alone

	claims  chan claim
	posts   chan models.DeliveryResult
	stores  chan error
	endings <-chan struct{} // stopping, until it was heard
}

// claim is what a claim or a look at the queue has brought.
type claim struct {
	asked   []string // of which endpoints; nil after a look
	lanes   []models.Lane
	parcels []*parcel
	due     []string // endpoints that the look has found
	err     error
}

func newDispatcher(ctx context.Context, s *Service) *dispatcher {
	ctx, cutOff := context.WithCancel(ctx)
	return &dispatcher{
		s: s, ctx: ctx, cutOff: cutOff, ears: newEars(), stopping: make(chan struct{}), stopped: make(chan struct{}),
		lanes: newLanes(s.opts.Posts), landed: map[string]bool{},
		// As many as can be under way, so that nobody waits for the loop.
		claims: make(chan claim, 1), posts: make(chan models.DeliveryResult, s.opts.Posts), stores: make(chan error, 1),
	}
}

// stop ends the dispatcher as Service.Stop says.
func (d *dispatcher) stop(ctx context.Context, grace time.Duration) error {
	close(d.stopping)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-d.stopped:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	d.cutOff()
	select {
	case <-d.stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop deliveries: %w", ctx.Err())
	}
}

// run delivers until it is told to stop.
func (d *dispatcher) run() {
	defer close(d.stopped)
	defer d.cutOff()
	d.endings = d.stopping
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		next := d.act(time.Now())
		if d.done() {
			return
		}
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
		case <-d.ears.rang:
			d.hear()
		case c := <-d.claims:
			d.claimed(c)
		case r := <-d.posts:
			d.landing(r)
		case err := <-d.stores:
			d.stored(err)
		case <-d.endings:
			d.endings = nil
		}
	}
}

// ending says that no more is to begin.
func (d *dispatcher) ending() bool { return d.endings == nil || d.ctx.Err() != nil || d.failure != nil }

// done says that nothing is under way and nothing will begin.
func (d *dispatcher) done() bool {
	busy := d.claiming || d.storing > 0 || d.flying > 0 || len(d.results) > 0
	if d.ending() {
		return !busy
	}
	return d.draining && !busy && !d.looked.IsZero() && !d.stale && !d.lanes.ready(time.Now()) && !d.lanes.locked()
}

// act starts what there is to start and returns when there is something again,
// if nothing happens before.
func (d *dispatcher) act(now time.Time) time.Time {
	next := now.Add(lookEvery)
	soonest := func(at time.Time) {
		if at.Before(next) {
			next = at
		}
	}
	if len(d.results) > 0 && d.storing == 0 {
		due := d.since.Add(gather)
		if due.Before(d.holdUntil) {
			due = d.holdUntil
		}
		if len(d.results) >= storeBatch || d.flying == 0 {
			due = d.holdUntil
		}
		if !now.Before(due) {
			d.store()
		} else {
			soonest(due)
		}
	}
	if d.claiming || d.ending() {
		return next
	}
	if now.Before(d.holdUntil) {
		soonest(d.holdUntil)
		return next
	}
	idle := d.flying == 0 && d.storing == 0 && len(d.results) == 0 && !d.lanes.ready(now)
	if look := d.looked.Add(lookEvery); !now.Before(look) || d.draining && d.stale && idle {
		d.look(now)
		return next
	} else if !d.draining {
		soonest(look)
	}
	// Results that cannot be stored must not pile up.
	if room := d.s.opts.Posts - d.flying; room > 0 && len(d.landed) < 2*d.s.opts.Posts {
		turn, later := d.lanes.next(now, room <= d.s.opts.Posts/2)
		if len(turn.endpoints) > 0 {
			d.claim(turn, room)
		} else if !later.IsZero() {
			soonest(later)
		}
	}
	return next
}

func (d *dispatcher) hear() {
	endpoints, look := d.ears.heard()
	for endpoint := range endpoints {
		d.lanes.wake(endpoint)
	}
	if look {
		d.looked = time.Time{}
	}
}

// look finds all endpoints with deliveries that are due, and gives back those
// whose worker died.
func (d *dispatcher) look(now time.Time) {
	d.looked, d.claiming, d.stale = now, true, false
	release := now.Sub(d.released) >= releaseEvery
	if release {
		d.lanes.tidy(now)
		d.released = now
	}
	held := slices.Collect(maps.Keys(d.landed))
	d.begin(func(ctx context.Context) (c claim) {
		if release {
			c.err = d.s.release(ctx, held)
		}
		if c.err == nil {
			c.due, c.err = d.s.db.DueEndpoints(ctx)
		}
		return c
	})
}

// claim takes deliveries of the endpoints whose turn it is.
func (d *dispatcher) claim(t turn, room int) {
	d.claiming, d.beside = true, d.storing > 0
	landed := make(map[string]bool, len(d.landed))
	for id := range d.landed {
		landed[id] = true
	}
	request := models.ClaimRequest{Endpoints: t.endpoints, Room: room, Most: t.most, Landed: landed, Lease: lease}
	d.begin(func(ctx context.Context) claim { return d.s.claim(ctx, request) })
}

// begin runs what talks to the database beside the loop.
func (d *dispatcher) begin(do func(context.Context) claim) {
	go func() {
		ctx, cancel := context.WithTimeout(d.ctx, asking)
		defer cancel()
		c := claim{err: errors.New("panicked")}
		defer func() {
			if p := recover(); p != nil {
				d.s.log.Error("claim of deliveries panicked", "panic", p, "stack", string(debug.Stack()))
			}
			d.claims <- c
		}()
		c = do(ctx)
	}()
}

// claimed sends off what was claimed.
func (d *dispatcher) claimed(c claim) {
	d.claiming = false
	if c.err != nil {
		d.failed("deliveries cannot be claimed", c.err)
		for _, endpoint := range c.asked {
			d.lanes.wake(endpoint)
		}
	}
	for _, endpoint := range c.due {
		if l := d.lanes.at(endpoint); !l.more && !l.full {
			d.lanes.wake(endpoint)
		}
	}
	if c.err == nil && c.asked != nil {
		d.lanes.claimed(c.asked, c.lanes, d.beside, time.Now())
	}
	for _, p := range c.parcels {
		d.flying++
		go d.fly(p)
	}
}

// fly makes one attempt.
func (d *dispatcher) fly(p *parcel) {
	r := models.DeliveryResult{Delivery: p.delivery, Endpoint: p.endpoint}
	defer func() {
		if cause := recover(); cause != nil {
			d.s.log.Error("delivery panicked", "delivery", p.delivery.ID, "panic", cause, "stack", string(debug.Stack()))
			r = d.s.judge(r, outcome{attempt: models.DeliveryAttempt{StartedAt: d.s.db.Now(), Error: models.AttemptInterrupted}, canceled: true})
		}
		d.posts <- r
	}()
	r = d.s.judge(r, d.s.attempt(d.ctx, p))
}

// landing keeps a result to be stored.
func (d *dispatcher) landing(r models.DeliveryResult) {
	d.flying--
	d.lanes.landed(r.Endpoint.ID, time.Duration(r.Attempt.LatencyMS)*time.Millisecond, time.Now())
	d.landed[r.Delivery.ID] = true
	if len(d.results) == 0 {
		d.since = time.Now()
	}
	d.results = append(d.results, r)
}

// store stores results, the oldest first.
func (d *dispatcher) store() {
	d.storing, d.beside = min(len(d.results), storeBatch), true
	batch := slices.Clone(d.results[:d.storing])
	go func() {
		err := errors.New("panicked")
		defer func() {
			if p := recover(); p != nil {
				d.s.log.Error("storing of deliveries panicked", "panic", p, "stack", string(debug.Stack()))
			}
			d.stores <- err
		}()
		err = d.s.store(d.ctx, batch)
	}()
}

// stored forgets results that were stored. As long as the database is away they
// are kept: sending again what arrived would be worse than storing it late.
func (d *dispatcher) stored(err error) {
	n := d.storing
	d.storing = 0
	if err != nil {
		d.failed("results of deliveries cannot be stored", err)
		if d.ctx.Err() == nil && d.failure == nil {
			return
		}
	}
	d.stale = true
	for i := range n {
		delete(d.landed, d.results[i].Delivery.ID)
	}
	d.results = append(d.results[:0], d.results[n:]...)
	d.since = time.Now()
}

// failed notes that the database did not do its part.
func (d *dispatcher) failed(text string, err error) {
	if d.draining && d.failure == nil {
		d.failure = err
	}
	if d.ctx.Err() != nil {
		return // by being stopped
	}
	d.holdUntil = time.Now().Add(again)
	d.s.log.Error(text, "error", err)
}

// judge says where a delivery goes after an attempt.
func (s *Service) judge(r models.DeliveryResult, o outcome) models.DeliveryResult {
	r.Attempt, r.Gone, r.Canceled, r.Status = o.attempt, o.gone, o.canceled, models.DeliveryDelivered
	if o.delivered {
		return r
	}
	r.Status = models.DeliveryExhausted
	if o.spared {
		at := s.db.Now() // for another node, when this one stops
		if o.attempt.RequestHeaders == nil {
			at = at.Add(unsentWait(at.Sub(r.Delivery.CreatedAt)))
		}
		r.Status, r.Next, r.Spared = models.DeliveryRetrying, &at, true
		return r
	}
	made := max(1, r.Delivery.Attempts-r.Delivery.RoundStart) // this one, whatever is counted: or it would be due at once, for ever
	if wait, more := NextAttempt(made, rand.Float64, o.failure); more && !o.gone {
		at := s.db.Now().Add(s.opts.paced(wait, o.failure.RetryAfter))
		r.Status, r.Next = models.DeliveryRetrying, &at
	}
	return r
}
