package carriers

import (
	"cmp"
	"strings"

	"github.com/tillpost/tillpost/carriers/detect"
	"github.com/tillpost/tillpost/models"
)

// maxOrderWords is of how many words the number of an order may be.
const maxOrderWords = 4

// orderWords are the beginnings of a line that may be the number of its order.
func (l *Line) orderWords() []string {
	var found []string
	for i := 1; i < len(l.words) && i <= maxOrderWords; i++ {
		found = append(found, strings.Join(l.words[:i], " "))
	}
	return found
}

// part finds out what the words of a line without separators are: the order's
// number, the tracking number, which may be printed in groups, and the carrier.
// What is known decides: orders that exist, and numbers that tell a carrier.
// What was set for the line by hand stays. Lines without a number of an order may
// all be of one.
func (p *planner) part(l *Line, ofOne bool) {
	if len(l.words) == 0 {
		if p.several(strings.Fields(l.Number)) {
			l.Refusal = models.Invalid("tracking_number", "several_numbers")
		}
		return
	}
	words, carrier := partCarrier(l.words)
	order := p.orderOf(words, ofOne)
	number := words[order:]
	l.OrderNumber, l.Carrier = cmp.Or(l.OrderNumber, strings.Join(words[:order], " ")), cmp.Or(l.Carrier, carrier)
	l.Number = strings.Join(number, " ")
	if p.several(number) {
		l.Refusal = models.Invalid("tracking_number", "several_numbers")
	}
	l.check()
}

// partCarrier takes the carrier from the end of the words.
func partCarrier(words []string) (rest []string, carrier string) {
	for i := 1; i < len(words); i++ {
		if name := strings.Join(words[i:], " "); codeOf(name) != "" {
			return words[:i], name
		}
	}
	return words, ""
}

// orderOf is how many words are the order's number; none when all are the
// tracking number.
func (p *planner) orderOf(words []string, ofOne bool) int {
	known := 0
	for i := 1; i < len(words) && i <= maxOrderWords; i++ {
		if _, exists := p.orders[strings.Join(words[:i], " ")]; exists {
			known = i
			if p.tells(words[i:]) {
				return i
			}
		}
	}
	switch {
	case p.tells(words) || known == 0 && p.several(words):
		return 0
	case known > 0:
		return known
	case !ofOne && len(words) > 1 && p.certain(words[1:]): // of an order that does not exist
		return 1
	default:
		return 0
	}
}

// several says whether words that are no number together are two of them.
func (p *planner) several(words []string) bool {
	if len(words) < 2 || p.tells(words) {
		return false
	}
	for i := 1; i < len(words); i++ {
		if p.tells(words[:i]) && p.tells(words[i:]) {
			return true
		}
	}
	return false
}

// tells says whether words are, together, a number that tells carriers.
func (p *planner) tells(words []string) bool {
	number := strings.Join(words, "")
	return len(detect.Detect(number, hints(p.habit, ""))) > 0 || detect.Misread(number)
}

// certain says whether words are a number that tells its carrier for certain.
func (p *planner) certain(words []string) bool {
	_, ok := detect.Best(detect.Detect(strings.Join(words, ""), hints(p.habit, "")))
	return ok
}
