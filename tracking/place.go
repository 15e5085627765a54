package tracking

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tillpost/tillpost/models"
)

var (
	// region is how a place ends that a carrier named by its parts: the code of a
	// country or state, in some answers with a postal code behind it.
	region = regexp.MustCompile(`^([A-Z]{2})(?:[ -][A-Z0-9 -]*[0-9][A-Z0-9 -]*)?$`)
	// town is a name without numbers and of few words.
	town = regexp.MustCompile(`^[\p{L}\p{M}]+(?:[ .'’()/-]+[\p{L}\p{M}]+){0,4}[.)]?$`)
	// district is a Chinese place, which ends by saying what it is.
	district = regexp.MustCompile(`^\p{Han}{1,11}[省市区县州盟旗]$`)
)

// Place is what a public page may say of where a scan was made: a town and the
// code of its country, or nothing. Carriers write what they like into a place,
// streets and the names of who signed among it, so that only what has the form
// of a town counts, and nothing that the order knows of its recipient.
func Place(location string, o *models.Order) string {
	parts := strings.Split(location, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	first, last := parts[0], parts[len(parts)-1]
	code := region.FindStringSubmatch(last)
	if code == nil {
		if len(parts) == 1 && (district.MatchString(first) || known(first, o)) && !personal(first, o) {
			return first
		}
		return ""
	}
	if len(parts) == 1 || utf8.RuneCountInString(first) > 40 || !town.MatchString(first) || personal(first, o) {
		return code[1]
	}
	return first + ", " + code[1]
}

// known says whether a place is the town or the state that the order goes to.
func known(place string, o *models.Order) bool {
	to := o.ShippingAddress
	return place != "" && (strings.EqualFold(place, to.City) || strings.EqualFold(place, to.Region))
}

// personal says whether a place holds a part of the recipient's name, or is a
// part of the street.
func personal(place string, o *models.Order) bool {
	to := o.ShippingAddress
	if strings.EqualFold(place, to.City) {
		return false
	}
	folded := strings.ToLower(place)
	for _, name := range []string{o.CustomerName, to.Name} {
		for _, word := range words(name) {
			if len(words(folded)) > 0 && containsWord(folded, word) {
				return true
			}
		}
	}
	for _, line := range []string{to.Line1, to.Line2} {
		line = strings.ToLower(strings.TrimSpace(line))
		if line != "" && (strings.Contains(line, folded) || strings.Contains(folded, line)) {
			return true
		}
	}
	return false
}

// words are the parts of a name that say something.
func words(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
}

func containsWord(text, word string) bool {
	if utf8.RuneCountInString(word) < 2 {
		return false
	}
	for _, w := range words(text) {
		han := strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Han, r) })
		if w == word || han && strings.Contains(w, word) {
			return true
		}
	}
	return false
}
