package carriers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var day0 = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// at is a scan with a known instant, so many hours after day0, told as it happened.
func at(hours float64, status Status) Scan {
	instant := day0.Add(time.Duration(hours * float64(time.Hour)))
	s := Scan{ReceivedAt: instant}
	s.SetTime(instant.Format(time.RFC3339), nil)
	s.Status, s.Description = status, string(status)
	return s
}

// local is a scan of which only the wall clock is known.
func local(clock string, sequence int, status Status) Scan {
	s := Scan{ReceivedAt: day0.AddDate(0, 0, 10)}
	s.SetTime(clock, nil)
	s.Status, s.Sequence, s.Description = status, sequence, string(status)
	return s
}

func because(s Scan, reason Reason) Scan {
	s.Reason = reason
	return s
}

func retracted(s Scan) Scan {
	gone := s.ReceivedAt.Add(time.Hour)
	s.RetractedAt = &gone
	return s
}

func head(hours float64, status Status) Header {
	instant := day0.Add(time.Duration(hours * float64(time.Hour)))
	return Header{Status: status, At: &instant}
}

func hour(hours float64) *time.Time {
	t := day0.Add(time.Duration(hours * float64(time.Hour)))
	return &t
}

func TestCompute(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		in         StatusInput
		want       Status
		wantReason Reason
	}{
		{"nothing known", StatusInput{}, StatusUnknown, ""},
		{"the newest milestone counts", StatusInput{Scans: []Scan{
			at(0, StatusInfoReceived), at(9, StatusOutForDelivery), at(5, StatusInTransit),
		}}, StatusOutForDelivery, ""},
		{"info moves nothing", StatusInput{Scans: []Scan{at(0, StatusInTransit), at(5, StatusInfo)}}, StatusInTransit, ""},
		{"a status of the future is not ours to apply", StatusInput{Scans: []Scan{
			at(0, StatusInTransit), at(5, "teleported"), at(6, StatusExpired), at(7, StatusUnknown),
		}}, StatusInTransit, ""},
		{"at the same instant the higher rank counts", StatusInput{Scans: []Scan{
			at(5, StatusOutForDelivery), at(5, StatusInTransit),
		}}, StatusOutForDelivery, ""},
		{"data sent after a transit scan does not go back", StatusInput{Scans: []Scan{
			at(0, StatusInTransit), at(48, StatusInfoReceived),
		}}, StatusInTransit, ""},
		{"a pick-up filed between later scans does not go back", StatusInput{Scans: []Scan{
			at(0, StatusInTransit), at(5, StatusPickedUp),
		}}, StatusInTransit, ""},
		{"back to the depot after an attempt", StatusInput{Scans: []Scan{
			at(0, StatusOutForDelivery), at(5, StatusDeliveryFailed), at(9, StatusInTransit),
		}}, StatusInTransit, ""},
		{"an exception clears with the next milestone", StatusInput{Scans: []Scan{
			because(at(0, StatusException), ReasonAddressProblem), at(5, StatusInTransit),
		}}, StatusInTransit, ""},
		{"an exception before possession clears with the pick-up", StatusInput{Scans: []Scan{
			at(0, StatusInfoReceived), at(1, StatusException), at(5, StatusPickedUp),
		}}, StatusPickedUp, ""},
		{"data does not clear an exception", StatusInput{Scans: []Scan{
			because(at(0, StatusException), ReasonAddressProblem), at(5, StatusInfoReceived),
		}}, StatusException, ReasonAddressProblem},
		{"a reason comes with its scan", StatusInput{Scans: []Scan{
			because(at(0, StatusInTransit), ReasonCustoms),
		}}, StatusInTransit, ReasonCustoms},
		{"a reason from an info scan is kept apart", StatusInput{Scans: []Scan{
			at(0, StatusInTransit), because(at(5, StatusInfo), ReasonWeather),
		}}, StatusInTransit, ReasonWeather},
		{"a reason goes with the next milestone", StatusInput{Scans: []Scan{
			because(at(0, StatusInTransit), ReasonDelay), at(5, StatusOutForDelivery),
		}}, StatusOutForDelivery, ""},

		{"scans after the delivery move nothing", StatusInput{Scans: []Scan{
			at(0, StatusDelivered), at(96, StatusInTransit), at(144, StatusException),
		}}, StatusDelivered, ""},
		{"a delivered parcel may come back", StatusInput{Scans: []Scan{
			at(0, StatusDelivered), at(96, StatusReturning),
		}}, StatusReturning, ""},
		{"transit on the way back is still the way back", StatusInput{Scans: []Scan{
			at(0, StatusReturning), at(5, StatusInTransit), at(9, StatusOutForDelivery),
		}}, StatusReturning, ""},
		{"delivered on the way back is returned", StatusInput{Scans: []Scan{
			at(0, StatusReturning), at(5, StatusDelivered),
		}}, StatusReturned, ""},
		{"redirected from the way back", StatusInput{Scans: []Scan{
			at(0, StatusReturning), because(at(5, StatusInTransit), ReasonRedirected), at(9, StatusDelivered),
		}}, StatusDelivered, ""},
		{"an exception on the way back clears to the way back", StatusInput{Scans: []Scan{
			at(0, StatusReturning), at(5, StatusException), at(9, StatusInTransit),
		}}, StatusReturning, ""},
		{"returned is the end", StatusInput{Scans: []Scan{at(0, StatusReturned), at(5, StatusDelivered)}}, StatusReturned, ""},
		{"canceled is the end", StatusInput{Scans: []Scan{at(0, StatusCanceled), at(5, StatusInTransit)}}, StatusCanceled, ""},
		{"canceled on paper, delivered in fact", StatusInput{Scans: []Scan{
			at(0, StatusCanceled), at(5, StatusDelivered),
		}}, StatusDelivered, ""},
		{"lost is the end", StatusInput{Scans: []Scan{
			because(at(0, StatusException), ReasonLost), at(5, StatusInTransit),
		}}, StatusException, ReasonLost},
		{"lost and found", StatusInput{Scans: []Scan{
			because(at(0, StatusException), ReasonLost), at(5, StatusDelivered),
		}}, StatusDelivered, ""},

		{"a newer header wins", StatusInput{
			Scans: []Scan{at(0, StatusInTransit)}, Header: head(5, StatusOutForDelivery),
		}, StatusOutForDelivery, ""},
		{"an older header does not", StatusInput{
			Scans: []Scan{at(5, StatusOutForDelivery)}, Header: head(0, StatusInTransit),
		}, StatusOutForDelivery, ""},
		{"a header without a time does not", StatusInput{
			Scans: []Scan{at(5, StatusOutForDelivery)}, Header: Header{Status: StatusInTransit},
		}, StatusOutForDelivery, ""},
		{"a header as new as a scan without meaning wins", StatusInput{
			Scans: []Scan{at(0, StatusInTransit), at(5, StatusInfo)}, Header: head(5, StatusDeliveryFailed),
		}, StatusDeliveryFailed, ""},
		{"a header alone is all there is", StatusInput{
			Scans: []Scan{at(5, StatusInfo)}, Header: Header{Status: StatusInTransit},
		}, StatusInTransit, ""},
		{"a header says delivered without a time", StatusInput{
			Scans: []Scan{at(5, StatusOutForDelivery)}, Header: Header{Status: StatusDelivered},
		}, StatusDelivered, ""},
		{"a header still says delivered after later scans", StatusInput{
			Scans: []Scan{at(5, StatusOutForDelivery), at(90, StatusInTransit)}, Header: head(6, StatusDelivered),
		}, StatusDelivered, ""},
		{"a return is newer than a stale header", StatusInput{
			Scans: []Scan{at(5, StatusOutForDelivery), at(90, StatusReturning)}, Header: head(6, StatusDelivered),
		}, StatusReturning, ""},

		{"a retracted scan does not count", StatusInput{Scans: []Scan{
			at(0, StatusInTransit), retracted(at(5, StatusOutForDelivery)),
		}}, StatusInTransit, ""},
		{"a correction needs the scan gone and the header changed", StatusInput{
			Scans: []Scan{at(0, StatusInTransit), retracted(at(5, StatusDelivered))}, Header: head(0, StatusInTransit),
			Previous: StatusDelivered,
		}, StatusInTransit, ""},
		{"a delivery gone from the list but still in the header", StatusInput{
			Scans: []Scan{at(0, StatusInTransit), retracted(at(5, StatusDelivered))}, Header: Header{Status: StatusDelivered},
			Previous: StatusDelivered,
		}, StatusDelivered, ""},
		{"a delivery still in the list but not in the header", StatusInput{
			Scans: []Scan{at(0, StatusInTransit), at(5, StatusDelivered)}, Header: head(9, StatusInTransit),
			Previous: StatusDelivered,
		}, StatusDelivered, ""},
		{"a delivery known from a header is denied once", StatusInput{
			Scans: []Scan{at(0, StatusInTransit)}, Header: head(9, StatusInTransit),
			LastHeader: &Header{Status: StatusDelivered}, Previous: StatusDelivered,
		}, StatusDelivered, ""},
		{"a delivery known from a header is denied twice", StatusInput{
			Scans: []Scan{at(0, StatusInTransit)}, Header: head(9, StatusInTransit),
			LastHeader: &Header{Status: StatusInTransit}, Previous: StatusDelivered,
		}, StatusInTransit, ""},
		{"silence is no denial", StatusInput{
			Scans: []Scan{at(0, StatusInTransit)}, LastHeader: &Header{}, Previous: StatusDelivered,
		}, StatusDelivered, ""},

		{"a scan from the future is placed when it was told", StatusInput{Scans: []Scan{
			func() Scan { s := at(900, StatusInTransit); s.ReceivedAt = *hour(1); return s }(), at(5, StatusOutForDelivery),
		}}, StatusOutForDelivery, ""},
		{"a scan from before 2000 is placed when it was told", StatusInput{Scans: []Scan{
			at(0, StatusInTransit),
			func() Scan { s := at(7, StatusDelivered); s.SetTime("1970-01-01T00:00:00Z", nil); return s }(),
		}}, StatusDelivered, ""},
		{"local times far apart", StatusInput{Scans: []Scan{
			local("2026-03-03T09:00:00", 0, StatusOutForDelivery), local("2026-03-01T09:00:00", 1, StatusInTransit),
		}}, StatusOutForDelivery, ""},
		{"local times close together follow the carrier's list", StatusInput{Scans: []Scan{
			local("2026-03-03T22:30:00", 0, StatusInTransit), local("2026-03-03T19:00:00", 1, StatusOutForDelivery),
		}}, StatusOutForDelivery, ""},
		{"local times without a list", StatusInput{Scans: []Scan{
			local("2026-03-03T19:00:00", 0, StatusInTransit), local("2026-03-03T22:30:00", 0, StatusOutForDelivery),
		}}, StatusOutForDelivery, ""},
		{"days without a time follow the carrier's list", StatusInput{Scans: []Scan{
			local("2026-03-03", 2, StatusDeliveryFailed), local("2026-03-03", 1, StatusOutForDelivery),
		}}, StatusDeliveryFailed, ""},
		{"a scan without a readable time follows the carrier's list", StatusInput{Scans: []Scan{
			local("2026-03-03T19:00:00", 0, StatusInTransit), local("yesterday, after tea", 1, StatusDelivered),
		}}, StatusDelivered, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.in.Now = *hour(200)
			got := Compute(tt.in)
			if got.Status != tt.want || got.Reason != tt.wantReason {
				t.Errorf("Compute() = %s (%q), want %s (%q)", got.Status, got.Reason, tt.want, tt.wantReason)
			}
		})
	}
}

func TestComputeTimes(t *testing.T) {
	t.Parallel()
	berlin := ZoneOf("DE")
	tests := []struct {
		name string
		in   StatusInput
		want StatusResult
	}{
		{
			"instants of the journey",
			StatusInput{Scans: []Scan{
				at(0, StatusInfoReceived), at(4, StatusPickedUp), at(6, StatusException), at(9, StatusDelivered), at(12, StatusInfo),
				at(11, StatusDelivered),
			}},
			StatusResult{Status: StatusDelivered, ShippedAt: hour(4), DeliveredAt: hour(9), LastEventAt: hour(12)},
		},
		{
			"delivered by the header's time",
			StatusInput{Scans: []Scan{at(4, StatusPickedUp)}, Header: head(8, StatusDelivered)},
			StatusResult{Status: StatusDelivered, ShippedAt: hour(4), DeliveredAt: hour(8), LastEventAt: hour(4)},
		},
		{
			"a delivery that sticks keeps its time",
			StatusInput{
				Scans: []Scan{at(4, StatusPickedUp)}, Header: head(4, StatusPickedUp), Previous: StatusDelivered, DeliveredAt: hour(8),
			},
			StatusResult{Status: StatusDelivered, ShippedAt: hour(4), DeliveredAt: hour(8), LastEventAt: hour(4)},
		},
		{
			"a wall clock is no instant",
			StatusInput{Scans: []Scan{local("2026-03-03T10:00:00", 0, StatusDelivered)}},
			StatusResult{Status: StatusDelivered},
		},
		{
			"a wall clock where the recipient lives is one",
			StatusInput{Scans: []Scan{local("2026-03-02T12:00:00", 0, StatusDelivered)}, Destination: berlin},
			StatusResult{Status: StatusDelivered, ShippedAt: hour(3), DeliveredAt: hour(3), LastEventAt: hour(3)},
		},
		{
			"not there when promised",
			StatusInput{Scans: []Scan{at(4, StatusInTransit)}, PromisedAt: hour(199)},
			StatusResult{Status: StatusInTransit, Late: true, ShippedAt: hour(4), LastEventAt: hour(4)},
		},
		{
			"not yet promised",
			StatusInput{Scans: []Scan{at(4, StatusInTransit)}, PromisedAt: hour(200)},
			StatusResult{Status: StatusInTransit, ShippedAt: hour(4), LastEventAt: hour(4)},
		},
		{
			"delivered on the promised instant",
			StatusInput{Scans: []Scan{at(4, StatusDelivered)}, PromisedAt: hour(4)},
			StatusResult{Status: StatusDelivered, ShippedAt: hour(4), DeliveredAt: hour(4), LastEventAt: hour(4)},
		},
		{
			"delivered after the promise",
			StatusInput{Scans: []Scan{at(5, StatusDelivered)}, PromisedAt: hour(4)},
			StatusResult{Status: StatusDelivered, Late: true, ShippedAt: hour(5), DeliveredAt: hour(5), LastEventAt: hour(5)},
		},
		{
			"delivered certainly after the promise, though nobody knows when",
			StatusInput{Scans: []Scan{at(5, StatusInTransit), local("soon", 3, StatusDelivered)}, PromisedAt: hour(4)},
			StatusResult{Status: StatusDelivered, Late: true, ShippedAt: hour(5), LastEventAt: hour(5)},
		},
		{
			"delivered perhaps after the promise",
			StatusInput{Scans: []Scan{local("2026-03-02T12:30:00", 0, StatusDelivered)}, PromisedAt: hour(4)},
			StatusResult{Status: StatusDelivered},
		},
		{
			"a parcel on its way back is not late",
			StatusInput{Scans: []Scan{at(4, StatusReturning)}, PromisedAt: hour(4)},
			StatusResult{Status: StatusReturning, ShippedAt: hour(4), LastEventAt: hour(4)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.in.Now = *hour(200)
			if diff := cmp.Diff(tt.want, Compute(tt.in)); diff != "" {
				t.Errorf("Compute() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestComputeExpired(t *testing.T) {
	t.Parallel()
	const day = 24.0
	tests := []struct {
		name          string
		scans         []Scan
		international bool
		since         float64
		now           float64
		want          Status
	}{
		{"a number never known, 14 days", nil, false, 0, 14 * day, StatusUnknown},
		{"a number never known, longer", nil, false, 0, 14*day + 1, StatusExpired},
		{"data only, longer than 14 days", []Scan{at(day, StatusInfoReceived)}, true, 0, 15*day + 1, StatusExpired},
		{"domestic, 30 days", []Scan{at(0, StatusInTransit)}, false, 0, 30 * day, StatusInTransit},
		{"domestic, longer", []Scan{at(0, StatusInTransit)}, false, 0, 30*day + 1, StatusExpired},
		{"international, 60 days", []Scan{at(0, StatusInTransit)}, true, 0, 60 * day, StatusInTransit},
		{"international, longer", []Scan{at(0, StatusInTransit)}, true, 0, 60*day + 1, StatusExpired},
		{"any scan is news", []Scan{at(0, StatusInTransit), at(20*day, StatusInfo)}, false, 0, 45 * day, StatusInTransit},
		{"asked for again", []Scan{at(0, StatusInTransit)}, false, 40 * day, 45 * day, StatusInTransit},
		{"an end does not expire", []Scan{at(0, StatusDelivered)}, false, 0, 400 * day, StatusDelivered},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := StatusInput{Scans: tt.scans, International: tt.international, Since: *hour(tt.since), Now: *hour(tt.now)}
			if got := Compute(in).Status; got != tt.want {
				t.Errorf("Compute().Status = %s, want %s", got, tt.want)
			}
		})
	}
}
