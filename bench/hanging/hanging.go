// Package hanging measures what a carrier that does not answer does to others:
// the real program, ten carrier accounts, and a server that notes when it is
// asked for each parcel.
package hanging

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/bench/node"
)

// Options of a run.
type Options struct {
	Accounts int           // one of which hangs
	Parcels  int           // of each account; the one that hangs has ten times as many
	Pace     float64       // of the program
	Calm     time.Duration // until the one begins to hang
	Hangs    time.Duration // and how long it does
	Addr     string        // that the program listens on
	Database string
	KeyFile  string
	// Start prepares the program to serve at the pace.
	Start func(ctx context.Context) *exec.Cmd
	Log   func(format string, args ...any)
}

const (
	// interval is how long after an answer with news a parcel is asked for again
	// that waits for its recipient's address, by whatever clock, at a pace of 1.
	interval = 2 * time.Hour
	// latest is by how many intervals all but one in a hundred may lag.
	latest = 1.5
)

// Report is what was measured.
type Report struct {
	Interval time.Duration
	Calm     Lags // before the one began to hang
	Hanging  Lags // from then on
	Calls    int  // that hung
	AtOnce   int  // the most of them at the same time
}

// Lags are the times between two questions for the same parcel.
type Lags struct {
	Count             int
	P50, P99, Longest time.Duration
}

func lagsOf(gaps []time.Duration) Lags {
	if len(gaps) == 0 {
		return Lags{}
	}
	slices.Sort(gaps)
	return Lags{Count: len(gaps), P50: gaps[len(gaps)/2], P99: gaps[len(gaps)*99/100], Longest: gaps[len(gaps)-1]}
}

// String is the report in words.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "interval %s\n         polls   p50      p99      longest  p99 of interval\n", r.Interval)
	for i, l := range []Lags{r.Calm, r.Hanging} {
		round := func(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }
		fmt.Fprintf(&b, "%-7s  %5d   %-7s  %-7s  %-7s  %.2f\n", []string{"calm", "hanging"}[i],
			l.Count, round(l.P50), round(l.P99), round(l.Longest), l.P99.Seconds()/r.Interval.Seconds())
	}
	fmt.Fprintf(&b, "%d calls hung, at most %d at once\n", r.Calls, r.AtOnce)
	return b.String()
}

// Err says which promise is broken, nil when none is.
func (r *Report) Err() error {
	switch {
	case r.Calls == 0 || r.Hanging.Count == 0:
		return errors.New("nothing was measured")
	case r.Hanging.P99.Seconds() > latest*r.Interval.Seconds():
		return fmt.Errorf("p99 of the others' polls is %s, of an interval of %s", r.Hanging.P99, r.Interval)
	default:
		return nil
	}
}

// Run measures.
func Run(ctx context.Context, o Options) (*Report, error) {
	c, err := open()
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := prepare(ctx, o, c.url); err != nil {
		return nil, err
	}
	n := node.New("http://"+o.Addr, o.Start)
	if err := n.Start(ctx); err != nil {
		return nil, err
	}
	defer n.Kill()
	o.Log("%d accounts with %d parcels and one with %d; all answer for %s", o.Accounts-1, o.Parcels, 10*o.Parcels, o.Calm)
	if err := pass(ctx, o.Calm); err != nil {
		return nil, err
	}
	o.Log("one hangs for %s", o.Hangs)
	began := time.Now()
	c.hangs.Store(true)
	if err := pass(ctx, o.Hangs); err != nil {
		return nil, err
	}
	r := &Report{Interval: time.Duration(float64(interval) / o.Pace)}
	calm, hanging := c.gaps(began)
	r.Calm, r.Hanging = lagsOf(calm), lagsOf(hanging)
	r.Calls, r.AtOnce = c.hung()
	c.close() // before the program, which would wait for what hangs
	return r, n.Stop()
}

func pass(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
