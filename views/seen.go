package views

import "strings"

// Seen is the set of rows that a list shows, small enough for an address: the
// ends of their ids, which are random.
type Seen map[string]bool

// seenLength is how much of an id is kept: 30 bits.
const seenLength = 6

// seenText writes the ids of a list's rows for ReadSeen.
func seenText(ids []string) string {
	var text strings.Builder
	for _, id := range ids {
		text.WriteString(end(id))
	}
	return text.String()
}

// ReadSeen reads what a list wrote into the address of its count.
func ReadSeen(text string) Seen {
	seen := Seen{}
	for len(text) >= seenLength {
		seen[text[:seenLength]] = true
		text = text[seenLength:]
	}
	return seen
}

// Has says whether the list shows the row with the id.
func (s Seen) Has(id string) bool { return s[end(id)] }

func end(id string) string { return id[max(0, len(id)-seenLength):] }
