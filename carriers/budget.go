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

// slack is how much further apart calls are than a carrier's rate asks for: they
// leave a moment after their turn, some sooner than others.
const slack = 1.05

// budget is what an account may do, for the store. The time between two calls is
// rounded up to what every database keeps: three thirds of a second would be a
// moment less than one, and hold four calls.
func budget(l Limits) models.CarrierBudget {
	b := models.CarrierBudget{PerDay: l.PerDay, ProbeLease: probeLease}
	if l.PerSecond > 0 {
		b.Interval = time.Duration(math.Ceil(1e6*slack/l.PerSecond)) * time.Microsecond
	}
	return b
}

// use is what a call is made for, by which it has a share of the quota.
type use int

const (
	forPeople   use = iota // somebody asks by hand, or tests the account
	forUrgent              // a parcel is out for delivery
	forOrdinary            // every other poll
)

// The shares of a quota, which is spread over the UTC day, from where carriers
// count, an hour ahead. Ordinary polls leave the Reserve, unless they have got
// less than leastOrdinary; those of parcels out for delivery take at most
// mostUrgent, so that a day with many of them does not use up the others' polls,
// nor the evening's. What both leave is for people.
const (
	leastOrdinary = 0.38
	mostUrgent    = 0.57
)

// share is how much of the quota calls may have used by now.
func (l Limits) share(u use, now time.Time) models.CarrierShare {
	if l.PerDay <= 0 || u == forPeople {
		return models.CarrierShare{}
	}
	now = now.UTC()
	passed := min((now.Sub(now.Truncate(24*time.Hour))+time.Hour).Hours()/24, 1)
	of := func(part float64) int { return int(math.Ceil(float64(l.PerDay)*passed*part - 1e-9)) }
	if u == forUrgent {
		return models.CarrierShare{Urgent: true, Own: of(mostUrgent)}
	}
	return models.CarrierShare{All: of(1 - Reserve), Own: of(leastOrdinary)}
}

// Left is how many more calls of the day's quota an account may make by now for
// parcels that are out for delivery, or for others.
func (l Limits) Left(a *models.CarrierAccount, urgent bool, now time.Time) int {
	if urgent {
		return l.left(a, forUrgent, now)
	}
	return l.left(a, forOrdinary, now)
}

func (l Limits) left(a *models.CarrierAccount, u use, now time.Time) int {
	if l.PerDay <= 0 {
		return math.MaxInt
	}
	calls, own := a.CallsOn(now), a.UrgentOn(now)
	if u == forOrdinary {
		own = calls - own
	}
	left := l.PerDay - calls
	if share := l.share(u, now); share != (models.CarrierShare{}) {
		left = min(left, max(share.All-calls, share.Own-own))
	}
	return max(0, left)
}

// Held says until when an account asks about no parcels that are out for
// delivery, or about no others, because their share of the day's calls is used
// up; nil when it does ask.
func (s *Service) Held(a *models.CarrierAccount, urgent bool) *time.Time {
	if urgent {
		return s.held(a, forUrgent)
	}
	return s.held(a, forOrdinary)
}

func (s *Service) held(a *models.CarrierAccount, u use) *time.Time {
	carrier, known := s.carriers[a.Kind]
	if !known {
		return nil
	}
	limits, now := s.limits(carrier, a), s.db.Now()
	if limits.left(a, u, now) > 0 {
		return nil
	}
	tomorrow := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	for at := now.UTC().Truncate(time.Minute).Add(time.Minute); at.Before(tomorrow); at = at.Add(time.Minute) {
		if limits.left(a, u, at) > 0 {
			return &at
		}
	}
	return &tomorrow
}
