package carriers

// newestOverride is the last word of a person about where a parcel stands, as
// far as it was not taken back; nil without any.
func newestOverride(scans []placed) *placed {
	var newest *placed
	for i := range scans {
		p := &scans[i]
		if p.Override && p.RetractedAt == nil && (newest == nil || p.ReceivedAt.After(newest.ReceivedAt)) {
			newest = p
		}
	}
	return newest
}

// toldSince leaves what an override does not overrule: scans that were told
// after it, unless they certainly happened before it, and the summary when it
// is not the one that the person saw.
func toldSince(o *placed, header Header, scans []placed) (Header, []placed) {
	seen := string(header.Status) == o.Code
	if header.At != nil {
		seen = !header.At.After(o.ReceivedAt)
	}
	if seen {
		header = Header{}
	}
	var later []placed
	for _, p := range scans {
		if !p.Override && p.ReceivedAt.After(o.ReceivedAt) && !p.last.Before(o.ReceivedAt) {
			later = append(later, p)
		}
	}
	return header, later
}

// begin starts the journey where a person says that the parcel stands.
func (j *journey) begin(o *placed) {
	notBefore := o.ReceivedAt
	if o.OccurredAt != nil {
		notBefore = *o.OccurredAt
	}
	j.move(o.Status, o.Reason, o.OccurredAt, notBefore)
}
