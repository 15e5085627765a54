package adyen

import (
	"strings"

	"github.com/tillpost/tillpost/payments"
)

// events are those that say something of charges, captures, voids and refunds;
// the others that matter are disputes.
var events = map[string]func(payments.Account, item, *payments.Notice){
	"AUTHORISATION":     authorisation,
	"TECHNICAL_CANCEL":  technicalCancel,
	"CAPTURE":           capture,
	"CAPTURE_FAILED":    failing(capture),
	"CANCELLATION":      void,
	"EXPIRE":            expire,
	"REFUND":            refund,
	"REFUND_FAILED":     failing(refund),
	"REFUNDED_REVERSED": failing(refund),
	"CANCEL_OR_REFUND":  reversal,
}

// failing are events whose success is the failure of what they are about.
func failing(tell func(payments.Account, item, *payments.Notice)) func(payments.Account, item, *payments.Notice) {
	return func(account payments.Account, i item, n *payments.Notice) {
		i.Success = "false"
		tell(account, i, n)
	}
}

// authorisation ends a charge. The event does not say whether the amount was
// captured too; that it was to be stands in the metadata that we sent. Without
// them no more is believed than that it was reserved.
func authorisation(account payments.Account, i item, n *payments.Notice) {
	n.Subject, n.AttemptID, n.ChargeReference = payments.SubjectCharge, own("att_", i), i.PSPReference
	n.Result.ProviderReference = i.PSPReference
	if i.Success != "true" {
		refuse(&n.Result, account, codeOf(i.Reason), i.Reason, i.AdditionalData)
		return
	}
	done(i, n, payments.OutcomeAuthorized)
	if n.Result.Outcome == payments.OutcomeAuthorized && i.AdditionalData.text("metadata."+metaCapture) == captureAutomatic {
		n.Result.Outcome = payments.OutcomeSucceeded
	}
}

// technicalCancel ends a charge, or leaves open what becomes of it: that nothing
// was canceled may be because the payment has yet to arrive.
func technicalCancel(account payments.Account, i item, n *payments.Notice) {
	n.Subject, n.AttemptID, n.ChargeReference = payments.SubjectCharge, own("att_", i), i.OriginalReference
	n.ProviderReference, n.Result.ProviderReference = i.PSPReference, i.OriginalReference
	if i.Success == "true" {
		n.Result.Outcome, n.Result.Code = payments.OutcomeNotFound, "canceled"
		n.Result.Message = "Adyen canceled the payment before any money was taken."
		return
	}
	n.Result.Outcome, n.Result.Code = payments.OutcomeUnknown, "cancel_refused"
	n.Result.Message = "Adyen canceled nothing: " + said(account, i)
}

func capture(account payments.Account, i item, n *payments.Notice) {
	modified(i, n, payments.SubjectCapture)
	n.AttemptID = own("att_", i)
	ended(account, i, n, "capture_refused", "The amount was not captured: ")
}

func void(account payments.Account, i item, n *payments.Notice) {
	modified(i, n, payments.SubjectVoid)
	n.AttemptID = own("att_", i)
	ended(account, i, n, "void_refused", "The authorization was not released: ")
}

func refund(account payments.Account, i item, n *payments.Notice) {
	modified(i, n, payments.SubjectRefund)
	n.RefundID = own("ref_", i)
	ended(account, i, n, "refund_refused", "The money was not given back: ")
}

// expire tells that an authorization has run out: nobody asked for its release.
func expire(_ payments.Account, i item, n *payments.Notice) {
	if i.Success != "true" {
		return
	}
	modified(i, n, payments.SubjectVoid)
	if n.ChargeReference == "" {
		n.ChargeReference = i.PSPReference
	}
	n.Result.Outcome, n.Result.Code = payments.OutcomeSucceeded, "expired"
	n.Result.Message = "The authorization ran out before it was captured."
}

// reversal is a void or a refund, whichever it took; never asked for by us.
func reversal(account payments.Account, i item, n *payments.Notice) {
	switch i.AdditionalData.text("modification.action") {
	case "cancel":
		void(account, i, n)
	case "refund":
		refund(account, i, n)
	}
}

// modified says what a modification is about.
func modified(i item, n *payments.Notice, subject payments.Subject) {
	n.Subject, n.ChargeReference = subject, i.OriginalReference
	n.ProviderReference, n.Result.ProviderReference = i.PSPReference, i.PSPReference
}

// ended says what came of a modification.
func ended(account payments.Account, i item, n *payments.Notice, code, message string) {
	if i.Success == "true" {
		done(i, n, payments.OutcomeSucceeded)
		return
	}
	n.Result.Outcome, n.Result.Class = payments.OutcomeDeclined, payments.ClassGeneric
	n.Result.Code, n.Result.Message = code, message+said(account, i)
}

// done is a success with its amount; an amount that we cannot count is none that
// we asked for.
func done(i item, n *payments.Notice, outcome payments.Outcome) {
	n.Result.Outcome = outcome
	if i.Amount == nil {
		return
	}
	value, ok := fromWire(*i.Amount)
	if !ok {
		n.Result.Outcome, n.Result.Code = payments.OutcomeUnknown, "amount_mismatch"
		n.Result.Message = "Adyen told of another amount than can have been asked for."
		return
	}
	n.Result.Amount = value
}

// own is our own id that an event hands back: of a modification the one that was
// given with its request [unverified]. One made in the Customer Area, or by
// others on the same merchant account, has none of ours.
func own(prefix string, i item) string {
	if strings.HasPrefix(i.MerchantReference, prefix) {
		return i.MerchantReference
	}
	return ""
}

func said(account payments.Account, i item) string {
	if i.Reason == "" {
		return "Adyen gave no reason."
	}
	return mask(account, strings.TrimSuffix(i.Reason, ".")) + "."
}
