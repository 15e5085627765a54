package deliveries

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillpost/tillpost/bench/node"
	"github.com/tillpost/tillpost/notify"
)

// LossOptions are those of a run that loses webhooks on their way.
type LossOptions struct {
	Options

	Kills int
	Rate  float64 // share of the requests that the merchants' server fails
}

// LossReport is what came of it.
type LossReport struct {
	Orders   int // accepted by the API, each of which makes one event
	Requests int
	Failed   int // refused, or taken and not answered
	Dropped  int // of these, taken and not answered
	Repeated int // takings of an event beyond its first
	// Unstored are the requests that were answered 2xx and whose node died before
	// it had stored that.
	Unstored    int
	Interrupted int // attempts of which the program says that a death cut them off
	Kills       int
	Elapsed     time.Duration
	Wrong       []string // what breaks the promise
}

// Err says what is wrong, nil when nothing is.
func (r *LossReport) Err() error {
	if len(r.Wrong) == 0 {
		return nil
	}
	return fmt.Errorf("%d events or requests went wrong, the first: %s", len(r.Wrong), r.Wrong[0])
}

// String is the report in words.
func (r *LossReport) String() string {
	return fmt.Sprintf("%d events, %d requests of which %d failed (%d of them taken and not answered), %d kills in %s\n"+
		"repeated %d: %d after an answer that was dropped, %d after one that died with its node; %d attempts noted as interrupted; wrong %d\n",
		r.Orders, r.Requests, r.Failed, r.Dropped, r.Kills, r.Elapsed.Round(time.Second),
		r.Repeated, r.Dropped, r.Unstored, r.Interrupted, len(r.Wrong))
}

// Merchants of the run; the dead leave their places at an endpoint taken until
// their lease ends, so that there are some.
const (
	lossShops   = 8
	lossClients = 8
	// lossLimit is how long the last webhook may take after the last order.
	lossLimit = 10 * time.Minute
)

// Lose sends orders while the program is killed and the merchants' server fails,
// and compares what arrived with what was accepted.
func Lose(ctx context.Context, o LossOptions) (*LossReport, error) {
	start := time.Now()
	ear := &ear{rate: o.Rate, random: rand.New(rand.NewPCG(1, 2)), heard: map[string]*heard{}}
	url, end, err := serve("127.0.0.1:0", ear)
	if err != nil {
		return nil, err
	}
	defer end()
	endpoints := make([]notify.NewEndpoint, lossShops)
	for i := range endpoints {
		endpoints[i] = notify.NewEndpoint{URL: fmt.Sprintf("%s/%d", url, i), MaxInFlight: 64}
	}
	shops, err := openShops(ctx, o.Options, endpoints)
	if err != nil {
		return nil, err
	}
	if err := ear.know(shops); err != nil {
		return nil, err
	}
	w := &world{Options: o.Options, shops: shops}
	n := node.New("http://"+o.Addr, func(ctx context.Context) *exec.Cmd { return o.Start(ctx, true) })
	if err := n.Start(ctx); err != nil {
		return nil, err
	}
	defer n.Kill()
	sent := make(chan error, 1)
	go func() { sent <- w.ordersUntilAccepted(ctx, o.Burst) }()
	if err := killAlong(ctx, o, n, ear); err != nil {
		return nil, err
	}
	if err := <-sent; err != nil {
		return nil, err
	}
	o.Log("all %d orders are accepted", o.Burst)
	if err := ear.await(ctx, o.Burst); err != nil {
		return nil, err
	}
	if err := settle(ctx, o.Database); err != nil {
		return nil, err
	}
	if err := n.Stop(); err != nil {
		return nil, err
	}
	report := &LossReport{Orders: o.Burst, Kills: o.Kills, Elapsed: time.Since(start)}
	noted, err := notedAttempts(ctx, o.Database)
	if err != nil {
		return nil, err
	}
	ear.compare(noted, report)
	return report, nil
}

// killAlong kills the node at random moments, spread over the events that arrive.
func killAlong(ctx context.Context, o LossOptions, n *node.Node, ear *ear) error {
	for kill := range o.Kills {
		due := (kill + 1) * o.Burst / (o.Kills + 1)
		if err := ear.await(ctx, due); err != nil {
			return err
		}
		// At any moment: while requests are under way, answered, or being stored.
		time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
		n.Kill()
		o.Log("kill %d of %d after %d events", kill+1, o.Kills, due)
		if err := n.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ordersUntilAccepted sends so many orders, each until it is accepted.
func (w *world) ordersUntilAccepted(ctx context.Context, n int) error {
	var (
		next  atomic.Int64
		group sync.WaitGroup
		errs  = make([]error, lossClients)
	)
	for i := range errs {
		group.Go(func() {
			for k := int(next.Add(1)); k <= n && errs[i] == nil; k = int(next.Add(1)) {
				errs[i] = w.orderUntilAccepted(ctx, k)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

func (w *world) orderUntilAccepted(ctx context.Context, n int) error {
	number := fmt.Sprintf("B-%d", n)
	for ; ; time.Sleep(20 * time.Millisecond) {
		err := w.post(ctx, w.shops[n%len(w.shops)], n, number)
		if refused, ok := errors.AsType[*refusal](err); err == nil || ctx.Err() != nil || ok && !refused.passing() {
			return err
		}
	}
}
