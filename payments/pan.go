package payments

import "slices"

// maskedDigits bounds the length of card numbers.
const (
	minCardDigits = 13
	maxCardDigits = 19
)

// looksLikeCardNumber says whether the text holds a run of digits, with spaces
// or dashes between them, that passes as a card number. No card number may
// enter Tillpost.
func looksLikeCardNumber(text string) bool {
	var run []byte
	check := func() bool {
		return len(run) >= minCardDigits && len(run) <= maxCardDigits && run[0] >= '2' && run[0] <= '6' && luhn(run)
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			run = append(run, c)
		case (c == ' ' || c == '-') && len(run) > 0:
		default:
			if check() {
				return true
			}
			run = run[:0]
		}
	}
	return check()
}

// luhn checks the sum of ISO/IEC 7812-1.
func luhn(digits []byte) bool {
	sum, double := 0, false
	for _, digit := range slices.Backward(digits) {
		d := int(digit - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return sum%10 == 0
}
