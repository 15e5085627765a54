package alerts

import (
	"math"
	"strconv"
	"time"

	"github.com/tillpost/tillpost/models"
)

func waitingDetail(w models.Waiting) map[string]string {
	return map[string]string{detailCount: counted(w.Count), detailSince: w.Oldest.Format(time.RFC3339)}
}

// counted writes a number that was counted up to models.CountLimit.
func counted(n int) string {
	if n > models.CountLimit {
		return strconv.Itoa(models.CountLimit) + "+"
	}
	return strconv.Itoa(n)
}

func paymentsUnknown(f *Figures, l Limits) ([]Finding, bool) {
	return older(f, f.Unknown, l.seconds("age"))
}

func paymentsReview(f *Figures, l Limits) ([]Finding, bool) {
	return older(f, f.Reviews, l.seconds("age"))
}

// older finds one thing when the oldest of what waits has done so for too long.
func older(f *Figures, waits *models.Waiting, age time.Duration) ([]Finding, bool) {
	if waits == nil {
		return nil, false
	}
	if waits.Count == 0 || f.Now.Sub(waits.Oldest) < age {
		return nil, true
	}
	return []Finding{{Detail: waitingDetail(*waits)}}, true
}

// leastWeek is how many charges of a week make a rate that can be compared with.
const leastWeek = 200

// sigmas is how far below the usual rate counts as no chance.
const sigmas = 3

// successRate compares the rate of charges that succeeded in the last hour with
// the account's own of the week before. A charge succeeds or not, so that the
// rate of n charges scatters around the usual p by √(p·(1-p)/n): three of that
// below p happens by chance to one account in some seven hundred hours. With few
// charges that is a lot, with many it is little, and a drop that small is no
// matter to wake somebody for: it must be a few points as well.
func successRate(f *Figures, l Limits) ([]Finding, bool) {
	if f.Gateways == nil || f.LastHour == nil || f.Week == nil {
		return nil, false
	}
	var found []Finding
	for i := range f.Gateways {
		a := &f.Gateways[i]
		now, usual := f.LastHour[a.ID], f.Week[a.ID]
		if !a.Enabled || now.Charges() < l["volume"] || usual.Charges() < leastWeek {
			continue
		}
		rate, mean := share(now.Succeeded, now.Charges()), share(usual.Succeeded, usual.Charges())
		scatter := math.Sqrt(mean * (1 - mean) / float64(now.Charges()))
		if mean-rate < max(sigmas*scatter, float64(l["drop"])/100) {
			continue
		}
		found = append(found, Finding{Object: a.ID, MerchantID: a.MerchantID, Detail: map[string]string{
			detailName: a.Name, detailShare: percent(rate), detailUsual: percent(mean), detailCount: strconv.FormatInt(now.Charges(), 10),
		}})
	}
	return found, true
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func percent(share float64) string { return strconv.Itoa(int(math.Round(share * 100))) }

// gatewayRefused finds accounts whose provider refuses their credentials.
func gatewayRefused(f *Figures, _ Limits) ([]Finding, bool) {
	if f.Gateways == nil {
		return nil, false
	}
	var found []Finding
	for i := range f.Gateways {
		a := &f.Gateways[i]
		if !a.Enabled || a.RefusedAt == nil {
			continue
		}
		found = append(found, Finding{Object: a.ID, MerchantID: a.MerchantID, Detail: map[string]string{
			detailName: a.Name, detailReason: a.RefusedCode, detailSince: a.RefusedAt.Format(time.RFC3339),
		}})
	}
	return found, true
}

// gatewayFailing finds accounts whose provider does not answer, or with errors.
func gatewayFailing(f *Figures, l Limits) ([]Finding, bool) {
	if f.Gateways == nil || f.LastMinutes == nil {
		return nil, false
	}
	var found []Finding
	for i := range f.Gateways {
		a := &f.Gateways[i]
		calls := f.LastMinutes[a.ID]
		open := a.BreakerOpenUntil != nil && a.BreakerOpenUntil.After(f.Now)
		failing := calls.Calls >= l["volume"] && share(calls.Failed, calls.Calls) > float64(l["share"])/100
		if !a.Enabled || !open && !failing {
			continue
		}
		found = append(found, Finding{Object: a.ID, MerchantID: a.MerchantID, Detail: map[string]string{
			detailName: a.Name, detailShare: percent(share(calls.Failed, calls.Calls)), detailCount: strconv.FormatInt(calls.Calls, 10),
		}})
	}
	return found, true
}

func disputeDue(f *Figures, l Limits) ([]Finding, bool) {
	if f.Disputes == nil {
		return nil, false
	}
	var found []Finding
	for _, d := range f.Disputes {
		if d.First.RespondBy == nil || d.First.RespondBy.Sub(f.Now) > l.seconds("before") {
			continue
		}
		found = append(found, Finding{Object: d.MerchantID, MerchantID: d.MerchantID, Detail: map[string]string{
			detailCount: strconv.Itoa(d.Count), detailSince: d.First.RespondBy.Format(time.RFC3339), detailReason: d.First.PaymentID,
		}})
	}
	return found, true
}
