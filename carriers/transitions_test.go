package carriers

import (
	"slices"
	"testing"
)

// TestLegal walks every pair of statuses.
func TestLegal(t *testing.T) {
	t.Parallel()
	moving := []Status{
		StatusInTransit, StatusOutForDelivery, StatusAvailableForPickup, StatusDeliveryFailed, StatusException,
		StatusDelivered, StatusReturning, StatusReturned, StatusExpired,
	}
	everything := allStatuses[:13]
	legal := map[Status][]Status{
		StatusUnknown: everything,
		StatusExpired: everything,
		StatusInfoReceived: {
			StatusPickedUp, StatusInTransit, StatusOutForDelivery, StatusAvailableForPickup, StatusDeliveryFailed,
			StatusException, StatusDelivered, StatusCanceled, StatusReturning, StatusExpired,
		},
		StatusPickedUp:           moving,
		StatusInTransit:          moving,
		StatusOutForDelivery:     moving,
		StatusAvailableForPickup: moving,
		StatusDeliveryFailed:     moving,
		StatusException:          moving,
		StatusReturning:          {StatusReturned, StatusException, StatusInTransit, StatusExpired},
		StatusDelivered:          {StatusReturning, StatusReturned},
	}
	for _, from := range everything {
		for _, to := range everything {
			want := from == to || slices.Contains(legal[from], to)
			if got := Legal(from, to); got != want {
				t.Errorf("Legal(%s, %s) = %v, want %v", from, to, got, want)
			}
		}
	}
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	for _, status := range allStatuses {
		want := status == StatusDelivered || status == StatusReturned || status == StatusCanceled
		if got := Terminal(status, ""); got != want {
			t.Errorf("Terminal(%s) = %v, want %v", status, got, want)
		}
	}
	for reason, want := range map[Reason]bool{ReasonLost: true, ReasonDestroyed: true, ReasonSeized: true, ReasonDamaged: false} {
		if got := Terminal(StatusException, reason); got != want {
			t.Errorf("Terminal(exception, %s) = %v, want %v", reason, got, want)
		}
		if Terminal(StatusInTransit, reason) {
			t.Errorf("a parcel in transit is not at its end, whatever the reason (%s)", reason)
		}
	}
}
