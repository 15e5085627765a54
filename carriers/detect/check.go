package detect

import "fmt"

// check says whether a check digit is that of a serial number. What is
// computed stands in the data's CHECKSUM_ALGORITHMS.md; DPD's mod 37/36 in
// https://esolutions.dpd.com/dokumente/DPD_Parcel_Label_Specification_2.4.1_EN.pdf
type check func(serial, digit string) bool

// checksum is how the data describe a check digit.
type checksum struct {
	Name            string `json:"name"`
	EvensMultiplier int    `json:"evens_multiplier"`
	OddsMultiplier  int    `json:"odds_multiplier"`
	Reverse         bool   `json:"reverse"`
	Weightings      []int  `json:"weightings"`
	Modulo1         int    `json:"modulo1"`
	Modulo2         int    `json:"modulo2"`
}

func (c checksum) check() (check, error) {
	switch c.Name {
	case "":
		return nil, nil //nolint:nilnil // no check digit is no check
	case "mod7":
		return mod7, nil
	case "mod10":
		return mod10(c.EvensMultiplier, c.OddsMultiplier, c.Reverse), nil
	case "luhn":
		return luhn, nil
	case "s10":
		return modS10, nil
	case "mod_37_36":
		return mod3736, nil
	case "sum_product_with_weightings_and_modulo":
		if c.Modulo1 < 1 || c.Modulo2 < 1 {
			return nil, fmt.Errorf("check digit %s without moduli", c.Name)
		}
		return weighted(c.Weightings, c.Modulo1, c.Modulo2), nil
	default:
		return nil, fmt.Errorf("unknown check digit %q", c.Name)
	}
}

// value is what a character counts: a digit itself, a letter from 10 up.
func value(c byte) int {
	if c >= 'A' {
		return int(c-'A') + 10
	}
	return int(c - '0')
}

func is(digit string, n int) bool { return len(digit) == 1 && value(digit[0]) == n }

func mod7(serial, digit string) bool {
	remainder := 0
	for i := range len(serial) {
		remainder = (remainder*10 + value(serial[i])) % 7
	}
	return is(digit, remainder)
}

// mod10 multiplies the characters at even and at odd places, counted from 0. A
// letter counts its place in ASCII less 3, of which the last digit.
func mod10(evens, odds int, reverse bool) check {
	evens, odds = max(evens, 1), max(odds, 1)
	return func(serial, digit string) bool {
		total := 0
		for i := range len(serial) {
			c := serial[i]
			if reverse {
				c = serial[len(serial)-1-i]
			}
			x := value(c)
			if c >= 'A' {
				x = int(c-3) % 10
			}
			if i%2 == 1 {
				x *= odds
			} else {
				x *= evens
			}
			total += x
		}
		return is(digit, (10-total%10)%10)
	}
}

func luhn(serial, digit string) bool {
	total := 0
	for i := range len(serial) {
		x := value(serial[len(serial)-1-i])
		if i%2 == 0 {
			x *= 2
		}
		total += x/10 + x%10
	}
	return is(digit, (10-total%10)%10)
}

func weighted(weights []int, modulo1, modulo2 int) check {
	return func(serial, digit string) bool {
		return is(digit, sum(serial, weights)%modulo1%modulo2)
	}
}

func modS10(serial, digit string) bool {
	n := 11 - sum(serial, []int{8, 6, 4, 2, 3, 5, 9, 7})%11
	switch n {
	case 10:
		n = 0
	case 11:
		n = 5
	}
	return is(digit, n)
}

func sum(serial string, weights []int) int {
	total := 0
	for i := range min(len(serial), len(weights)) {
		total += value(serial[i]) * weights[i]
	}
	return total
}

func mod3736(serial, digit string) bool {
	const mod = 36
	n := mod
	for i := range len(serial) {
		n += value(serial[i])
		if n > mod {
			n -= mod
		}
		n *= 2
		if n > mod {
			n -= mod + 1
		}
	}
	return is(digit, (mod+1-n)%mod)
}
