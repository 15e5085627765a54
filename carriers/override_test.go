package carriers

import (
	"testing"
	"time"
)

// entered is what a person told, so many hours after day0.
func entered(hours float64, status Status, override bool) Scan {
	s := at(hours, status)
	s.CarrierID, s.Entered, s.Override = string(status), true, override
	return s
}

func TestComputeWithWhatPeopleTell(t *testing.T) {
	t.Parallel()
	late := func(s Scan, hours float64) Scan { // told later than it happened
		s.ReceivedAt = day0.Add(time.Duration(hours * float64(time.Hour)))
		return s
	}
	saw := func(s Scan, header Status) Scan {
		s.Code = string(header)
		return s
	}
	tests := []struct {
		name string
		in   StatusInput
		want Status
	}{
		{"what a person tells counts as a scan", StatusInput{Scans: []Scan{
			at(0, StatusInTransit), entered(2, StatusDelivered, false),
		}}, StatusDelivered},
		{"and moves no final status", StatusInput{Scans: []Scan{
			at(0, StatusDelivered), entered(2, StatusInTransit, false),
		}}, StatusDelivered},
		{"an override corrects a final status", StatusInput{Previous: StatusDelivered, Scans: []Scan{
			at(0, StatusDelivered), entered(2, StatusInTransit, true),
		}}, StatusInTransit},
		{"and one that only a summary told", StatusInput{Previous: StatusDelivered, Header: Header{Status: StatusDelivered}, Scans: []Scan{
			saw(entered(2, StatusException, true), StatusDelivered),
		}}, StatusException},
		{"a summary that came later counts", StatusInput{Header: Header{Status: StatusDelivered}, Scans: []Scan{
			saw(entered(2, StatusException, true), StatusInTransit),
		}}, StatusDelivered},
		{"so does one of a later time", StatusInput{Header: head(3, StatusDelivered), Scans: []Scan{
			saw(entered(2, StatusException, true), StatusDelivered),
		}}, StatusDelivered},
		{"an override brings back an earlier stage", StatusInput{Scans: []Scan{
			at(0, StatusOutForDelivery), entered(2, StatusInfoReceived, true),
		}}, StatusInfoReceived},
		{"scans after it count by the rules", StatusInput{Scans: []Scan{
			at(0, StatusDelivered), entered(2, StatusInTransit, true), at(3, StatusOutForDelivery),
		}}, StatusOutForDelivery},
		{"earlier scans that are told late do not", StatusInput{Scans: []Scan{
			entered(2, StatusInTransit, true), late(at(1, StatusDelivered), 5),
		}}, StatusInTransit},
		{"its delivery stays, whatever is told of the way", StatusInput{Scans: []Scan{
			at(0, StatusInTransit), entered(2, StatusDelivered, true), at(4, StatusInTransit),
		}}, StatusDelivered},
		{"the newest of two counts", StatusInput{Scans: []Scan{
			entered(3, StatusException, true), entered(2, StatusDelivered, true),
		}}, StatusException},
		{"one that was taken back does not", StatusInput{Previous: StatusInTransit, Scans: []Scan{
			at(0, StatusDelivered), retracted(entered(2, StatusInTransit, true)),
		}}, StatusDelivered},
		{"nor does a delivery that was taken back, whatever the summary", StatusInput{
			Previous: StatusDelivered, Header: Header{Status: StatusInTransit},
			Scans: []Scan{at(0, StatusInTransit), retracted(entered(2, StatusDelivered, true))},
		}, StatusInTransit},
		{"a final status that came after it stays as any other", StatusInput{
			Previous: StatusDelivered, PreviousAt: day0.Add(5 * time.Hour),
			Scans: []Scan{entered(2, StatusInTransit, true)},
		}, StatusDelivered},
	}
	for _, tt := range tests {
		tt.in.Now = day0.Add(12 * time.Hour)
		if got := Compute(tt.in); got.Status != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got.Status, tt.want)
		}
	}
}

// A delivery that a person tells of is late by the time that they say.
func TestOverriddenDelivery(t *testing.T) {
	t.Parallel()
	delivered := entered(20, StatusDelivered, true)
	delivered.OccurredAt = hour(10)
	got := Compute(StatusInput{Scans: []Scan{at(0, StatusInTransit), delivered}, PromisedAt: hour(12), Now: *hour(21)})
	if got.Status != StatusDelivered || got.DeliveredAt == nil || !got.DeliveredAt.Equal(*hour(10)) || got.Late {
		t.Errorf("%+v", got)
	}
}
