package polling

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// patience is how long a parcel may wait when it is due where the quota is far too
// small for the account's parcels.
const patience = 48 * time.Hour

// Report is what the carriers saw.
type Report struct {
	Text     string
	Exceeded []string // accounts that were called above a limit
	Starved  int      // parcels that waited for their first question for more than patience
	Waiting  int      // parcels that waited for it at the end, however long
	Slow     []string // accounts where one that was due waited for more than patience
	Wrong    int      // parcels whose status is not the carrier's at the end
}

// Err is not nil when a promise was broken.
func (r *Report) Err() error {
	if len(r.Exceeded) > 0 || r.Starved > 0 || len(r.Slow) > 0 {
		return fmt.Errorf("limits exceeded by %v, %d parcels starved, others at %v", r.Exceeded, r.Starved, r.Slow)
	}
	return nil
}

func (w *world) report(ctx context.Context) (*Report, error) {
	r := &Report{}
	var b strings.Builder
	fmt.Fprintf(&b, "calls per parcel and day\n")
	polls := map[carriers.Status]int{}
	for _, c := range w.carriers {
		for status, n := range c.polls {
			polls[status] += n
		}
	}
	for _, status := range sortedStatuses(w.days) {
		fmt.Fprintf(&b, "  %-22s %6.2f  (%d polls, %.0f parcel days)\n", status, float64(polls[status])/w.days[status], polls[status], w.days[status])
	}
	fmt.Fprintf(&b, "%-24s %8s %8s %14s %11s  %s\n", "account", "parcels", "calls", "busiest day", "in a second", "longest wait for the first question; of one that was due; out for delivery, unheard of p50 / p99 / longest")
	for i, c := range w.carriers {
		w.account(&b, r, i, c)
	}
	wrong, err := w.wrong(ctx)
	if err != nil {
		return nil, err
	}
	r.Wrong = wrong
	fmt.Fprintf(&b, "%d parcels waited for their first question for more than %s; %d waited for it at the end; "+
		"%d of those that should have ended have another status than at their carrier\n", r.Starved, patience, r.Waiting, r.Wrong)
	r.Text = b.String()
	return r, nil
}

func (w *world) account(b *strings.Builder, r *Report, i int, c *carrier) {
	limits := c.account.limits
	quota := "no quota"
	if limits.PerDay > 0 {
		quota = fmt.Sprint(limits.PerDay)
	}
	// A second on the clock may hold the end of one spacing and the start of the next.
	if (limits.PerDay > 0 && c.busiest > limits.PerDay) || float64(c.fastest) > limits.PerSecond+1 {
		r.Exceeded = append(r.Exceeded, c.account.name)
	}
	for _, p := range c.parcels {
		if p.told.IsZero() {
			continue // the end came before it was sent
		}
		if !p.known {
			r.Waiting++
			p.first = w.end.Sub(p.told)
		}
		if c.first = max(c.first, p.first); p.first > patience {
			r.Starved++
		}
	}
	if w.overdue[i] > patience {
		r.Slow = append(r.Slow, c.account.name)
	}
	slices.Sort(c.gaps)
	round := func(d time.Duration) time.Duration { return d.Round(time.Minute) }
	fmt.Fprintf(b, "%-24s %8d %8d %6d of %-8s %4d of %-4g  %s; %s; %s / %s / %s\n", c.account.name, len(c.parcels), c.calls, c.busiest, quota,
		c.fastest, limits.PerSecond, round(c.first), round(w.overdue[i]), round(quantile(c.gaps, 0.5)), round(quantile(c.gaps, 0.99)), round(quantile(c.gaps, 1)))
}

// wrong counts the parcels that ended at their carrier more than a day ago and
// have not here.
func (w *world) wrong(ctx context.Context) (int, error) {
	rows, err := w.db.SQL().QueryContext(ctx, "SELECT tracking_number, status FROM shipments")
	if err != nil {
		return 0, fmt.Errorf("compare: %w", err)
	}
	defer rows.Close()
	stored := map[string]carriers.Status{}
	for rows.Next() {
		var number string
		var status carriers.Status
		if err := rows.Scan(&number, &status); err != nil {
			return 0, fmt.Errorf("compare: %w", err)
		}
		stored[number] = status
	}
	if err := rows.Err(); err != nil {
		return 0, fmt.Errorf("compare: %w", err)
	}
	n := 0
	for _, c := range w.carriers {
		for number, p := range c.parcels {
			last := len(p.steps) - 1
			if last < 0 || p.steps[last].at.After(w.now.AddDate(0, 0, -1)) {
				continue
			}
			if stored[number] != p.steps[last].status {
				n++
			}
		}
	}
	return n, nil
}
