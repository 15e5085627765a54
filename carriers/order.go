package carriers

import (
	"fmt"
	"time"
)

// Scan is a stored event with what the store knows about it.
type Scan struct {
	Event

	ReceivedAt  time.Time  // when the carrier first told of it
	RetractedAt *time.Time // when the carrier was found to tell of it no more

	Entered  bool // by a person, who may take it back
	Override bool // says where the parcel stands, whatever was told before
}

// placed is a scan with its place in time.
type placed struct {
	Scan

	key         string
	first, last time.Time // it happened between these
	likely      time.Time // best guess within
	exact       bool
}

// Order sorts scans from the oldest to the newest and leaves repetitions out.
//
// Where both instants are known they decide; equal ones are told apart by rank,
// then by the carrier's sequence. A scan whose offset from UTC is unknown may
// have happened up to 14 hours away from its wall clock: as far as that leaves
// the order open, the carrier's sequence decides, then the wall clock, then
// rank. A scan without a believable time happened before it was received. The
// result depends on the set of scans alone, not on the order they come in.
func Order(scans []Scan, destination *time.Location) []Scan {
	ordered := order(scans, destination)
	out := make([]Scan, len(ordered))
	for i, p := range ordered {
		out[i] = p.Scan
	}
	return out
}

func order(scans []Scan, destination *time.Location) []placed {
	rest := distinct(scans, destination)
	ordered := make([]placed, len(rest))
	for i := len(rest) - 1; i >= 0; i-- {
		newest := pickNewest(rest)
		ordered[i] = rest[newest]
		rest[newest] = rest[len(rest)-1]
		rest = rest[:len(rest)-1]
	}
	return ordered
}

// distinct places scans in time and keeps one of each key: the one that was
// told first, since that is when it became news.
func distinct(scans []Scan, destination *time.Location) []placed {
	index := make(map[string]int, len(scans))
	out := make([]placed, 0, len(scans))
	for _, scan := range scans {
		p := place(scan, destination)
		i, seen := index[p.key]
		switch {
		case !seen:
			index[p.key] = len(out)
			out = append(out, p)
		case preferred(p, out[i]):
			out[i] = p
		}
	}
	return out
}

// preferred chooses between two tellings of one scan: living before retracted,
// then the earlier received. The rest only makes the choice independent of order.
func preferred(a, b placed) bool {
	if alive := a.RetractedAt == nil; alive != (b.RetractedAt == nil) {
		return alive
	}
	if !a.ReceivedAt.Equal(b.ReceivedAt) {
		return a.ReceivedAt.Before(b.ReceivedAt)
	}
	if a.Rank() != b.Rank() {
		return a.Rank() > b.Rank()
	}
	if a.Sequence != b.Sequence {
		return a.Sequence > b.Sequence
	}
	return a.fingerprint() > b.fingerprint()
}

func (p placed) fingerprint() string {
	return fmt.Sprint(p.Status, "|", p.Reason, "|", p.first, p.last, p.RawTime, "|", p.LocalTime, "|", p.Code, "|",
		p.Description, "|", p.Location)
}

func place(scan Scan, destination *time.Location) placed {
	p := placed{Scan: scan, key: Key("", "", scan.Event)}
	first, last, known := span(scan.Event, destination)
	if !known || Suspect(scan.Event, scan.ReceivedAt) {
		if scan.ReceivedAt.After(p.first) {
			p.last, p.likely = scan.ReceivedAt, scan.ReceivedAt
		}
		return p
	}
	p.first, p.last, p.exact = first, last, first.Equal(last)
	p.likely = first.Add(last.Sub(first) / 2)
	return p
}

// pickNewest returns the index of the newest scan. Candidates are those that no
// other certainly follows.
func pickNewest(scans []placed) int {
	var latestStart time.Time
	for _, p := range scans {
		if p.first.After(latestStart) {
			latestStart = p.first
		}
	}
	newest, exact := -1, true
	for _, p := range scans {
		exact = exact && (p.exact || p.last.Before(latestStart))
	}
	for i, p := range scans {
		if p.last.Before(latestStart) {
			continue
		}
		if newest < 0 || newer(p, scans[newest], exact) {
			newest = i
		}
	}
	return newest
}

// newer compares two candidates.
func newer(a, b placed, exact bool) bool {
	if exact && a.Rank() != b.Rank() {
		return a.Rank() > b.Rank()
	}
	if a.Sequence != b.Sequence {
		return a.Sequence > b.Sequence
	}
	if !a.likely.Equal(b.likely) {
		return a.likely.After(b.likely)
	}
	if a.Rank() != b.Rank() {
		return a.Rank() > b.Rank()
	}
	return a.key > b.key
}

// Rank says how far along a scan places its parcel.
func (s Scan) Rank() int { return Rank(s.Status) }
