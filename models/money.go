package models

// Bounds of what is added up: a million of the largest amounts still fit into
// the sum of a day.
const (
	MaxAmount   = 9_000_000_000_000 // minor units
	MaxQuantity = 1_000_000
)

// checkAmount refuses amounts that are not above zero, or absurd.
func checkAmount(field string, amount int64) error {
	if amount <= 0 {
		return Invalid(field, "must_be_positive")
	}
	return checkBound(field, amount, MaxAmount)
}

// checkAmountOrZero is checkAmount for what may be free.
func checkAmountOrZero(field string, amount int64) error {
	if amount < 0 {
		return Invalid(field, "must_not_be_negative")
	}
	return checkBound(field, amount, MaxAmount)
}

func checkQuantity(field string, quantity int64) error {
	if quantity <= 0 {
		return Invalid(field, "must_be_positive")
	}
	return checkBound(field, quantity, MaxQuantity)
}

func checkBound(field string, value, bound int64) error {
	if value > bound {
		return Invalid(field, "too_large")
	}
	return nil
}
