package views

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// PaymentsView is a page of the list of payments.
type PaymentsView struct {
	Filter    PaymentsFilter
	Rows      []PaymentRow
	Merchants []MerchantOption // staff: whose payments can be looked at alone
	Accounts  []ui.Option      // payment accounts that the viewer sees
	Staff     bool             // sees more than one merchant, and may retry
	After     string           // cursor of this page
	NextHref  string
}

// PaymentRow is one payment of the list.
type PaymentRow struct {
	Payment  models.Payment
	Order    models.Order
	Merchant string
	Staff    bool
}

// PaymentsFilter is what the list's address chooses.
type PaymentsFilter struct {
	Search   string
	Status   string // one or several, parted by commas
	Gateway  string // account id
	Merchant string // its ref
	From, To string // 2006-01-02, days of the viewer's zone
}

// Statuses are the statuses of the filter that exist.
func (f PaymentsFilter) Statuses() []models.PaymentStatus {
	var statuses []models.PaymentStatus
	for _, status := range models.PaymentStatuses {
		for name := range strings.SplitSeq(f.Status, ",") {
			if name == string(status) {
				statuses = append(statuses, status)
			}
		}
	}
	return statuses
}

// Address is that of the list with this filter.
func (f PaymentsFilter) Address() string { return f.address("/payments") }

func (f PaymentsFilter) address(path string, more ...string) string {
	return listAddress(path, append([]string{
		"q", f.Search, "status", f.Status, "gateway", f.Gateway, "merchant", f.Merchant, "from", f.From, "to", f.To,
	}, more...)...)
}

func (f PaymentsFilter) withStatus(status models.PaymentStatus) PaymentsFilter {
	f.Status = string(status)
	return f
}

func (v PaymentsView) tabs(ctx context.Context) []ui.Tab {
	all := v.Filter.withStatus("")
	tabs := []ui.Tab{{Label: locales.T(ctx, "common.all"), Href: all.Address(), Current: all == v.Filter}}
	for _, status := range []models.PaymentStatus{
		models.PaymentFailed, models.PaymentUnknown, models.PaymentNeedsReview, models.PaymentRequiresAction, models.PaymentPaid,
	} {
		view := v.Filter.withStatus(status)
		tabs = append(tabs, ui.Tab{
			Label: locales.Name(ctx, locales.PaymentStatus, status), Href: view.Address(), Current: view == v.Filter,
		})
	}
	return tabs
}

// statusOptions are the statuses, and the several that the address names.
func (v PaymentsView) statusOptions(ctx context.Context) []ui.Option {
	options := stateOptions(ctx, locales.PaymentStatus, models.PaymentStatuses)
	if chosen := v.Filter.Statuses(); len(chosen) > 1 {
		names := make([]string, len(chosen))
		for i, status := range chosen {
			names[i] = locales.Name(ctx, locales.PaymentStatus, status)
		}
		options = append(options, ui.Option{Value: v.Filter.Status, Label: strings.Join(names, ", ")})
	}
	return options
}

// pill counts what the list does not show yet.
func (v PaymentsView) pill() NewRows {
	ids := make([]string, len(v.Rows))
	for i := range v.Rows {
		ids[i] = v.Rows[i].Payment.ID
	}
	return v.Filter.Unseen(shownRows(ids, v.NextHref), NewRows{})
}

// Unseen is the pill of payments that match the filter and are not shown.
func (f PaymentsFilter) Unseen(shown Shown, n NewRows) NewRows {
	n.ID, n.Topic, n.Target = "payments-new", "payment", "#payment-table"
	n.CountHref, n.ListHref = f.address("/payments/count", "last", shown.Last, "seen", shown.Seen), f.Address()
	return n
}

// PaymentView is one payment with all that belongs to it.
type PaymentView struct {
	Form Form // for buttons that act at once

	Payment    models.Payment
	Order      models.Order
	Merchant   string // staff: whose payment it is
	Account    string
	Attempts   []AttemptRow     // newest first
	Refunds    []RefundRow      // newest first
	Disputes   []models.Dispute // newest first
	Deliveries []models.Delivery
	Timeline   TimelineView

	// What staff see beside it.
	Staff   bool
	Deeds   []PaymentDeed
	Claim   Claim
	Calls   []models.ProviderCall // newest first
	Inbound []models.InboundEvent // newest first

	// There is more of it than is shown.
	MoreRefunds, MoreCalls, MoreInbound bool
}

// callsTitle says how many calls are shown.
func (v PaymentView) callsTitle(ctx context.Context) string {
	if v.MoreCalls {
		return locales.T(ctx, "payments.calls_newest", locales.Count, len(v.Calls))
	}
	return locales.T(ctx, "payments.calls", locales.Count, len(v.Calls))
}

// allHref is the page with all that there is of the payment, at the card.
func (v PaymentView) allHref(card string) string {
	return "/payments/" + v.Payment.ID + "?timeline=all#" + card
}

// topics are what the page renews itself for.
func (v PaymentView) topics() string {
	return "payment:" + v.Payment.ID + " order:" + v.Payment.OrderID + deliveryTopics(v.Deliveries)
}

// tone is how urgent the payment's state is.
func (v PaymentView) tone() ui.Tone {
	if v.openDispute() {
		return ui.Warning
	}
	return paymentLooks[v.Payment.Status].tone
}

// openDispute says whether the customer objects and can still be answered.
func (v PaymentView) openDispute() bool {
	return slices.ContainsFunc(v.Disputes, func(d models.Dispute) bool { return d.Answerable() })
}

// next says in words where the payment stands and what happens next.
func (v PaymentView) next(ctx context.Context) string {
	switch v.Payment.Status {
	case models.PaymentPending:
		return locales.T(ctx, "payments.next_pending")
	case models.PaymentProcessing:
		if v.Payment.NextRetryAt != nil {
			return locales.T(ctx, "payments.next_again", "When", soon(ctx, *v.Payment.NextRetryAt))
		}
		return locales.T(ctx, "payments.next_processing")
	case models.PaymentRequiresAction:
		return locales.T(ctx, "payments.next_action")
	case models.PaymentAuthorized:
		return locales.T(ctx, "payments.next_authorized")
	case models.PaymentPaid:
		if v.openDispute() {
			return locales.T(ctx, "payments.next_disputed", "Amount", Money(ctx, v.Payment.AmountCaptured, v.Payment.Currency))
		}
		return locales.T(ctx, "payments.next_paid", "Amount", Money(ctx, v.Payment.AmountCaptured, v.Payment.Currency))
	case models.PaymentFailed:
		return v.afterFailure(ctx)
	case models.PaymentUnknown:
		return locales.T(ctx, "payments.next_unknown")
	case models.PaymentNeedsReview:
		return locales.T(ctx, "payments.next_review")
	case models.PaymentVoided:
		return locales.T(ctx, "payments.next_voided")
	case models.PaymentCanceled:
		return locales.T(ctx, "payments.next_canceled")
	case models.PaymentExpired:
		return locales.T(ctx, "payments.next_expired")
	default:
		return ""
	}
}

func (v PaymentView) afterFailure(ctx context.Context) string {
	if v.Payment.NextRetryAt != nil {
		return locales.T(ctx, "payments.next_retry", "When", soon(ctx, *v.Payment.NextRetryAt))
	}
	return locales.T(ctx, "payments.next_none")
}

// soon is a moment in both ways of telling it: "22 Nov, 08:36 (in 5 minutes)".
func soon(ctx context.Context, t time.Time) string {
	return DateTime(ctx, t) + " (" + Relative(ctx, t) + ")"
}

// failed says whether the payment has a failure to tell of.
func (v PaymentView) failed() bool {
	return v.Payment.Failure.Code != "" || v.Payment.Failure.Message != ""
}

// RetryForm asks support to try a failed payment again.
type RetryForm struct {
	Form

	Payment    models.Payment
	Order      models.Order
	Merchant   string
	Accounts   []ui.Option // the merchant's, through which it can go
	Gateway    string
	Reason     string
	Anyway     bool   // although the bank forbids it
	Other      bool   // through another account than before
	Kind       string // capture or void, when that is what is tried again
	KindAmount int64  // minor units of it
	// Refusal is why the payment must not be tried again now; empty when it may.
	Refusal string
}

func (f RetryForm) href() string { return "/payments/" + f.Payment.ID }

// earliest is when the provider allows the next try; nil when it named no time
// that is still to come.
func (f RetryForm) earliest(ctx context.Context) *time.Time {
	if at := f.Payment.RetryAfter; at != nil && at.After(viewerOf(ctx).now()) {
		return at
	}
	return nil
}

// issueTexts say what to do about an issue.
var issueTexts = map[models.Issue]string{
	models.IssueChargedTwice:   locales.Mark("payments.issue_charged_twice"),
	models.IssueChargedAfter:   locales.Mark("payments.issue_charged_after"),
	models.IssueAmountDiffers:  locales.Mark("payments.issue_amount_differs"),
	models.IssueCaptureFailed:  locales.Mark("payments.issue_capture_failed"),
	models.IssueRefundUnknown:  locales.Mark("payments.issue_refund_unknown"),
	models.IssueRefundReversed: locales.Mark("payments.issue_refund_reversed"),
}

func issueText(ctx context.Context, issue models.Issue) string {
	if key, ok := issueTexts[issue]; ok {
		return locales.FromContext(ctx).T(key)
	}
	return ""
}
