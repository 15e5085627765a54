package carriers

import (
	"time"

	"github.com/tillpost/tillpost/models"
)

// How long a parcel may be silent before nobody expects news any more.
const (
	idleUnseen        = 14 * 24 * time.Hour // the carrier has at most its data
	idleDomestic      = 30 * 24 * time.Hour
	idleInternational = 60 * 24 * time.Hour
)

// StatusInput is all that a shipment's status rests on.
type StatusInput struct {
	Scans  []Scan // every stored scan, retracted ones too
	Header Header // the carrier's newest own summary; zero when it has none

	Previous    Status     // what the shipment shows now; empty for a new one
	PreviousAt  time.Time  // since when it does
	Reason      Reason     // the reason that goes with Previous
	DeliveredAt *time.Time // the instant that goes with Previous
	Late        bool       // its promise is known to be broken

	// LastHeader is the summary in the answer before the one that is being
	// applied, nil when no new answer is. A final status that rests on the
	// summary alone falls only when two answers running deny it.
	LastHeader *Header
	// Corrected says that a scan of the status Previous is understood otherwise now.
	Corrected bool

	Since         time.Time  // when following began, or was asked for again
	PromisedAt    *time.Time // by when the merchant promised the parcel
	International bool       // postal or across a border: may be silent for longer
	Destination   *time.Location
	Now           time.Time
}

// StatusResult is where a shipment stands.
type StatusResult struct {
	Status      Status
	Reason      Reason
	Late        bool
	ShippedAt   *time.Time // first known instant in the carrier's hands
	DeliveredAt *time.Time // nil while not delivered, and when the carrier gave no instant
	LastEventAt *time.Time // newest known instant of a scan
}

// Compute derives a shipment's status from its stored scans and the carrier's
// summary. It is a pure function: neither the order of the scans nor their
// repetition changes the result.
//
// The newest milestone counts, but early stages never follow later ones, and
// final statuses stay: later scans do not move them, except that a delivered
// parcel may come back and a lost one be found. A final status falls only as a
// correction: its scan was retracted and the carrier's summary does not name it
// any more, or a person overrides it.
func Compute(in StatusInput) StatusResult {
	scans := order(in.Scans, in.Destination)
	journey := follow(in, living(in, scans))
	if sticks(in, scans, journey) {
		journey.status, journey.reason, journey.at = in.Previous, in.Reason, in.DeliveredAt
		if in.DeliveredAt != nil {
			journey.notBefore = *in.DeliveredAt
		}
	}
	result := StatusResult{
		Status:      journey.status,
		Reason:      journey.reason,
		DeliveredAt: journey.delivered(),
	}
	result.ShippedAt, result.LastEventAt = instants(scans)
	result.Late = late(in, journey)
	if idle(in, scans, journey) {
		result.Status = StatusExpired
	}
	return result
}

// living leaves out retracted scans. A final scan that the carrier's summary
// still names counts although it is gone from the list: carriers shorten lists.
func living(in StatusInput, scans []placed) []placed {
	var out []placed
	for _, p := range scans {
		final := Terminal(p.Status, p.Reason) && !p.Entered
		if p.RetractedAt == nil || (final && p.Status == in.Header.Status) {
			out = append(out, p)
		}
	}
	return out
}

// sticks reports whether a final status stays although neither scans nor
// summary lead to it: it came from a summary, and has not been denied twice, nor
// was a scan corrected that said so.
func sticks(in StatusInput, scans []placed, now journey) bool {
	if !Terminal(in.Previous, in.Reason) || Terminal(now.status, now.reason) || now.status == StatusReturning || in.Corrected {
		return false
	}
	for _, p := range scans {
		if p.RetractedAt != nil && p.Status == in.Previous {
			return false // a correction: the scan itself was taken back
		}
	}
	if o := newestOverride(scans); o != nil && !o.ReceivedAt.Before(in.PreviousAt) {
		return false
	}
	denied := func(h *Header) bool { return h != nil && Milestone(h.Status) && h.Status != in.Previous }
	return !(denied(&in.Header) && denied(in.LastHeader))
}

// instants finds when the carrier first held the parcel and when it last
// scanned it, as far as instants are known.
func instants(scans []placed) (shipped, last *time.Time) {
	for _, p := range scans {
		if p.RetractedAt != nil || !p.exact {
			continue
		}
		at := p.first
		if last == nil || at.After(*last) {
			last = &at
		}
		inHands := Rank(p.Status) >= Rank(StatusPickedUp) && p.Status != StatusException && p.Status != StatusCanceled
		if inHands && (shipped == nil || at.Before(*shipped)) {
			shipped = &at
		}
	}
	return shipped, last
}

// late reports a promise that was certainly missed: the promised moment passed
// without the parcel being delivered. A parcel that will not come is not late.
func late(in StatusInput, now journey) bool {
	if in.PromisedAt == nil {
		return false
	}
	switch now.status {
	case StatusCanceled, StatusReturning, StatusReturned:
		return false
	case StatusDelivered:
		return now.notBefore.After(*in.PromisedAt)
	default:
		return models.Overdue(in.PromisedAt, in.Late, in.Now)
	}
}

// idle reports whether a parcel has been silent for so long that following it
// makes no sense. Any new scan ends that.
func idle(in StatusInput, scans []placed, now journey) bool {
	if Terminal(now.status, now.reason) || in.Since.IsZero() {
		return false
	}
	news := in.Since
	for _, p := range scans {
		if p.RetractedAt == nil && p.ReceivedAt.After(news) {
			news = p.ReceivedAt
		}
	}
	limit := idleDomestic
	switch {
	case now.status == StatusUnknown || now.status == StatusInfoReceived:
		limit = idleUnseen
	case in.International:
		limit = idleInternational
	}
	return in.Now.Sub(news) > limit
}
