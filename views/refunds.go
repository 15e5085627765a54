package views

import (
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// RefundRow is one refund of a payment.
type RefundRow struct {
	Refund  models.Refund
	Staff   bool
	Refusal string // why it cannot be sent once more, of a failed one
}

// waits says whether its provider can be asked what became of it.
func (r RefundRow) waits() bool {
	return r.Refund.Status == models.RefundUnknown || r.Refund.Status == models.RefundPending
}

// told says whether its last answer means something to people.
func (r RefundRow) told() bool {
	return (r.Refund.Status == models.RefundFailed || r.Refund.Status == models.RefundUnknown) &&
		(r.Refund.Message != "" || r.Refund.Code != "")
}

// RefundForm asks before a failed refund is sent once more.
type RefundForm struct {
	Form

	Refund   models.Refund
	Payment  models.Payment
	Order    models.Order
	Merchant string
	Reason   string
	Refusal  string
}

func (f RefundForm) href() string { return "/payments/" + f.Payment.ID }

func (f RefundForm) action() string { return "/refunds/" + f.Refund.ID + "/retry" }

var refundLooks = map[models.RefundStatus]look{
	models.RefundRequested: {ui.Neutral, "clock"},
	models.RefundSending:   {ui.Info, "send"},
	models.RefundPending:   {ui.Info, "loader"},
	models.RefundSucceeded: {ui.Success, "circle-check"},
	models.RefundFailed:    {ui.Danger, "circle-x"},
	models.RefundUnknown:   {ui.Warning, "circle-help"},
}

var disputeLooks = map[models.DisputeStatus]look{
	models.DisputeInquiry:       {ui.Warning, "circle-help"},
	models.DisputeInquiryClosed: {ui.Neutral, "circle-check"},
	models.DisputeNeedsResponse: {ui.Danger, "shield-alert"},
	models.DisputeUnderReview:   {ui.Info, "hourglass"},
	models.DisputeWon:           {ui.Success, "circle-check"},
	models.DisputeLost:          {ui.Danger, "circle-x"},
	models.DisputeExpired:       {ui.Neutral, "timer"},
	models.DisputeAccepted:      {ui.Neutral, "undo-2"},
}
