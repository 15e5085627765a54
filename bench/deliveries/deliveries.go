// Package deliveries measures how fast webhooks reach merchants: the real
// program on a real database, shops that send it orders over the API, and a
// server that notes when the webhooks come.
package deliveries

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillpost/tillpost/bench/node"
	"github.com/tillpost/tillpost/models"
)

// Options of a run.
type Options struct {
	Endpoints int           // how many there are; of more than one the last never answers
	InFlight  int           // deliveries to one endpoint at once, as its merchant sets them; 0: as every endpoint begins
	Burst     int           // events that wait when the workers start
	Rate      int           // orders a second, in the second part
	Time      time.Duration // of that part
	Addr      string        // that the program listens on
	Database  string
	KeyFile   string
	// Start prepares the program to serve, with the workers or without.
	Start func(ctx context.Context, workers bool) *exec.Cmd
	Log   func(format string, args ...any)
}

// arrivalLimit is how long the last webhook may take to come.
const arrivalLimit = 2 * time.Minute

// Run measures.
func Run(ctx context.Context, o Options) (*Report, error) {
	sink, err := newSink("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer sink.close()
	shops, err := prepare(ctx, o, sink.URL)
	if err != nil {
		return nil, err
	}
	w := &world{Options: o, sink: sink, shops: shops, report: &Report{Endpoints: o.Endpoints, InFlight: cmp.Or(o.InFlight, models.DefaultInFlight)}}
	if err := w.burst(ctx); err != nil {
		return nil, fmt.Errorf("burst: %w", err)
	}
	if err := w.stream(ctx); err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	return w.report, nil
}

type world struct {
	Options

	sink   *sink
	shops  []shop
	made   atomic.Int64 // orders
	report *Report
}

// answering are the shops whose endpoint answers.
func (w *world) answering() []shop {
	if len(w.shops) > 1 {
		return w.shops[:len(w.shops)-1]
	}
	return w.shops
}

func (w *world) start(ctx context.Context, workers bool) (*node.Node, error) {
	n := node.New("http://"+w.Addr, func(ctx context.Context) *exec.Cmd { return w.Start(ctx, workers) })
	err := n.Start(ctx)
	return n, err
}

// burst has events wait for workers that are not there, as after an outage, and
// measures how they go out when the workers start.
func (w *world) burst(ctx context.Context) (err error) {
	n, err := w.start(ctx, false)
	if err != nil {
		return err
	}
	w.Log("%d orders, sent while no worker runs", w.Burst)
	if err := w.orders(ctx, w.Burst); err != nil {
		return errors.Join(err, n.Stop())
	}
	if err := n.Stop(); err != nil {
		return err
	}
	done := w.sink.expect(w.Burst)
	if n, err = w.start(ctx, true); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Stop()) }()
	peak := n.Peak()
	for waited := time.Now(); ; time.Sleep(time.Millisecond) {
		if _, began := w.sink.first(); began {
			break
		}
		if time.Since(waited) > arrivalLimit {
			return errors.New("nothing comes")
		}
	}
	before, err := n.Processor()
	if err != nil {
		return err
	}
	if err := wait(ctx, done); err != nil {
		return err
	}
	after, err := n.Processor()
	if err != nil {
		return err
	}
	got := w.sink.taken()
	span := got[len(got)-1].at.Sub(got[0].at)
	w.report.Burst = float64(len(got)) / span.Seconds()
	w.report.BurstCPU = (after - before).Seconds() / float64(len(got)) * 1000
	if w.report.BurstMemory, err = peak(); err != nil {
		return err
	}
	return w.check(got)
}

// stream measures the way from an event to its receipt while orders come in
// evenly.
func (w *world) stream(ctx context.Context) (err error) {
	n, err := w.start(ctx, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Stop()) }()
	count := w.Rate * int(w.Time/time.Second)
	w.Log("%d orders, %d a second", count, w.Rate)
	done := w.sink.expect(count)
	peak := n.Peak()
	before, err := n.Processor()
	if err != nil {
		return err
	}
	if err := w.evenly(ctx, count); err != nil {
		return err
	}
	if err := wait(ctx, done); err != nil {
		return err
	}
	after, err := n.Processor()
	if err != nil {
		return err
	}
	got := w.sink.taken()
	if w.report.P50, w.report.P99, err = waits(got); err != nil {
		return err
	}
	w.report.StreamCPU = (after - before).Seconds() / float64(len(got)) * 1000
	if w.report.StreamMemory, err = peak(); err != nil {
		return err
	}
	return w.check(got)
}

// waits are the times from the events to their receipts: half of them, and all
// but one in a hundred, are no longer.
func waits(got []receipt) (p50, p99 time.Duration, err error) {
	times := make([]time.Duration, len(got))
	for i, r := range got {
		var event struct {
			Timestamp time.Time `json:"timestamp"`
		}
		if err := json.Unmarshal(r.body, &event); err != nil {
			return 0, 0, err
		}
		times[i] = r.at.Sub(event.Timestamp)
	}
	slices.Sort(times)
	return times[len(times)/2], times[len(times)*99/100], nil
}

func (w *world) check(got []receipt) error {
	secrets := make([]string, len(w.shops))
	for i, s := range w.shops {
		secrets[i] = s.secret
	}
	repeated, err := verify(got, secrets)
	w.report.Repeated += repeated
	return err
}

// wait waits for the webhooks.
func wait(ctx context.Context, done <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, arrivalLimit)
	defer cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("webhooks are missing: %w", ctx.Err())
	}
}

// orders sends so many orders of shops whose endpoint answers, as fast as a few
// clients can; the last shop has as many more as each of them.
func (w *world) orders(ctx context.Context, n int) error {
	const clients = 8
	var (
		next  atomic.Int64
		group sync.WaitGroup
		errs  = make([]error, clients)
	)
	shops := w.answering()
	more := 0
	if len(w.shops) > len(shops) {
		more = n / len(shops)
	}
	for i := range clients {
		group.Go(func() {
			for {
				k := int(next.Add(1)) - 1
				if k >= n+more || errs[i] != nil {
					return
				}
				s := w.shops[len(w.shops)-1]
				if k < n {
					s = shops[k%len(shops)]
				}
				errs[i] = w.order(ctx, s)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// evenly sends orders at the rate, whatever becomes of those before.
func (w *world) evenly(ctx context.Context, n int) error {
	shops := w.answering()
	return w.evenlyTo(n, func(i int) error {
		err := w.order(ctx, shops[i%len(shops)])
		if i%w.Rate == 0 && len(w.shops) > len(shops) { // one a second for who never answers
			err = errors.Join(err, w.order(ctx, w.shops[len(w.shops)-1]))
		}
		return err
	})
}

// evenlyTo sends so many at the rate.
func (w *world) evenlyTo(n int, send func(i int) error) error {
	var group sync.WaitGroup
	errs := make([]error, n)
	begin := time.Now()
	for i := range n {
		time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / time.Duration(w.Rate))))
		group.Go(func() { errs[i] = send(i) })
	}
	group.Wait()
	return errors.Join(errs...)
}
