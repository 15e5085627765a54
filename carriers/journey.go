package carriers

import "time"

// journey is the state while scans are followed from the oldest to the newest.
type journey struct {
	status    Status
	reason    Reason
	reached   int        // highest stage so far, as far as it bars earlier ones
	returning bool       // on the way back to the sender
	at        *time.Time // instant of the scan that set status, if known
	notBefore time.Time  // the scan that set status certainly was no earlier
}

// stageAfterException is what an exception bars: data of a parcel does not
// clear it, the parcel being handed over does.
const stageAfterException = 2

// follow walks through living scans in order, with the carrier's summary at its
// place among them.
func follow(in StatusInput, scans []placed) journey {
	j := journey{status: StatusUnknown}
	if o := newestOverride(scans); o != nil {
		in.Header, scans = toldSince(o, in.Header, scans)
		j.begin(o)
	}
	for _, p := range withHeader(in, scans) {
		var at *time.Time
		if p.exact {
			at = &p.first
		}
		j.scan(p.Status, p.Reason, at, p.first)
	}
	return j
}

// withHeader puts the carrier's summary among its scans. A final summary always
// counts. Another counts when it is newer than every milestone, or when there is
// none to go by.
func withHeader(in StatusInput, scans []placed) []placed {
	header := in.Header
	if !Milestone(header.Status) {
		return scans
	}
	p := placed{Scan: Scan{Event: Event{Status: header.Status, Reason: header.Reason}}}
	if header.At != nil {
		p.first, p.last, p.likely, p.exact = *header.At, *header.At, *header.At, true
	}
	place, newest := 0, true
	for i, scan := range scans {
		if header.At == nil || !scan.first.After(p.first) {
			place = i + 1
		}
		if Milestone(scan.Status) && (header.At == nil || !p.first.After(scan.last)) {
			newest = false
		}
	}
	if !newest && !Terminal(header.Status, header.Reason) {
		return scans
	}
	out := make([]placed, 0, len(scans)+1)
	return append(append(append(out, scans[:place]...), p), scans[place:]...)
}

// scan applies one scan.
func (j *journey) scan(status Status, reason Reason, at *time.Time, notBefore time.Time) {
	if !Milestone(status) {
		if reason != "" && !Terminal(j.status, j.reason) {
			j.reason = reason
		}
		return
	}
	if to, ok := j.next(status, reason); ok {
		j.move(to, reason, at, notBefore)
	}
}

// next decides what a milestone makes of the journey, and whether anything.
func (j *journey) next(status Status, reason Reason) (Status, bool) {
	switch {
	case j.status == StatusDelivered:
		return status, status == StatusReturning || status == StatusReturned
	case j.status == StatusReturned:
		return j.status, false
	case j.status == StatusCanceled: // a parcel that was handed over was sent after all
		return status, status == StatusDelivered
	case Terminal(j.status, j.reason): // lost, seized, destroyed: it may turn up
		return status, status == StatusDelivered || status == StatusReturned
	case j.returning:
		return j.nextOnReturn(status, reason)
	case Rank(status) < Rank(StatusInTransit) && Rank(status) < j.reached:
		return j.status, false
	default:
		return status, true
	}
}

// nextOnReturn reads a scan of a parcel on its way back. Being carried there is
// still returning, and arriving there is no delivery. Only a scan that says so
// sends it to the recipient again.
func (j *journey) nextOnReturn(status Status, reason Reason) (Status, bool) {
	switch {
	case status == StatusDelivered || status == StatusReturned:
		return StatusReturned, true
	case status == StatusException || status == StatusCanceled || status == StatusReturning:
		return status, true
	case status == StatusInTransit && reason == ReasonRedirected:
		return status, true
	default: // movement clears an exception on the way back, and nothing else
		return StatusReturning, j.status == StatusException && Rank(status) >= Rank(StatusInTransit)
	}
}

func (j *journey) move(status Status, reason Reason, at *time.Time, notBefore time.Time) {
	if status == j.status && Terminal(status, reason) {
		return // the first scan of an end is when it ended
	}
	j.status, j.reason, j.at = status, reason, at
	if notBefore.After(j.notBefore) {
		j.notBefore = notBefore
	}
	j.returning = status == StatusReturning || (j.returning && status == StatusException)
	stage := Rank(status)
	if status == StatusException {
		stage = stageAfterException
	}
	j.reached = max(j.reached, stage)
}

// delivered is when the parcel was delivered, if it was and the instant is known.
func (j journey) delivered() *time.Time {
	if j.status != StatusDelivered {
		return nil
	}
	return j.at
}
