package polling

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// step is what the carrier knows of a parcel from a moment on.
type step struct {
	at     time.Time
	status carriers.Status
	reason carriers.Reason
}

// journey is a parcel's whole future, oldest step first. Couriers drive by day.
func journey(r *rand.Rand, start time.Time, zone *time.Location) []step {
	if r.Float64() < 0.02 {
		return nil // the label is never used
	}
	at := start
	var steps []step
	add := func(wait time.Duration, status carriers.Status, reason carriers.Reason) {
		at = at.Add(wait)
		steps = append(steps, step{at, status, reason})
	}
	hours := func(low, high float64) time.Duration {
		return time.Duration((low + (high-low)*r.Float64()) * float64(time.Hour))
	}
	add(hours(0, 6), carriers.StatusInfoReceived, "")
	add(hours(3, 30), carriers.StatusPickedUp, "")
	for range int(2 + 6*math.Abs(r.NormFloat64())) {
		add(hours(4, 20), carriers.StatusInTransit, "")
	}
	if r.Float64() < 0.03 {
		add(hours(1, 10), carriers.StatusException, carriers.ReasonAddressProblem)
		add(hours(12, 60), carriers.StatusInTransit, "")
	}
	if r.Float64() < 0.01 {
		add(hours(48, 200), carriers.StatusException, carriers.ReasonLost)
		return steps
	}
	for {
		at = morning(at, zone).Add(hours(0, 2))
		steps = append(steps, step{at, carriers.StatusOutForDelivery, ""})
		if r.Float64() >= 0.06 {
			break
		}
		add(hours(2, 8), carriers.StatusDeliveryFailed, carriers.ReasonRecipientUnavailable)
	}
	if r.Float64() < 0.05 {
		add(hours(2, 8), carriers.StatusAvailableForPickup, "")
		add(hours(6, 96), carriers.StatusDelivered, "")
		return steps
	}
	add(hours(1, 9), carriers.StatusDelivered, "")
	return steps
}

// morning is the next eight o'clock at a place.
func morning(t time.Time, zone *time.Location) time.Time {
	local := t.In(zone)
	eight := time.Date(local.Year(), local.Month(), local.Day(), 8, 0, 0, 0, zone)
	if eight.Before(t) {
		eight = eight.AddDate(0, 0, 1)
	}
	return eight
}

// known is how many steps have happened by a moment.
func known(steps []step, now time.Time) int {
	n, _ := slices.BinarySearchFunc(steps, now, func(s step, t time.Time) int {
		if s.at.After(t) {
			return 1
		}
		return -1
	})
	return n
}
