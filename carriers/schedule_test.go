package carriers

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/models"
)

func TestNextPoll(t *testing.T) {
	t.Parallel()
	const never = time.Duration(-1)
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	failure := func(kind ErrorKind) *Error { return &Error{Kind: kind} }
	old := noon.AddDate(0, 0, -5)
	tests := []struct {
		name string
		in   PollInput
		want time.Duration
	}{
		{"in transit", PollInput{Status: StatusInTransit}, 210 * time.Minute},
		{"told of by webhook", PollInput{Status: StatusInTransit, Pushed: true}, 18 * time.Hour},
		{"told of by webhook, then an outage", PollInput{Status: StatusInTransit, Pushed: true, Err: failure(ErrUnavailable), Failed: 1}, 2 * time.Minute},
		{"silent, past the morning", PollInput{Status: StatusInTransit, Unchanged: 99, Zone: ZoneOf("DE"), Now: noon.Add(13 * time.Hour)}, 8 * time.Hour},
		{"silent, after the morning", PollInput{Status: StatusInTransit, Unchanged: 99, Zone: ZoneOf("DE"), Now: noon.Add(-time.Hour)}, 4 * time.Hour},
		{"silent, until tomorrow", PollInput{Status: StatusInTransit, Unchanged: 99, Zone: ZoneOf("DE"), Now: noon.Add(2 * time.Hour)}, 12 * time.Hour},
		{"moving, past the morning", PollInput{Status: StatusInTransit, Zone: ZoneOf("DE"), Now: noon.Add(18 * time.Hour)}, 3 * time.Hour},
		{"data only", PollInput{Status: StatusInfoReceived}, 6 * time.Hour},
		{"data only for days", PollInput{Status: StatusInfoReceived, Since: old}, 12 * time.Hour},
		{"out for delivery, zone unknown", PollInput{Status: StatusOutForDelivery}, 45 * time.Minute},
		{"out for delivery by day", PollInput{Status: StatusOutForDelivery, Zone: ZoneOf("DE")}, 45 * time.Minute},
		{"out for delivery at night", PollInput{Status: StatusOutForDelivery, Zone: ZoneOf("DE"), Now: noon.Add(11 * time.Hour)}, 3 * time.Hour},
		{"out for delivery before dawn", PollInput{Status: StatusOutForDelivery, Zone: ZoneOf("DE"), Now: noon.Add(16 * time.Hour)}, 2 * time.Hour},
		{"out for delivery where it is night", PollInput{Status: StatusOutForDelivery, Zone: ZoneOf("JP"), Now: noon.Add(2 * time.Hour)}, 3 * time.Hour},
		{"waiting for collection", PollInput{Status: StatusAvailableForPickup}, 6 * time.Hour},
		{"an exception", PollInput{Status: StatusException}, 2 * time.Hour},
		{"four unchanged polls", PollInput{Status: StatusException, Unchanged: 4}, 2 * time.Hour},
		{"five unchanged polls", PollInput{Status: StatusException, Unchanged: 5}, 3 * time.Hour},
		{"many unchanged polls", PollInput{Status: StatusException, Unchanged: 5000}, 12 * time.Hour},
		{"unknown at first", PollInput{Status: StatusUnknown}, 30 * time.Minute},
		{"delivered is confirmed", PollInput{Status: StatusDelivered}, 24 * time.Hour},
		{"delivered and confirmed", PollInput{Status: StatusDelivered, Unchanged: 1}, never},
		{"delivered, and in doubt", PollInput{Status: StatusDelivered, Unchanged: 1, Doubt: true}, 24 * time.Hour},
		{"delivered, and in doubt for ever", PollInput{Status: StatusDelivered, Unchanged: 4, Doubt: true}, never},
		{"delivered, and the carrier fails", PollInput{Status: StatusDelivered, Failed: 9, Err: failure(ErrForbidden)}, 12 * time.Hour},
		{"delivered, and the carrier fails on", PollInput{Status: StatusDelivered, Failed: 10, Err: failure(ErrForbidden)}, never},
		{"returned is confirmed", PollInput{Status: StatusReturned}, 24 * time.Hour},
		{"returned and confirmed", PollInput{Status: StatusReturned, Unchanged: 1}, never},
		{"canceled", PollInput{Status: StatusCanceled}, never},
		{"canceled, and in doubt", PollInput{Status: StatusCanceled, Unchanged: 1, Doubt: true}, 24 * time.Hour},
		{"lost is confirmed", PollInput{Status: StatusException, Reason: ReasonLost}, 24 * time.Hour},
		{"lost and confirmed", PollInput{Status: StatusException, Reason: ReasonLost, Unchanged: 1}, never},
		{"expired", PollInput{Status: StatusExpired}, never},

		{"not found at first", PollInput{Status: StatusUnknown, Err: failure(ErrNotFound), Failed: 1}, 30 * time.Minute},
		{"not found again", PollInput{Status: StatusUnknown, Err: failure(ErrNotFound), Failed: 3}, 67*time.Minute + 30*time.Second},
		{"not found for days", PollInput{Status: StatusUnknown, Err: failure(ErrNotFound), Failed: 9, Since: old}, 12 * time.Hour},
		{"not found any more", PollInput{Status: StatusInTransit, Err: failure(ErrNotFound), Failed: 1}, 210 * time.Minute},
		{"not found after the end", PollInput{Status: StatusDelivered, Err: failure(ErrNotFound), Failed: 1}, never},
		{"credentials refused", PollInput{Status: StatusInTransit, Err: failure(ErrAuth), Failed: 1}, never},
		{"a wrong question", PollInput{Status: StatusUnknown, Err: failure(ErrBadRequest), Failed: 1}, never},
		{"a wrong question about a known parcel", PollInput{Status: StatusInTransit, Err: failure(ErrBadRequest), Failed: 1}, 12 * time.Hour},
		{"a wrong question about a delivered parcel", PollInput{Status: StatusDelivered, Err: failure(ErrBadRequest), Failed: 1}, never},
		{"not found any more for days", PollInput{Status: StatusInTransit, Err: failure(ErrNotFound), Failed: 30}, 12 * time.Hour},
		{"out for delivery, ten questions a day", PollInput{Status: StatusOutForDelivery, Least: 144 * time.Minute}, 160 * time.Minute},
		{"not this account's parcel, expired", PollInput{Status: StatusExpired, Err: failure(ErrForbidden), Failed: 9}, never},
		{"an outage, expired", PollInput{Status: StatusExpired, Err: failure(ErrUnavailable), Failed: 1}, 2 * time.Minute},
		{"not this account's parcel", PollInput{Status: StatusUnknown, Err: failure(ErrForbidden), Failed: 1}, 12 * time.Hour},
		{"an outage", PollInput{Status: StatusInTransit, Err: failure(ErrUnavailable), Failed: 1}, 2 * time.Minute},
		{"an outage that lasts", PollInput{Status: StatusInTransit, Err: failure(ErrUnavailable), Failed: 4}, 16 * time.Minute},
		{"an outage that does not end", PollInput{Status: StatusInTransit, Err: failure(ErrUnavailable), Failed: 4000}, time.Hour},
		{"unreadable", PollInput{Status: StatusInTransit, Err: failure(ErrMalformed), Failed: 2}, 2 * time.Hour},
		{"throttled without a word", PollInput{Status: StatusInTransit, Err: failure(ErrRateLimited), Failed: 1}, 5 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.in.Now.IsZero() {
				tt.in.Now = noon
			}
			if tt.in.Since.IsZero() {
				tt.in.Since = tt.in.Now.Add(-time.Hour)
			}
			got := NextPoll(tt.in)
			switch {
			case tt.want == never:
				if got != nil {
					t.Errorf("NextPoll() = in %s, want never", got.Sub(tt.in.Now))
				}
			case got == nil:
				t.Errorf("NextPoll() = never, want in %s", tt.want)
			case got.Sub(tt.in.Now) != tt.want:
				t.Errorf("NextPoll() = in %s, want in %s", got.Sub(tt.in.Now), tt.want)
			}
		})
	}
}

func TestNextPollPace(t *testing.T) {
	t.Parallel()
	in := PollInput{Status: StatusInTransit, Now: day0, Since: day0, Pace: 420}
	if got := NextPoll(in).Sub(day0); got != 30*time.Second {
		t.Errorf("paced interval = %s, want 30s", got)
	}
	in.Err = &Error{Kind: ErrRateLimited, After: 20 * time.Second}
	if got := NextPoll(in).Sub(day0); got < 20*time.Second {
		t.Errorf("a carrier's wish was shortened to %s", got)
	}
}

func TestNextPollProperties(t *testing.T) {
	t.Parallel()
	kinds := []ErrorKind{"", ErrNotFound, ErrAuth, ErrForbidden, ErrRateLimited, ErrBadRequest, ErrUnavailable, ErrMalformed}
	rapid.Check(t, func(t *rapid.T) {
		in := PollInput{
			Status:    rapid.SampledFrom(allStatuses).Draw(t, "status"),
			Since:     day0.Add(-time.Duration(rapid.IntRange(-10, 5000).Draw(t, "age")) * time.Hour),
			Unchanged: rapid.IntRange(0, 1<<30).Draw(t, "unchanged"),
			Failed:    rapid.IntRange(0, 1<<30).Draw(t, "failed"),
			Now:       day0.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "now")) * time.Hour),
			Pace:      rapid.SampledFrom([]float64{0, 1, 1000}).Draw(t, "pace"),
			Zone:      ZoneOf(rapid.SampledFrom([]string{"", "DE", "JP", "BR"}).Draw(t, "country")),
			Pushed:    rapid.Bool().Draw(t, "pushed"),
			Random:    func() float64 { return rapid.Float64Range(0, 0.999).Draw(t, "random") },
		}
		if kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind != "" {
			in.Err = &Error{Kind: kind, After: time.Duration(rapid.Int64Range(-1, 1<<62).Draw(t, "after"))}
		}
		if next := NextPoll(in); next != nil {
			wait := next.Sub(in.Now)
			if wait < time.Second && !(in.Err != nil && in.Err.Kind == ErrRateLimited) {
				t.Fatalf("asks again after %s", wait)
			}
			if wait > 30*time.Hour {
				t.Fatalf("asks again only after %s", wait)
			}
		}
	})
}

func TestLeft(t *testing.T) {
	t.Parallel()
	limits := Limits{PerDay: 240}
	hourOf := func(h int) time.Time { return time.Date(2026, 3, 2, h, 0, 0, 0, time.UTC) }
	tests := []struct {
		name          string
		limits        Limits
		calls, urgent int
		forUrgent     bool
		now           time.Time
		want          int
	}{
		{"no quota", Limits{}, 1 << 30, 0, false, hourOf(0), math.MaxInt},
		{"the first hour's share", limits, 7, 0, false, hourOf(0), 1},
		{"beyond the first hour's share", limits, 8, 0, false, hourOf(0), 0},
		{"urgent, beyond the others' share", limits, 8, 0, true, hourOf(0), 6},
		{"urgent, beyond their own", limits, 8, 6, true, hourOf(0), 0},
		{"the day's share", limits, 191, 0, false, hourOf(23), 1},
		{"the reserve is not for ordinary polls", limits, 192, 0, false, hourOf(23), 0},
		{"unless urgent ones took nearly all", limits, 192, 137, false, hourOf(23), 37},
		{"half a day's share of urgent ones", limits, 60, 60, true, hourOf(11), 9},
		{"what is left of the quota", limits, 239, 100, true, hourOf(23), 1},
		{"nothing left", limits, 240, 100, true, hourOf(23), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := &models.CarrierAccount{BudgetDay: "2026-03-02", CallsToday: tt.calls, UrgentToday: tt.urgent}
			if got := tt.limits.Left(a, tt.forUrgent, tt.now); got != tt.want {
				t.Errorf("Left of %d calls, %d urgent = %v, want %v", tt.calls, tt.urgent, got, tt.want)
			}
		})
	}
}
