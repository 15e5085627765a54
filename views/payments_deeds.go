package views

import (
	"context"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// PaymentDeed is something that staff can do with a payment.
type PaymentDeed struct {
	Name    string // the end of its address: "confirm-paid"
	Ask     Ask
	Refusal string // why it cannot be done now; empty when it can
	Claimed bool   // it is refused because somebody else works on the payment
}

// Ask is what staff are asked before a deed.
type Ask int

// What can be asked.
const (
	AskReason  Ask = iota // in a dialog
	AskMaybe              // likewise, and may be left empty
	AskNothing            // the button acts at once
)

// deedWords is how a deed is called and explained; keys of the catalogues.
type deedWords struct {
	label, text, done, icon string
	tone                    ui.ButtonVariant
}

var deedTexts = map[string]deedWords{
	"retry": {
		label: locales.Mark("payments.retry"), icon: "rotate-ccw", tone: ui.ButtonPrimary,
	},
	"retry-elsewhere": {
		label: locales.Mark("deeds.retry_elsewhere"), icon: "split",
	},
	"retry-anyway": {
		label: locales.Mark("deeds.retry_anyway"), icon: "triangle-alert", tone: ui.ButtonDanger,
	},
	"sync": {
		label: locales.Mark("payments.sync"), icon: "refresh-cw",
		text: locales.Mark("deeds.sync_text"), done: locales.Mark("payments.sync_asked"),
	},
	"capture": {
		label: locales.Mark("deeds.capture"), icon: "banknote", tone: ui.ButtonPrimary,
		text: locales.Mark("deeds.capture_text"), done: locales.Mark("deeds.capture_done"),
	},
	"void": {
		label: locales.Mark("deeds.void"), icon: "undo-2",
		text: locales.Mark("deeds.void_text"), done: locales.Mark("deeds.void_done"),
	},
	"cancel": {
		label: locales.Mark("deeds.cancel"), icon: "ban",
		text: locales.Mark("deeds.cancel_text"), done: locales.Mark("deeds.cancel_done"),
	},
	"refund": {
		label: locales.Mark("deeds.refund"), icon: "coins",
		text: locales.Mark("deeds.refund_text"), done: locales.Mark("deeds.refund_done"),
	},
	"confirm-paid": {
		label: locales.Mark("deeds.confirm_paid"), icon: "circle-check", tone: ui.ButtonPrimary,
		text: locales.Mark("deeds.confirm_paid_text"), done: locales.Mark("deeds.confirm_paid_done"),
	},
	"confirm-not-paid": {
		label: locales.Mark("deeds.confirm_not_paid"), icon: "circle-x",
		text: locales.Mark("deeds.confirm_not_paid_text"), done: locales.Mark("deeds.confirm_not_paid_done"),
	},
	"keep-waiting": {
		label: locales.Mark("deeds.keep_waiting"), icon: "hourglass",
		text: locales.Mark("deeds.keep_waiting_text"), done: locales.Mark("deeds.keep_waiting_done"),
	},
	"settle-issue": {
		label: locales.Mark("deeds.settle_issue"), icon: "clipboard-check",
		text: locales.Mark("deeds.settle_issue_text"), done: locales.Mark("deeds.settle_issue_done"),
	},
	"note": {
		label: locales.Mark("deeds.note"), icon: "pencil",
		text: locales.Mark("deeds.note_text"), done: locales.Mark("deeds.note_done"),
	},
	"claim": {
		label: locales.Mark("deeds.claim"), icon: "hand",
		text: locales.Mark("deeds.claim_text"), done: locales.Mark("deeds.claim_done"),
	},
	"release": {
		label: locales.Mark("deeds.release"), icon: "user-check",
		text: locales.Mark("deeds.release_text"), done: locales.Mark("deeds.release_done"),
	},
}

func (d PaymentDeed) words() deedWords { return deedTexts[d.Name] }

// href is the deed's address; the retry through another account is a retry.
func (d PaymentDeed) href(paymentID string) string {
	if d.Name == "retry-elsewhere" {
		return "/payments/" + paymentID + "/retry?other=yes"
	}
	return "/payments/" + paymentID + "/" + d.Name
}

// why is the id of the words that say why the deed cannot be done.
func (d PaymentDeed) why() string {
	if d.Claimed {
		return "claimed-why"
	}
	return d.Name + "-why"
}

// DeedTitle is how a deed is called.
func DeedTitle(ctx context.Context, name string) string { return locales.T(ctx, deedTexts[name].label) }

// DeedDone says that a deed was done.
func DeedDone(ctx context.Context, name string) string { return locales.T(ctx, deedTexts[name].done) }

// possible are the deeds that can be done now, in their order.
func (v PaymentView) possible() []PaymentDeed { return v.deeds(true) }

// refused are the deeds that cannot be done now.
func (v PaymentView) refused() []PaymentDeed { return v.deeds(false) }

func (v PaymentView) deeds(possible bool) []PaymentDeed {
	var found []PaymentDeed
	for _, d := range v.Deeds {
		if (d.Refusal == "") == possible {
			found = append(found, d)
		}
	}
	return found
}

// Claim is who works on a payment; the zero value is nobody.
type Claim struct {
	Name  string
	Mine  bool
	Since time.Time
	Ends  time.Time // others are kept away until then
}

func (c Claim) made() bool { return !c.Since.IsZero() }

// holds says whether the claim keeps others away.
func (c Claim) holds(ctx context.Context) bool {
	return c.made() && !viewerOf(ctx).now().After(c.Ends)
}

// ClaimText says who works on a payment, since when, and when that ends.
func ClaimText(ctx context.Context, c Claim) string {
	return locales.T(ctx, "deeds.claimed_by", "Name", c.Name, "When", soon(ctx, c.Since), "Until", soon(ctx, c.Ends))
}

// WaitText says until when the provider asks to wait with another try.
func WaitText(ctx context.Context, until time.Time) string {
	return locales.T(ctx, "deeds.wait_until", "When", soon(ctx, until))
}

// DeedForm asks staff before something is done with a payment.
type DeedForm struct {
	Form

	Name      string // of the deed
	Payment   models.Payment
	Order     models.Order
	Merchant  string
	Account   string
	Amount    string // as it was written
	HasAmount bool
	Limit     int64 // minor units that the viewer may refund
	Ask       Ask
	Reason    string
	// Authorizes says that a capture or void was tried last, so that a payment
	// that was not paid is authorized again.
	Authorizes bool
	// Refusal is why it cannot be done now; empty when it can.
	Refusal string
}

func (f DeedForm) href() string { return "/payments/" + f.Payment.ID }

func (f DeedForm) words() deedWords { return deedTexts[f.Name] }

// text says what will happen.
func (f DeedForm) text(ctx context.Context) string {
	switch {
	case f.Refusal != "":
		return ""
	case f.Name == "confirm-not-paid" && f.Authorizes:
		return locales.T(ctx, "deeds.confirm_not_paid_authorized")
	default:
		return locales.T(ctx, f.words().text)
	}
}

// most is the largest amount that the form takes.
func (f DeedForm) most() int64 {
	if f.Name == "refund" {
		return f.Limit
	}
	return f.Payment.Amount
}

func (f DeedForm) amountHint(ctx context.Context) string {
	most := Money(ctx, f.most(), f.Payment.Currency)
	switch {
	case f.Name == "refund" && f.Limit < f.Payment.Refundable():
		return locales.T(ctx, "deeds.refund_limit", "Amount", most, "Left", Money(ctx, f.Payment.Refundable(), f.Payment.Currency))
	case f.Name == "refund":
		return locales.T(ctx, "deeds.refund_most", "Amount", most)
	default:
		return locales.T(ctx, "deeds.amount_most", "Amount", most)
	}
}

// reasonLabel is what the form's words are.
func (f DeedForm) reasonLabel(ctx context.Context) string {
	if f.Name == "note" {
		return locales.T(ctx, "deeds.note_words")
	}
	return locales.T(ctx, "common.reason")
}

// reasonHint says who reads the words: those of a refund are a part of it.
func (f DeedForm) reasonHint(ctx context.Context) string {
	if f.Name == "refund" {
		return locales.T(ctx, "deeds.refund_reason_hint")
	}
	return locales.T(ctx, "payments.reason_hint")
}

// Path is the end of the retry's address.
func (f RetryForm) Path() string {
	if f.Anyway {
		return "retry-anyway"
	}
	return "retry"
}

func (f RetryForm) action() string { return f.href() + "/" + f.Path() }

// title is how the retry is called.
func (f RetryForm) title(ctx context.Context) string {
	if f.Other {
		return DeedTitle(ctx, "retry-elsewhere")
	}
	return DeedTitle(ctx, f.Path())
}

// text says what the form does, when it may do it.
func (f RetryForm) text(ctx context.Context) string {
	switch {
	case f.Refusal != "":
		return ""
	case f.Kind == models.KindCapture:
		return locales.T(ctx, "deeds.retry_capture_text", "Amount", Money(ctx, f.KindAmount, f.Payment.Currency))
	case f.Kind != "":
		return locales.T(ctx, "deeds.retry_void_text")
	default:
		return locales.T(ctx, "payments.retry_text")
	}
}

// send is the label of the button that does it.
func (f RetryForm) send(ctx context.Context) string {
	if f.Kind != "" {
		return locales.T(ctx, "common.retry")
	}
	return locales.T(ctx, "payments.charge", "Amount", Money(ctx, f.Payment.Amount, f.Payment.Currency))
}
