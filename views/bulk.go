package views

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// BulkPath is where many payments are tried again.
const BulkPath = "/bulk"

// BulkListView is a page of bulk retries.
type BulkListView struct {
	Rows     []models.BulkRetry
	After    string
	NextHref string
}

// BulkPlan is what a bulk retry would do.
type BulkPlan struct {
	Form

	Rows      []BulkPlanRow
	More      bool // there were more payments than it takes
	Reason    string
	PerMinute string
}

// BulkPlanRow is one payment of it.
type BulkPlanRow struct {
	Payment  models.Payment
	Order    models.Order
	Merchant string
	Refusal  string // why it is left out; empty: it is tried again
}

// ready are the payments that would be tried again.
func (p BulkPlan) ready() []BulkPlanRow {
	return slices.DeleteFunc(slices.Clone(p.Rows), func(r BulkPlanRow) bool { return r.Refusal != "" })
}

// sums are what the ready payments come to, by currency.
func (p BulkPlan) sums(ctx context.Context) string {
	var codes []string
	total := map[string]int64{}
	for _, r := range p.ready() {
		code := r.Payment.Currency
		if _, known := total[code]; !known {
			codes = append(codes, code)
		}
		total[code] += r.Payment.Amount
	}
	slices.Sort(codes)
	texts := make([]string, len(codes))
	for i, code := range codes {
		texts[i] = Money(ctx, total[code], code)
	}
	return strings.Join(texts, " + ")
}

// BulkView is a bulk retry with a page of its payments.
type BulkView struct {
	Bulk models.BulkRetry
	Form Form
	Ends map[models.PaymentStatus]int64 // what the payments that were tried are now
	Rows []BulkRow
	From int64 // position of the first row
	Next int64 // of the next page's; 0 at the end
}

// BulkRow is one payment of a bulk retry.
type BulkRow struct {
	Item    models.BulkRetryItem
	Payment models.Payment
	Order   models.Order
	Why     string // it was not tried
}

func (v BulkView) href() string { return BulkPath + "/" + v.Bulk.ID }

func (v BulkView) address(from int64) string {
	if from == 0 {
		return v.href()
	}
	return v.href() + "?from=" + strconv.FormatInt(from, 10)
}

func (v BulkView) nextHref() string {
	if v.Next == 0 {
		return ""
	}
	return v.address(v.Next)
}

func (v BulkView) after() string {
	if v.From == 0 {
		return ""
	}
	return strconv.FormatInt(v.From, 10)
}

// ends writes how many of the payments that were tried are in which state now.
func (v BulkView) ends(ctx context.Context) string {
	var texts []string
	for _, status := range models.PaymentStatuses {
		if n := v.Ends[status]; n > 0 {
			texts = append(texts, locales.Name(ctx, locales.PaymentStatus, status)+": "+Number(n))
		}
	}
	return strings.Join(texts, " · ")
}

// workTones are the moods of long work by its status.
var workTones = map[string]ui.Tone{
	models.BulkRunning: ui.Info, models.BulkPaused: ui.Warning, models.BulkCanceled: ui.Neutral, models.BulkFinished: ui.Success,
}
