package alerts

import (
	"net/url"
	"strconv"
	"time"

	"github.com/tillpost/tillpost/models"
)

// hostOf is what may be told of an endpoint's address, whose path may be secret.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
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
		found = append(found, Finding{Object: e.ID, MerchantID: e.MerchantID, Detail: map[string]string{
			detailName: hostOf(e.URL), detailReason: e.DisabledReason, detailSince: e.DisabledAt.Format(time.RFC3339),
		}})
	}
	return found, true
}

func deliveriesFailing(f *Figures, l Limits) ([]Finding, bool) {
	if f.Endpoints == nil || f.Lost == nil {
		return nil, false
	}
	var found []Finding
	for i := range f.Endpoints {
		e := &f.Endpoints[i]
		if e.DisabledAt != nil || e.FailingSince == nil {
			continue
		}
		lost := f.Lost[e.ID]
		if f.Now.Sub(*e.FailingSince) < l.seconds("age") && int64(lost) < l["count"] {
			continue
		}
		found = append(found, Finding{Object: e.ID, MerchantID: e.MerchantID, Detail: map[string]string{
			detailName: hostOf(e.URL), detailCount: strconv.Itoa(lost), detailSince: e.FailingSince.Format(time.RFC3339),
		}})
	}
	return found, true
}

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
		if e.DisabledAt != nil || e.FailingSince != nil || int64(lost) < l["count"] {
			continue
		}
		found = append(found, Finding{Object: e.ID, MerchantID: e.MerchantID, Detail: map[string]string{
			detailName: hostOf(e.URL), detailCount: strconv.Itoa(lost),
		}})
	}
	return found, true
}

func deliveriesOverdue(f *Figures, l Limits) ([]Finding, bool) {
	return older(f, f.Overdue, l.seconds("age"))
}
