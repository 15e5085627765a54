package models_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
)

// A round trip of ten seconds, as of an exhausted pool, says nothing about the
// clock: leases would be five seconds off on this node alone.
func TestLongTripKeepsTheClock(t *testing.T) {
	t.Parallel()
	var clock models.Clock
	start := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	const ahead, trip = 3 * time.Second, 100 * time.Millisecond
	clock.Take(start, trip, start.Add(trip/2+ahead))
	if got := clock.Offset(); got != ahead {
		t.Errorf("the server is %v ahead, want %v", got, ahead)
	}
	if measured := start.Add(trip); clock.Due(measured.Add(59*time.Second)) || !clock.Due(measured.Add(time.Minute)) {
		t.Error("an offset is not used for a minute")
	}
	start = start.Add(time.Minute)
	clock.Take(start, 10*time.Second, start.Add(10*time.Second+ahead))
	if got := clock.Offset(); got != ahead {
		t.Errorf("after a long trip the server is %v ahead, want %v", got, ahead)
	}
	if end := start.Add(10 * time.Second); clock.Due(end) || !clock.Due(end.Add(5*time.Second)) {
		t.Error("after a long trip the clock is not measured again after five seconds")
	}
}
