package fedex

import (
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// longestGap lies between two legs of one journey at most. After more, FedEx has
// given the number to another parcel.
const longestGap = 30 * 24 * time.Hour

// leg is one of the results for a number.
type leg struct {
	result      result
	events      []carriers.Event // as FedEx lists them, mostly the newest first
	first, last time.Time        // zero when nothing has a time
}

// journey is the legs of one parcel, the oldest first.
type journey []leg

func (r result) leg() leg {
	l := leg{result: r}
	list := r.Scans[:min(len(r.Scans), maxEvents)]
	for _, raw := range list {
		l.events = append(l.events, event(raw))
	}
	for _, e := range l.events {
		l.span(when(e))
	}
	if l.first.IsZero() { // a parcel that was announced, or is long gone
		for _, kind := range []text{"SHIP", "ACTUAL_PICKUP", "ACTUAL_DELIVERY"} {
			var clock carriers.Event
			clock.SetTime(string(r.date(kind)), nil)
			l.span(when(clock))
		}
	}
	return l
}

func (l *leg) span(at time.Time) {
	if at.IsZero() {
		return
	}
	if l.first.IsZero() || at.Before(l.first) {
		l.first = at
	}
	if at.After(l.last) {
		l.last = at
	}
}

// choose joins legs to journeys and takes the one that is nearest to the time
// when following began, or the newest.
func choose(legs []leg, since time.Time) journey {
	slices.SortStableFunc(legs, func(a, b leg) int { return a.first.Compare(b.first) })
	var journeys []journey
	var end time.Time // of the journey so far
	for _, l := range legs {
		if len(journeys) == 0 || l.first.Sub(end) >= longestGap {
			journeys, end = append(journeys, nil), l.last
		}
		newest := &journeys[len(journeys)-1]
		*newest = append(*newest, l)
		if l.last.After(end) {
			end = l.last
		}
	}
	best := journeys[len(journeys)-1]
	if since.IsZero() {
		return best
	}
	for _, j := range slices.Backward(journeys) {
		if j.away(since) < best.away(since) {
			best = j
		}
	}
	return best
}

// away is how far a journey lies from a moment.
func (j journey) away(at time.Time) time.Duration {
	end := j[0].last
	for _, l := range j {
		if l.last.After(end) {
			end = l.last
		}
	}
	return max(j[0].first.Sub(at), at.Sub(end), 0)
}

// events are the scans of all legs, the newest first.
func (j journey) events() []carriers.Event {
	var all []carriers.Event
	for _, l := range j {
		for _, e := range slices.Backward(l.events) {
			all = append(all, e)
		}
	}
	carriers.MidnightsAreDates(all)
	type placed struct {
		carriers.Event

		at time.Time
	}
	order := make([]placed, len(all))
	for i, e := range all {
		order[i] = placed{e, when(e)}
		if i > 0 && vague(e, order[i-1].at) {
			order[i].at = order[i-1].at
		}
	}
	slices.SortStableFunc(order, func(a, b placed) int { return a.at.Compare(b.at) })
	for i, p := range order {
		p.Sequence = i
		all[len(all)-1-i] = p.Event
	}
	return all[:min(len(all), maxEvents)]
}

// vague reports whether a scan's place in the list says more than its time: that
// could not be read, or it is the day of the scan before.
func vague(e carriers.Event, before time.Time) bool {
	return e.LocalTime == "" ||
		e.Precision == carriers.PrecisionDate && strings.HasPrefix(e.LocalTime, before.Format(time.DateOnly))
}
