package payments

import (
	"net/url"
	"slices"
	"unicode"
	"unicode/utf8"
)

// iin is a range of card numbers: how they begin, and how long they are.
type iin struct {
	low, high int // first digits, as many as low has
	min, max  int // digits of the whole number
}

// iins are the ranges of the schemes, by their first digits. What looks like an
// order number, a date, a phone or article number stays out: numbers that begin
// with 1, and Visa's of 13 digits, which nobody has issued for decades, while
// German phone and article numbers begin with 4 and have 13.
// https://en.wikipedia.org/wiki/Payment_card_number
var iins = []iin{
	{4, 4, 16, 16}, {4, 4, 19, 19}, // Visa
	{51, 55, 16, 16}, {2221, 2720, 16, 16}, // Mastercard
	{34, 34, 15, 15}, {37, 37, 15, 15}, // American Express
	{36, 36, 14, 19}, {300, 305, 14, 14}, {300, 305, 16, 19}, {3095, 3095, 14, 14}, {3095, 3095, 16, 19},
	{38, 39, 14, 14}, {38, 39, 16, 19}, // Diners Club
	{6011, 6011, 16, 19}, {644, 649, 16, 19}, {65, 65, 16, 19}, // Discover
	{3528, 3589, 16, 19},               // JCB
	{62, 62, 16, 19}, {81, 82, 16, 19}, // UnionPay, RuPay
	{60, 60, 16, 16}, {508, 508, 16, 16}, // RuPay, Hipercard
	{2200, 2204, 16, 19}, // Mir
	{5018, 5020, 13, 19}, {5038, 5038, 13, 19}, {5612, 5612, 13, 19}, {5893, 5893, 13, 19}, {6304, 6304, 13, 19},
	{6759, 6759, 13, 19}, {6761, 6763, 13, 19}, {6799, 6799, 13, 19}, // Maestro, Dankort
	{5060, 5061, 16, 19}, {5066, 5067, 16, 16}, {509, 509, 16, 16}, {636, 636, 16, 19}, // Verve, Elo, InterPayment
	{8600, 8600, 16, 16}, {9792, 9792, 16, 16}, {9860, 9860, 16, 16}, // UzCard, Troy, Humo
}

// Bounds of the lengths in iins.
const (
	minCardDigits = 13
	maxCardDigits = 19
)

// HoldsCardNumber says whether a card number stands in the text, plainly or
// escaped for a URL. No card number may enter Tillpost.
func HoldsCardNumber(text string) bool {
	if looksLikeCardNumber(text) {
		return true
	}
	plain, err := url.QueryUnescape(text)
	return err == nil && plain != text && looksLikeCardNumber(plain)
}

// looksLikeCardNumber says whether a card number stands in the text as it is.
func looksLikeCardNumber(text string) bool { return len(cardNumbers(text)) > 0 }

// span is a part of a text, in bytes.
type span struct{ from, to int }

// digit is one of a text; first says that it begins a group, which a separator
// or anything else parts from the digits before, last that it ends one.
type digit struct {
	span

	value       byte
	first, last bool
}

// cardNumbers finds the card numbers of a text, however their digits are
// grouped and whatever numbers stand beside them. A group is never cut, because
// any id of twenty digits or more has a part that passes for a card number.
func cardNumbers(text string) []span {
	var (
		found []span
		run   []digit
	)
	grouped := false // the digit before belongs to the same group
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		value, ok := digitOf(r)
		switch {
		case ok:
			if grouped {
				run[len(run)-1].last = false
			}
			run = append(run, digit{span: span{at, at + size}, value: value, first: !grouped, last: true})
		case !separates(r):
			found = append(found, inRun(run)...)
			run = run[:0]
		}
		grouped = ok
		at += size
	}
	return append(found, inRun(run)...)
}

// inRun finds the card numbers among digits with nothing but separators between
// them. Where two overlap, either may be the right one: the whole is found.
func inRun(run []digit) []span {
	var found []span
	for i := range run {
		if !run[i].first {
			continue
		}
		for n := minCardDigits; n <= maxCardDigits && i+n <= len(run); n++ {
			window := run[i : i+n]
			if !window[n-1].last || !luhn(window) || !issued(window) {
				continue
			}
			whole := span{window[0].from, window[n-1].to}
			if last := len(found) - 1; last >= 0 && whole.from < found[last].to {
				found[last].to = max(found[last].to, whole.to)
			} else {
				found = append(found, whole)
			}
		}
	}
	return found
}

// issued says whether a scheme has numbers of this length that begin so.
func issued(digits []digit) bool {
	var begins [5]int // by how many digits are read
	for i := 1; i < len(begins); i++ {
		begins[i] = begins[i-1]*10 + int(digits[i-1].value)
	}
	return slices.ContainsFunc(iins, func(r iin) bool {
		length := 1
		for rest := r.low; rest >= 10; rest /= 10 {
			length++
		}
		start := begins[length]
		return start >= r.low && start <= r.high && len(digits) >= r.min && len(digits) <= r.max
	})
}

// luhn checks the sum of ISO/IEC 7812-1.
func luhn(digits []digit) bool {
	sum, double := 0, false
	for _, digit := range slices.Backward(digits) {
		d := int(digit.value)
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

// digitOf reads digits as keyboards of our users write them.
func digitOf(r rune) (byte, bool) {
	for _, zero := range []rune{'0', '０', '٠', '۰'} { // ASCII, full width, Arabic, Persian
		if r >= zero && r <= zero+9 {
			return byte(r - zero), true
		}
	}
	return 0, false
}

// separates says whether people put r between the groups of a number: spaces
// and dashes of any kind, also invisible ones.
func separates(r rune) bool {
	return r == '.' || r == '_' || unicode.IsSpace(r) || unicode.In(r, unicode.Zs, unicode.Pd, unicode.Cf)
}
