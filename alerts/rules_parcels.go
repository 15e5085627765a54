package alerts

import (
	"strconv"
	"time"

	"github.com/tillpost/tillpost/models"
)

// carriers finds carrier accounts that something is wrong with.
func carrierAccounts(f *Figures, wrong func(a *models.CarrierAccount) map[string]string) ([]Finding, bool) {
	if f.Carriers == nil {
		return nil, false
	}
	var found []Finding
	for i := range f.Carriers {
		a := &f.Carriers[i]
		if !a.Enabled {
			continue
		}
		if detail := wrong(a); detail != nil {
			detail[detailName] = a.Name
			found = append(found, Finding{Object: a.ID, MerchantID: a.MerchantID, Detail: detail})
		}
	}
	return found, true
}

func carrierRefused(f *Figures, _ Limits) ([]Finding, bool) {
	return carrierAccounts(f, func(a *models.CarrierAccount) map[string]string {
		if a.StoppedAt == nil {
			return nil
		}
		return map[string]string{detailReason: a.StopReason, detailSince: a.StoppedAt.Format(time.RFC3339)}
	})
}

func carrierFailing(f *Figures, _ Limits) ([]Finding, bool) {
	return carrierAccounts(f, func(a *models.CarrierAccount) map[string]string {
		since := a.BrokenAt
		if since == nil && a.Failing(f.Now) {
			since = a.FailingAt
		}
		if since == nil || a.StoppedAt != nil || a.Paused(f.Now) {
			return nil
		}
		return map[string]string{detailReason: a.LastErrorKind, detailSince: since.Format(time.RFC3339)}
	})
}

func carrierQuota(f *Figures, l Limits) ([]Finding, bool) {
	return carrierAccounts(f, func(a *models.CarrierAccount) map[string]string {
		quota, calls := f.Quota(a), a.CallsOn(f.Now)
		if quota <= 0 || int64(calls)*100 < int64(quota)*l["share"] {
			return nil
		}
		return map[string]string{detailCount: strconv.Itoa(calls), detailUsual: strconv.Itoa(quota)}
	})
}
