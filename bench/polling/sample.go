package polling

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
)

// sample looks once an hour how many parcels stand where, and how long those
// that are due have waited.
func (w *world) sample(ctx context.Context) error {
	rows, err := w.db.SQL().QueryContext(ctx, "SELECT status, COUNT(*) FROM shipments WHERE next_poll_at IS NOT NULL GROUP BY status")
	if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	defer rows.Close()
	followed := 0
	for rows.Next() {
		var status carriers.Status
		var n int
		if err := rows.Scan(&status, &n); err != nil {
			return fmt.Errorf("sample: %w", err)
		}
		w.days[status] += float64(n) / 24
		followed += n
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	if w.now.Hour() == 0 {
		w.Log("%s: %d parcels followed", w.now.Format(time.DateOnly), followed)
	}
	for i, id := range w.ids {
		due, err := w.db.DueShipments(ctx, models.Due{AccountID: id, By: w.now}, 1)
		if err != nil || len(due) == 0 {
			if err != nil {
				return err
			}
			continue
		}
		w.overdue[i] = max(w.overdue[i], w.now.Sub(due[0].NextPollAt))
	}
	if _, err := w.fold(ctx); err != nil {
		return err
	}
	return nil
}

// fold keeps the daily figures as the upkeep does.
func (w *world) fold(ctx context.Context) (folded int, err error) {
	err = w.db.Write(ctx, func(tx *models.Tx) (err error) {
		folded, err = tx.FoldStats(100_000)
		return err
	})
	return folded, err
}

// quantile is the duration that a share of the sorted ones does not exceed.
func quantile(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func sortedStatuses(m map[carriers.Status]float64) []carriers.Status {
	var all []carriers.Status
	for s := range m {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b carriers.Status) int { return cmp.Compare(carriers.Rank(a), carriers.Rank(b)) })
	return all
}
