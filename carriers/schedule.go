package carriers

import (
	"math"
	"time"
)

// How often parcels are asked for.
const (
	newNumber       = 48 * time.Hour // carriers may not know a new number for so long
	longestInterval = 12 * time.Hour
	confirmAfter    = 24 * time.Hour
	patience        = 5 // unchanged polls before the interval grows
	growth          = 1.5
	longestWait     = 24 * time.Hour // the most that a carrier's wish to wait is honoured
	safetyInterval  = 18 * time.Hour // of parcels that their carrier tells of by itself
	doubts          = 3              // how often an end that is in doubt is asked about once more
	endTries        = 10             // failures running after which an end is not asked about any more
)

// PollInput is all that the time of a shipment's next poll rests on.
type PollInput struct {
	Status    Status
	Reason    Reason
	Since     time.Time // when following began, or was asked for again
	Unchanged int       // polls running that brought nothing new; 0 after news
	Failed    int       // polls running that failed; 0 after an answer
	Err       *Error    // how the last poll failed; nil when it did not
	Pushed    bool      // the carrier tells of the parcel by itself
	Doubt     bool      // an end that the last answer did not bear out: the next one decides
	// Least is how far apart the carrier wants two questions about one parcel.
	Least time.Duration
	Zone  *time.Location
	Now   time.Time

	// Pace divides every interval of ours, so that a demonstration runs faster;
	// 0 is 1. A wait that the carrier asked for is never shortened.
	Pace float64
	// Random returns numbers in [0, 1), so that parcels do not all come due at once.
	Random func() float64
}

// NextPoll says when to ask the carrier again, or nil when asking has no use:
// the journey is over, the account is stopped, or the question itself is wrong.
// A parcel that has expired is asked for on only while its carrier does not
// answer at all: what it would say is not known.
func NextPoll(in PollInput) *time.Time {
	if in.Pace <= 0 {
		in.Pace = 1
	}
	if in.Err != nil {
		return in.afterError()
	}
	switch {
	case in.Status == StatusExpired:
		return nil
	case Terminal(in.Status, in.Reason):
		// What was canceled was in nobody's hands: there is nothing to confirm.
		asked := in.Unchanged > 0 || in.Status == StatusCanceled
		if asked && !(in.Doubt && in.Unchanged <= doubts) {
			return nil
		}
		return in.in(confirmAfter)
	}
	// What varies the interval makes it no shorter than that.
	return in.in(max(in.interval(), in.Least*10/9))
}

// afterError spaces polls after a failure.
func (in PollInput) afterError() *time.Time {
	if in.Failed >= endTries && Terminal(in.Status, in.Reason) {
		return nil
	}
	switch in.Err.Kind {
	case ErrAuth:
		return nil
	case ErrBadRequest:
		if Milestone(in.Status) && !Terminal(in.Status, in.Reason) { // the carrier knows the number: something else is wrong
			return in.in(longestInterval)
		}
		return nil
	case ErrRateLimited:
		if in.Err.After > 0 {
			wait := min(in.Err.After, longestWait)
			return in.at(wait + time.Duration(in.random()*0.2*float64(wait)))
		}
		return in.in(in.doubling(5*time.Minute, 6*time.Hour))
	case ErrMalformed:
		return in.in(in.doubling(time.Hour, longestInterval))
	case ErrForbidden:
		if in.Status == StatusExpired {
			return nil
		}
		return in.in(longestInterval)
	case ErrNotFound:
		return in.afterNotFound()
	default:
		return in.in(in.doubling(2*time.Minute, time.Hour))
	}
}

// afterNotFound keeps asking for a number that the carrier does not know, often
// at first. A parcel that was known before is asked for as its status says.
func (in PollInput) afterNotFound() *time.Time {
	switch {
	case Terminal(in.Status, in.Reason) || in.Status == StatusExpired:
		return nil
	case Milestone(in.Status):
		return in.in(grown(max(in.interval(), time.Hour), in.Failed-patience, longestInterval))
	case in.age() < newNumber:
		return in.in(grown(30*time.Minute, in.Failed-1, 6*time.Hour))
	default:
		return in.in(longestInterval)
	}
}

// interval is the time between two polls of a parcel that is under way.
func (in PollInput) interval() time.Duration {
	if in.Pushed {
		return safetyInterval
	}
	interval := grown(in.base(), in.Unchanged-patience+1, longestInterval)
	if in.Status == StatusPickedUp || in.Status == StatusInTransit {
		return in.byDay(interval)
	}
	return interval
}

// byDay keeps a parcel under way from being slept over while it is loaded for
// delivery: it is asked for in the course of the recipient's morning, and not
// much later once more.
func (in PollInput) byDay(interval time.Duration) time.Duration {
	const (
		loaded, within = 9, 2 * time.Hour
		early, late    = 8, 13
		again          = 4 * time.Hour
	)
	if in.Zone == nil {
		return interval
	}
	local := in.Now.In(in.Zone)
	at := time.Date(local.Year(), local.Month(), local.Day(), loaded, 0, 0, 0, in.Zone).
		Add(time.Duration(in.random() * float64(within)))
	switch wait := at.Sub(in.Now); {
	case wait >= 30*time.Minute:
		return min(wait, interval)
	case local.Hour() >= early && local.Hour() < late:
		return min(again, interval)
	default:
		return interval
	}
}

func (in PollInput) base() time.Duration {
	switch in.Status {
	case StatusOutForDelivery:
		return in.onDeliveryDay()
	case StatusDeliveryFailed, StatusException:
		return 2 * time.Hour
	case StatusPickedUp, StatusInTransit:
		return 3*time.Hour + 30*time.Minute
	case StatusInfoReceived:
		if in.age() > 3*24*time.Hour {
			return longestInterval
		}
		return 6 * time.Hour
	case StatusAvailableForPickup, StatusReturning:
		return 6 * time.Hour
	default:
		if in.age() > newNumber {
			return longestInterval
		}
		return grown(30*time.Minute, in.Unchanged, 6*time.Hour)
	}
}

// onDeliveryDay asks often while couriers drive, and at night only so that the
// morning is not missed.
func (in PollInput) onDeliveryDay() time.Duration {
	const often, night, morning, evening = 45 * time.Minute, 3 * time.Hour, 7, 22
	if in.Zone == nil {
		return often
	}
	local := in.Now.In(in.Zone)
	if local.Hour() >= morning && local.Hour() < evening {
		return often
	}
	day := local.Day()
	if local.Hour() >= evening {
		day++
	}
	opens := time.Date(local.Year(), local.Month(), day, morning, 0, 0, 0, in.Zone)
	return min(night, max(often, opens.Sub(in.Now)))
}

// age is how long the parcel has been followed, in the time of its own pace.
func (in PollInput) age() time.Duration {
	return time.Duration(float64(in.Now.Sub(in.Since)) * in.Pace)
}

// doubling backs off with every failure.
func (in PollInput) doubling(first, longest time.Duration) time.Duration {
	return growing(first, 2, in.Failed-1, longest)
}

func grown(first time.Duration, steps int, longest time.Duration) time.Duration {
	return growing(first, growth, steps, longest)
}

func growing(first time.Duration, factor float64, steps int, longest time.Duration) time.Duration {
	interval := float64(first) * math.Pow(factor, float64(max(steps, 0)))
	return time.Duration(math.Min(interval, float64(max(first, longest))))
}

// in is the moment after an interval of ours, varied by a tenth.
func (in PollInput) in(interval time.Duration) *time.Time {
	varied := float64(interval) * (0.9 + 0.2*in.random())
	return in.at(max(time.Duration(varied/in.Pace), time.Second))
}

func (in PollInput) at(wait time.Duration) *time.Time {
	t := in.Now.Add(wait)
	return &t
}

func (in PollInput) random() float64 {
	if in.Random == nil {
		return 0.5
	}
	return in.Random()
}
