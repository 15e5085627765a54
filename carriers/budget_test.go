package carriers

import (
	"testing"
	"time"
)

// No second of calls that are that far apart holds more of them than a carrier
// takes, whichever second it is.
func TestBudgetHoldsInEverySecond(t *testing.T) {
	t.Parallel()
	for _, perSecond := range []float64{0.8, 1, 2, 3, 6, 7, 10, 25, 30, 60, 90} {
		apart := budget(Limits{PerSecond: perSecond}).Interval
		calls := int(time.Second / apart) // after the first
		if apart*time.Duration(calls) < time.Second {
			calls++
		}
		if most := max(perSecond, 1); float64(calls) > most {
			t.Errorf("%v a second: %d calls, %v apart", perSecond, calls, apart)
		}
		if slowest := time.Duration(float64(time.Second)/perSecond) + time.Millisecond; apart > slowest+slowest/10 {
			t.Errorf("%v a second: %v apart", perSecond, apart)
		}
	}
}
