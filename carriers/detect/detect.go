// Package detect finds out which carriers a tracking number may be of, from the
// number alone and from what is known of the shop that sends it.
package detect

import (
	"slices"
	"strings"
	"unicode"
)

// Hints are what is known beside the number; each may be empty.
type Hints struct {
	Enabled []string       // carriers that the shop has accounts at
	Anyone  bool           // it has one by which parcels of any carrier are followed
	Recent  map[string]int // parcels that it sent lately, by carrier
	Country string         // ISO 3166-1 alpha-2 of where the parcel goes, or of where it comes from
}

// Candidate is a carrier that a number may be of.
type Candidate struct {
	Carrier string // our code
	Score   int    // 0 to 100, how likely it is this one
	Checked bool   // the number has a check digit, and it is right
	Format  string // of the number, in the carrier's words
	Number  string // as the carrier writes it
	Country string // that the number names: of the post that issued it, or of the destination
	Service string // that the number names, in the carrier's words
}

// longest is how many characters a number may have.
const longest = 64

// Detect lists the carriers that the number may be of, the likeliest first. It
// takes numbers as people paste them, with blanks, dashes and small letters.
func Detect(number string, hints Hints) []Candidate {
	var found []match
	for _, spelling := range spellings(number) {
		for _, f := range formats() {
			if m, ok := f.match(spelling); ok && (!f.loose || hints.speakFor(m.carriers)) {
				found = append(found, m)
			}
		}
	}
	return rank(found, hints)
}

// Misread says whether a number is one of a known kind but for its check digit:
// then somebody misread or mistyped it. Digits alone have the forms of many by
// chance, so that a form must say more than its length, and more than those that
// the number has.
func Misread(number string) bool {
	wrong, right := bare, rare
	for _, spelling := range spellings(number) {
		for _, f := range formats() {
			switch m, ok := f.shape(spelling); {
			case !ok || f.loose:
			case m.misread:
				wrong = max(wrong, m.gripOf())
			default:
				right = max(right, m.gripOf())
			}
		}
	}
	return wrong > bare && wrong > right
}

// When the best candidate is taken without asking.
const (
	certain     = 85 // then a small lead is enough
	smallLead   = 10
	likely      = 55 // then nothing else may come near
	largeLead   = 30
	contestable = 25 // a rival whose check digit is right counts from here
)

// Best is the candidate to take without asking: none when another may be meant
// as well. It never decides against a check digit that is right, because a
// parcel at the wrong carrier is noticed late.
func Best(candidates []Candidate) (Candidate, bool) {
	if len(candidates) == 0 {
		return Candidate{}, false
	}
	best, lead := candidates[0], candidates[0].Score
	for _, c := range candidates[1:] {
		lead = min(lead, best.Score-c.Score)
		if c.Checked && !best.Checked && c.Score >= contestable {
			return Candidate{}, false
		}
	}
	if best.Score >= certain && lead >= smallLead || best.Score >= likely && lead >= largeLead {
		return best, true
	}
	return Candidate{}, false
}

// spellings are the number without what print and paste put into it: without
// its dashes and, since a few carriers mean theirs, with them.
func spellings(number string) []string {
	var plain, dashed strings.Builder
	for _, r := range number {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r): // Cf: soft hyphens, blanks without width
		case r == '-', r == '−', unicode.Is(unicode.Pd, r):
			dashed.WriteByte('-')
		default:
			c, ok := character(r)
			if !ok {
				return nil
			}
			plain.WriteByte(c)
			dashed.WriteByte(c)
		}
		if plain.Len() > longest || dashed.Len() > 2*longest {
			return nil
		}
	}
	switch {
	case plain.Len() == 0:
		return nil
	case plain.Len() == dashed.Len():
		return []string{plain.String()}
	default:
		return []string{plain.String(), dashed.String()}
	}
}

// character is a letter or digit in its plain form: a capital, and not of the
// double width that Chinese and Japanese keyboards give.
func character(r rune) (byte, bool) {
	if r >= '！' && r <= '～' {
		r -= '！' - '!'
	}
	if r >= 'a' && r <= 'z' {
		r -= 'a' - 'A'
	}
	return byte(r), r >= '0' && r <= '9' || r >= 'A' && r <= 'Z'
}

// speakFor says whether anything but the number leads to one of the carriers.
func (h Hints) speakFor(carriers []string) bool {
	return slices.ContainsFunc(carriers, func(c string) bool {
		return slices.Contains(h.Enabled, c) || h.Recent[c] > 0
	})
}
