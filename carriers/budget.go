package carriers

import (
	"math"
	"time"

	"github.com/tillpost/tillpost/models"
)

// Reserve is the share of a day's calls that is kept for parcels out for
// delivery and for people who ask by hand.
const Reserve = 0.2

// limits are what an account may do now: what its carrier allows everybody, or
// its own instead, and half the rate after too many calls.
func (s *Service) limits(carrier Carrier, a *models.CarrierAccount) Limits {
	l := carrier.Limits()
	if a.QuotaPerDay > 0 {
		l.PerDay = a.QuotaPerDay
	}
	if a.RatePerSecond > 0 {
		l.PerSecond = a.RatePerSecond
	}
	if a.SlowedUntil != nil && a.SlowedUntil.After(s.db.Now()) {
		l.PerSecond /= 2
	}
	return l
}

// LimitsOf are what an account's carrier allows everybody, and what the account
// may do now. Of an unknown carrier both are zero.
func (s *Service) LimitsOf(a *models.CarrierAccount) (carriers, now Limits) {
	carrier, known := s.carriers[a.Kind]
	if !known {
		return Limits{}, Limits{}
	}
	return carrier.Limits(), s.limits(carrier, a)
}

// budget is what an account may do, for the store. The time between two calls is
// rounded up to what every database keeps: three thirds of a second would be a
// moment less than one, and hold four calls.
func budget(l Limits) models.CarrierBudget {
	b := models.CarrierBudget{PerDay: l.PerDay, ProbeLease: probeLease}
	if l.PerSecond > 0 {
		b.Interval = time.Duration(math.Ceil(1000/l.PerSecond)) * time.Millisecond
	}
	return b
}

// Left is how many more calls the day's quota has for now when used calls were
// made since midnight UTC, where carriers count from. Ordinary polls are spread
// over the day, up to an hour's worth ahead of it, and leave the reserve; urgent
// ones may use it.
func (l Limits) Left(used int, urgent bool, now time.Time) int {
	switch {
	case l.PerDay <= 0:
		return math.MaxInt
	case urgent:
		return max(0, l.PerDay-used)
	}
	now = now.UTC()
	day := now.Truncate(24 * time.Hour)
	passed := min((now.Sub(day)+time.Hour).Hours()/24, 1)
	return max(0, int(math.Ceil(float64(l.PerDay)*(1-Reserve)*passed))-used)
}
