package models

import "time"

// A rate is kept by one time in the endpoint's row: the one until which it would
// be used up if deliveries were evenly spaced. Those that fit into rateBurst may
// begin at once; the spacing is wider by as much, so that in no second more begin
// than the merchant set.
const rateBurst = 50 * time.Millisecond

// spacing is the time between two deliveries, and burst how much of it may be
// taken in advance.
func (e *Endpoint) spacing() (spacing, burst time.Duration) {
	spacing = (time.Second + rateBurst) / time.Duration(e.RatePerSecond)
	return spacing, max(spacing, rateBurst)
}

// permits is how many deliveries may begin now, and how long it is until one
// more may when these have begun.
func (e *Endpoint) permits(now time.Time) (permits int, wait time.Duration) {
	if e.RatePerSecond == 0 {
		return MaxInFlight, 0
	}
	spacing, burst := e.spacing()
	used := e.usedUntil(now)
	permits = max(0, int((now.Add(burst).Sub(used))/spacing))
	next := used.Add(time.Duration(permits+1) * spacing).Add(-burst)
	return permits, max(next.Sub(now), time.Millisecond)
}

func (e *Endpoint) usedUntil(now time.Time) time.Time {
	if e.RateUsedUntil == nil || e.RateUsedUntil.Before(now) {
		return now
	}
	return *e.RateUsedUntil
}

// noteRates takes the deliveries that begin off the rates of their endpoints.
func (tx *Tx) noteRates(lanes []Lane) error {
	for i := range lanes {
		e, n := &lanes[i].Endpoint, len(lanes[i].Deliveries)
		if e.RatePerSecond == 0 || n == 0 {
			continue
		}
		spacing, _ := e.spacing()
		used := e.usedUntil(tx.now).Add(time.Duration(n) * spacing)
		if _, err := tx.update("webhook_endpoints", map[string]any{"rate_used_until": used}, "id = ?", e.ID); err != nil {
			return err
		}
	}
	return nil
}
