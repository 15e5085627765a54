package carriers

import "time"

// reserve is the share of a day's calls that is kept for parcels out for
// delivery and for people who ask by hand.
const reserve = 0.2

// Affordable reports whether one more call fits into the day's quota when used
// calls were made since midnight UTC, where carriers count from. Ordinary polls
// are spread over the day, up to an hour's worth ahead of it, and leave the
// reserve; urgent ones may use it.
func (l Limits) Affordable(used int, urgent bool, now time.Time) bool {
	if l.PerDay <= 0 {
		return true
	}
	if urgent {
		return used < l.PerDay
	}
	now = now.UTC()
	day := now.Truncate(24 * time.Hour)
	passed := min((now.Sub(day)+time.Hour).Hours()/24, 1)
	return float64(used) < float64(l.PerDay)*(1-reserve)*passed
}
