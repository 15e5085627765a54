package carriers

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The longest texts that are kept of a carrier's answer.
const (
	maxTime        = 64
	MaxDescription = 500
	MaxLocation    = 200
	MaxCode        = 80
)

// Text makes a carrier's text safe to keep and show: valid UTF-8, runs of
// white space, control characters and direction marks as one blank, at most limit bytes.
func Text(s string, limit int) string {
	var b strings.Builder
	blank := false
	for _, r := range s {
		if unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError {
			blank = b.Len() > 0
			continue
		}
		size := utf8.RuneLen(r)
		if blank {
			size++
		}
		if b.Len()+size > limit {
			break
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fold is the form in which texts are compared.
func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
