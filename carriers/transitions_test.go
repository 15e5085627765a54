package carriers

import "testing"

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
