// Package chaos kills a node again and again while payments run through it,
// and compares what it came to believe with the sandbox's ledger.
package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/tillpost/tillpost/bench/node"
)

// Options is one run.
type Options struct {
	Payments int
	Kills    int
	Clients  int // shops that send at the same time
	Lanes    []Lane
	// Start starts the node, whose API is at API.
	Start func(ctx context.Context) *exec.Cmd
	API   string
	Key   string // of the merchant
	// Ripe says whether a kill would meet something; kills come at random when it is nil.
	Ripe func() bool
	// Ledger reads the sandbox's.
	Ledger func() Ledger
	// After is called when all is settled and the node still runs; what it does
	// counts too. Nothing when nil.
	After func(ctx context.Context) error
	// Settle bounds the wait for the last outcome after the last kill.
	Settle time.Duration
	Log    func(format string, args ...any)
}

// Ledger is what was really charged, by payment.
type Ledger struct {
	Charges  map[string]int   // how often each payment was charged
	Captured map[string]int64 // minor units
}

// Report is what came of a run.
type Report struct {
	Accepted   int
	Kills      int
	Statuses   map[string]int
	Reviews    map[string]int // what waits for a human, by account's kind and outcome
	Doubled    []string       // charged more than once
	Lost       []string       // accepted, but unknown to the node afterwards
	Unsettled  []string       // neither final nor waiting for a human
	Mismatched []string       // what the node believes is not what happened
	Elapsed    time.Duration
	AfterKills time.Duration // until the last outcome
}

// Err says what is wrong, nil when nothing is.
func (r *Report) Err() error {
	if len(r.Doubled)+len(r.Lost)+len(r.Unsettled)+len(r.Mismatched) == 0 {
		return nil
	}
	return fmt.Errorf("doubled %v, lost %v, unsettled %v, mismatched %v", r.Doubled, r.Lost, r.Unsettled, r.Mismatched)
}

// Run sends the payments while it kills the node, waits for every outcome and
// compares them with the ledger.
func Run(ctx context.Context, o Options) (*Report, error) {
	start := time.Now()
	n := node.New(strings.TrimSuffix(o.API, "/api/v1"), o.Start)
	if err := n.Start(ctx); err != nil {
		return nil, err
	}
	defer n.Kill()
	shop := newShop(o)
	sent := make(chan struct{})
	var wg sync.WaitGroup
	for i := range o.Clients {
		wg.Go(func() { shop.send(ctx, i) })
	}
	go func() { wg.Wait(); close(sent) }()
	kills, err := killAlong(ctx, o, n, shop, sent)
	if err != nil {
		return nil, err
	}
	<-sent
	if err := shop.failure(); err != nil {
		return nil, err
	}
	calm := time.Now()
	payments, err := shop.outcomes(ctx, o.Settle)
	if err == nil && o.After != nil {
		if err = o.After(ctx); err == nil {
			payments, err = shop.outcomes(ctx, o.Settle)
		}
	}
	if err != nil {
		return nil, err
	}
	report := compare(payments, shop.accepted(), shop.what, o.Ledger())
	report.Kills, report.Elapsed, report.AfterKills = kills, time.Since(start), time.Since(calm)
	return report, nil
}

// killAlong kills the node at random moments, spread over the payments sent.
func killAlong(ctx context.Context, o Options, n *node.Node, shop *shop, sent <-chan struct{}) (int, error) {
	kills := 0
	for kills < o.Kills {
		due := (kills + 1) * o.Payments / (o.Kills + 1)
		if !shop.waitFor(ctx, due, sent) {
			break
		}
		o.ripen()
		n.Kill()
		kills++
		o.Log("kill %d of %d after %d payments", kills, o.Kills, shop.count())
		if err := n.Start(ctx); err != nil {
			return kills, err
		}
	}
	if kills < o.Kills {
		return kills, fmt.Errorf("only %d of %d kills: the payments were sent too quickly", kills, o.Kills)
	}
	return kills, nil
}

// ripen waits for the moment of the next kill, not for ever.
func (o Options) ripen() {
	if o.Ripe == nil {
		time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
		return
	}
	for end := time.Now().Add(2 * time.Second); !o.Ripe() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// settledStatuses are final, or such that a person has the next word.
var settledStatuses = map[string]bool{
	"paid": true, "authorized": true, "failed": true, "canceled": true, "expired": true, "voided": true,
	"requires_action": true, "needs_review": true,
}

func compare(payments map[string]payment, accepted []string, what map[string]string, ledger Ledger) *Report {
	r := &Report{Accepted: len(accepted), Statuses: map[string]int{}, Reviews: map[string]int{}}
	for _, id := range accepted {
		p, known := payments[id]
		if !known {
			r.Lost = append(r.Lost, id)
			continue
		}
		r.Statuses[p.Status]++
		if p.Status == "needs_review" {
			r.Reviews[what[id]]++
		}
		charged := ledger.Charges[id]
		switch {
		case charged > 1:
			r.Doubled = append(r.Doubled, id)
		case !settledStatuses[p.Status]:
			r.Unsettled = append(r.Unsettled, id)
		case !p.matches(charged, ledger.Captured[id]):
			r.Mismatched = append(r.Mismatched, id)
		}
	}
	for id, n := range ledger.Charges {
		if n > 1 {
			if _, seen := payments[id]; !seen {
				r.Doubled = append(r.Doubled, id)
			}
		}
	}
	return r
}

// matches says whether the node believes of a payment what the ledger shows.
func (p payment) matches(charges int, captured int64) bool {
	switch p.Status {
	case "paid":
		return charges == 1 && captured == p.Amount && p.Captured == captured
	case "failed", "expired", "canceled":
		return charges == 0 && p.Captured == 0
	case "needs_review": // a human is to find out
		return true
	default: // what was authorized may be in the ledger
		return p.Captured == captured
	}
}
