package alerts

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/models"
)

// hostOf is what may be told of an address that is a secret as a whole.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// longSegment is from how many characters on a part of a path may be a token.
const longSegment = 20

// endpointName tells an endpoint from the others: what its merchant calls it and
// its host, or host and path. What may be secret of the address is not told.
func endpointName(e *models.Endpoint) string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return e.Description
	}
	if e.Description != "" {
		return clip(e.Description, maxEndpointName) + " (" + u.Host + ")"
	}
	parts := strings.Split(u.EscapedPath(), "/")
	for i, part := range parts {
		if len(part) >= longSegment {
			parts[i] = "…"
		}
	}
	return u.Host + clip(strings.TrimSuffix(strings.Join(parts, "/"), "/"), maxEndpointName)
}

// maxEndpointName bounds what of an endpoint's name stands in titles, in bytes.
const maxEndpointName = 60

// leftBehind says that a merchant has not seen to an endpoint for so long that
// what it missed cannot be sent any more.
func leftBehind(f *Figures, since time.Time) bool {
	return f.Now.Sub(since) > models.MissedDays*24*time.Hour
}

// endpointDisabled finds endpoints that were switched off as they only failed.
func endpointDisabled(f *Figures, _ Limits) ([]Finding, bool) {
	if f.Endpoints == nil {
		return nil, false
	}
	var found []Finding
	for i := range f.Endpoints {
		e := &f.Endpoints[i]
		if e.DisabledAt == nil || e.DisabledReason != models.EndpointGone && e.DisabledReason != models.EndpointFailing {
			continue
		}
		found = append(found, Finding{Object: e.ID, MerchantID: e.MerchantID, Abandoned: leftBehind(f, *e.DisabledAt), Detail: map[string]string{
			detailName: endpointName(e), detailReason: e.DisabledReason, detailSince: e.DisabledAt.Format(time.RFC3339),
		}})
	}
	return found, true
}

// deliveriesFailing finds endpoints that have only failed for a while.
func deliveriesFailing(f *Figures, l Limits) ([]Finding, bool) {
	if f.Endpoints == nil || f.Lost == nil {
		return nil, false
	}
	var found []Finding
	for i := range f.Endpoints {
		e := &f.Endpoints[i]
		if e.DisabledAt != nil || e.FailingSince == nil || f.Now.Sub(*e.FailingSince) < l.seconds("age") {
			continue
		}
		found = append(found, Finding{Object: e.ID, MerchantID: e.MerchantID, Abandoned: leftBehind(f, *e.FailingSince), Detail: map[string]string{
			detailName: endpointName(e), detailCount: strconv.Itoa(f.Lost[e.ID]), detailSince: e.FailingSince.Format(time.RFC3339),
		}})
	}
	return found, true
}

// mixed is for how long only failures may have come from an endpoint to which
// others arrive: between two that do there are such times. What fails for longer
// is what deliveriesFailing finds.
const mixed = time.Hour

// deliveriesLost finds endpoints to which webhooks were given up although others
// arrive there.
func deliveriesLost(f *Figures, l Limits) ([]Finding, bool) {
	if f.Endpoints == nil || f.Lost == nil {
		return nil, false
	}
	var found []Finding
	for i := range f.Endpoints {
		e := &f.Endpoints[i]
		lost := f.Lost[e.ID]
		failing := e.FailingSince != nil && f.Now.Sub(*e.FailingSince) >= mixed
		if e.DisabledAt != nil || failing || !f.Arrived[e.ID] || int64(lost) < l["count"] {
			continue
		}
		found = append(found, Finding{Object: e.ID, MerchantID: e.MerchantID, Detail: map[string]string{
			detailName: endpointName(e), detailCount: strconv.Itoa(lost),
		}})
	}
	return found, true
}

func deliveriesOverdue(f *Figures, l Limits) ([]Finding, bool) {
	return older(f, f.Overdue, l.seconds("age"))
}
