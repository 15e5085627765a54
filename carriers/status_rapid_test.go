package carriers

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var allStatuses = []Status{
	StatusUnknown, StatusInfoReceived, StatusPickedUp, StatusInTransit, StatusOutForDelivery, StatusAvailableForPickup,
	StatusDeliveryFailed, StatusException, StatusDelivered, StatusReturning, StatusReturned, StatusCanceled, StatusExpired,
	StatusInfo, "", "nonsense",
}

// drawScan makes scans that collide often: few instants, few texts, odd times.
func drawScan(t *rapid.T) Scan {
	hours := rapid.IntRange(0, 60).Draw(t, "hours")
	s := Scan{ReceivedAt: day0.Add(time.Duration(hours+rapid.IntRange(0, 5).Draw(t, "delay")) * time.Hour)}
	clock := day0.Add(time.Duration(hours) * time.Hour)
	switch rapid.IntRange(0, 6).Draw(t, "form") {
	case 0, 1:
		s.SetTime(clock.Format(time.RFC3339), nil)
	case 2:
		s.SetTime(clock.Format("2006-01-02T15:04:05"), nil)
	case 3:
		s.SetTime(clock.Format("2006-01-02"), nil)
	case 4:
		s.SetTime(clock.AddDate(rapid.SampledFrom([]int{-60, 1, 40}).Draw(t, "years"), 0, 0).Format(time.RFC3339), nil)
	case 5:
		s.SetTime("no time at all", nil)
	case 6:
		s.SetTime(clock.Format("2006-01-02T15:04:05"), ZoneOf("DE"))
	}
	s.Status = rapid.SampledFrom(allStatuses).Draw(t, "status")
	s.Reason = rapid.SampledFrom([]Reason{"", "", ReasonDelay, ReasonLost, ReasonRedirected}).Draw(t, "reason")
	s.Sequence = rapid.IntRange(0, 4).Draw(t, "sequence")
	s.Description = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "description")
	s.CarrierID = rapid.SampledFrom([]string{"", "", "1", "2"}).Draw(t, "id")
	if rapid.IntRange(0, 5).Draw(t, "retracted") == 0 {
		gone := s.ReceivedAt.Add(time.Hour)
		s.RetractedAt = &gone
	}
	return s
}

func drawInput(t *rapid.T) StatusInput {
	in := StatusInput{
		Scans:         rapid.SliceOfN(rapid.Custom(drawScan), 0, 12).Draw(t, "scans"),
		Previous:      rapid.SampledFrom(allStatuses).Draw(t, "previous"),
		Since:         day0,
		International: rapid.Bool().Draw(t, "international"),
		Now:           day0.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "now")) * time.Hour),
	}
	drawHeader := func(name string) Header {
		h := Header{Status: rapid.SampledFrom(allStatuses).Draw(t, name)}
		if rapid.Bool().Draw(t, name+" has a time") {
			at := day0.Add(time.Duration(rapid.IntRange(0, 70).Draw(t, name+" at")) * time.Hour)
			h.At = &at
		}
		return h
	}
	in.Header = drawHeader("header")
	if rapid.Bool().Draw(t, "answer") {
		last := drawHeader("last header")
		in.LastHeader = &last
	}
	if rapid.Bool().Draw(t, "promised") {
		in.PromisedAt = hour(float64(rapid.IntRange(0, 100).Draw(t, "promise")))
	}
	if rapid.Bool().Draw(t, "destination") {
		in.Destination = ZoneOf("SG")
	}
	return in
}

func TestComputeIgnoresOrderAndRepetition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		want, timeline := Compute(in), Order(in.Scans, in.Destination)
		shuffled := append([]Scan(nil), in.Scans...)
		for range rapid.IntRange(0, 5).Draw(t, "copies") {
			if len(in.Scans) > 0 {
				shuffled = append(shuffled, rapid.SampledFrom(in.Scans).Draw(t, "copy"))
			}
		}
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "shuffle"), 0))
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		in.Scans = shuffled
		if diff := cmp.Diff(want, Compute(in)); diff != "" {
			t.Fatalf("another order gives another status (-first +second):\n%s", diff)
		}
		if diff := cmp.Diff(timeline, Order(shuffled, in.Destination)); diff != "" {
			t.Fatalf("another order gives another timeline (-first +second):\n%s", diff)
		}
	})
}

func TestOrderRespectsKnownInstants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		var last *Scan
		for _, s := range Order(in.Scans, in.Destination) {
			if s.OccurredAt == nil || Suspect(s.Event, s.ReceivedAt) {
				continue
			}
			if last != nil && s.OccurredAt.Before(*last.OccurredAt) {
				t.Fatalf("%v stands after %v", s.OccurredAt, last.OccurredAt)
			}
			last = &s
		}
	})
}

func TestDeliveredStays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.Header.Status = ""
		delivered := at(30, StatusDelivered)
		delivered.CarrierID = "the delivery"
		in.Scans = append(in.Scans, delivered)
		for i, s := range in.Scans {
			if s.Status == StatusReturning || s.Status == StatusReturned {
				in.Scans[i].Status = StatusInTransit
			}
		}
		if got := Compute(in).Status; got != StatusDelivered {
			t.Fatalf("a delivered parcel became %s", got)
		}
	})
}

func TestFutureScansNeverPin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		status := rapid.SampledFrom([]Status{StatusInTransit, StatusOutForDelivery, StatusException}).Draw(t, "status")
		future := at(float64(rapid.IntRange(26, 9000).Draw(t, "ahead")), status)
		future.ReceivedAt = day0
		next := at(float64(rapid.IntRange(1, 20).Draw(t, "next")), StatusAvailableForPickup)
		if !Suspect(future.Event, future.ReceivedAt) {
			t.Fatal("a scan from the future is not suspect")
		}
		got := Compute(StatusInput{Scans: []Scan{future, next}, Now: next.ReceivedAt})
		if got.Status != StatusAvailableForPickup {
			t.Fatalf("the scan from the future pins %s", got.Status)
		}
	})
}

func TestEarlyStagesNeverFollowLaterOnes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.Header.Status, in.Previous = "", ""
		moving := at(float64(rapid.IntRange(0, 60).Draw(t, "moving")), StatusInTransit)
		moving.CarrierID = "the transit"
		in.Scans = append(in.Scans, moving)
		in.Now = day0
		if got := Compute(in).Status; Rank(got) < Rank(StatusInTransit) {
			t.Fatalf("a parcel under way became %s", got)
		}
	})
}
