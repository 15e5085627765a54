package deliveries

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/models"
)

// reading opens the database of a run for a moment.
func reading(ctx context.Context, address string, read func(db *sql.DB) error) (err error) {
	db, err := models.Open(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return read(db.SQL())
}

// settle waits until no delivery is to be attempted any more.
func settle(ctx context.Context, address string) error {
	return reading(ctx, address, func(db *sql.DB) error {
		for deadline := time.Now().Add(lossLimit); ; time.Sleep(time.Second) {
			var open int
			err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM deliveries WHERE status IN ('pending', 'delivering', 'retrying')").Scan(&open)
			switch {
			case err != nil || open == 0:
				return err
			case time.Now().After(deadline):
				return fmt.Errorf("%d deliveries are still to be made after %s", open, lossLimit)
			}
		}
	})
}

// attempts are those that the program knows of one event.
type attempts struct {
	made, answered, interrupted int
}

// notedAttempts reads the attempts of all events from the database.
func notedAttempts(ctx context.Context, address string) (noted map[string]attempts, err error) {
	noted = map[string]attempts{}
	return noted, reading(ctx, address, func(db *sql.DB) error {
		rows, err := db.QueryContext(ctx, "SELECT d.event_id, COUNT(*), "+
			"COUNT(CASE WHEN a.status BETWEEN 200 AND 299 THEN 1 END), COUNT(CASE WHEN a.error = '"+models.AttemptInterrupted+"' THEN 1 END) "+
			"FROM deliveries d JOIN delivery_attempts a ON a.delivery_id = d.id GROUP BY d.event_id")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var event string
			var a attempts
			if err := rows.Scan(&event, &a.made, &a.answered, &a.interrupted); err != nil {
				return err
			}
			noted[event] = a
		}
		return rows.Err()
	})
}

// compare holds what came against what the program noted and what was accepted.
func (e *ear) compare(noted map[string]attempts, r *LossReport) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r.Wrong = append(r.Wrong, e.wrong...)
	came := map[string]bool{}
	for id, h := range e.heard {
		a := noted[id]
		r.Requests += h.requests
		r.Failed += h.failed()
		r.Dropped += h.dropped
		r.Repeated += max(0, h.taken()-1)
		r.Unstored += max(0, h.answered-a.answered)
		r.Interrupted += a.interrupted
		switch {
		case h.taken() == 0:
			continue
		case came[h.number]:
			r.Wrong = append(r.Wrong, fmt.Sprintf("order %s came under two ids", h.number))
		case a.answered != 1:
			r.Wrong = append(r.Wrong, fmt.Sprintf("event %s: %d attempts are noted as delivered", id, a.answered))
		case h.answered-a.answered > a.interrupted:
			r.Wrong = append(r.Wrong, fmt.Sprintf("event %s: answered %d times, with %d deaths", id, h.answered, a.interrupted))
		case h.requests > a.made:
			r.Wrong = append(r.Wrong, fmt.Sprintf("event %s: sent %d times in %d attempts", id, h.requests, a.made))
		}
		came[h.number] = true
	}
	for n := 1; n <= r.Orders; n++ {
		if number := fmt.Sprintf("B-%d", n); !came[number] {
			r.Wrong = append(r.Wrong, "order "+number+" never came")
		}
	}
	if r.Repeated > r.Dropped+r.Unstored {
		r.Wrong = append(r.Wrong, fmt.Sprintf("%d events came again, with %d answers lost", r.Repeated, r.Dropped+r.Unstored))
	}
}
