package payments

import "math"

// Units are how a provider's minor units differ from ISO 4217, by currency.
type Units struct {
	More  map[string]int // digits more than ours
	Zeros map[string]int // last digits of ours that must be zero
}

// ToWire puts minor units of ISO 4217 into the provider's; not ok when it has no
// units as small.
func (u Units) ToWire(value int64, currency string) (int64, bool) {
	if value%power(u.Zeros[currency]) != 0 {
		return 0, false
	}
	return shift(value, u.More[currency])
}

// FromWire puts the provider's minor units into those of ISO 4217; not ok when
// these cannot say as little.
func (u Units) FromWire(value int64, currency string) (int64, bool) {
	return shift(value, -u.More[currency])
}

func shift(value int64, digits int) (int64, bool) {
	if digits < 0 {
		by := power(-digits)
		return value / by, value%by == 0
	}
	by := power(digits)
	if by > 1 && (value < 0 || value > math.MaxInt64/by) {
		return 0, false
	}
	return value * by, true
}

func power(digits int) int64 {
	by := int64(1)
	for range digits {
		by *= 10
	}
	return by
}
