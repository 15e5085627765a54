package adyen

import (
	"cmp"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// stage is where an event leaves a dispute.
type stage struct {
	status payments.DisputeStatus
	moved  bool // the amount is with the customer's bank afterwards
}

// disputes follows
// https://docs.adyen.com/risk-management/disputes-api/dispute-notifications.
// All events of one dispute have its reference.
var disputes = map[string]stage{
	"REQUEST_FOR_INFORMATION":           {payments.DisputeInquiry, false},
	"NOTIFICATION_OF_CHARGEBACK":        {payments.DisputeNeedsResponse, false},
	"CHARGEBACK":                        {payments.DisputeNeedsResponse, true},
	"DISPUTE_OPENED_WITH_CHARGEBACK":    {payments.DisputeNeedsResponse, true}, // [unverified]
	"INFORMATION_SUPPLIED":              {payments.DisputeUnderReview, false},
	"CHARGEBACK_REVERSED":               {payments.DisputeUnderReview, false},
	"SECOND_CHARGEBACK":                 {payments.DisputeLost, true},
	"PREARBITRATION_OPENED":             {payments.DisputeUnderReview, false}, // [unverified]
	"PREARBITRATION_WON":                {payments.DisputeWon, false},
	"PREARBITRATION_LOST":               {payments.DisputeLost, true},
	"ISSUER_RESPONSE_TIMEFRAME_EXPIRED": {payments.DisputeWon, false},
	"DISPUTE_DEFENSE_PERIOD_ENDED":      {payments.DisputeExpired, true},
}

// disputeStatus is what additionalData.disputeStatus says where an event does
// not end a dispute by itself [unverified]; it is not always there.
var disputeStatus = map[string]payments.DisputeStatus{
	"Won": payments.DisputeWon, "Lost": payments.DisputeLost, "Accepted": payments.DisputeAccepted, "Expired": payments.DisputeExpired,
	"Pending": payments.DisputeUnderReview, "Undefended": payments.DisputeNeedsResponse,
	"Unresponded": payments.DisputeInquiry, "Responded": payments.DisputeUnderReview,
}

func tellDispute(i item, s stage, n *payments.Notice) {
	n.Subject, n.AttemptID, n.ChargeReference = payments.SubjectDispute, own("att_", i), i.OriginalReference
	n.ProviderReference = i.PSPReference
	n.Result.ProviderReference = i.PSPReference
	d := &payments.Dispute{
		Status: cmp.Or(disputeStatus[i.AdditionalData.text("disputeStatus")], s.status), MoneyMoved: s.moved,
		Reason: cmp.Or(i.AdditionalData.text("chargebackReasonCode"), i.AdditionalData.text("rfiReasonCode"), i.Reason),
	}
	if i.Amount != nil {
		d.Amount, _ = fromWire(*i.Amount) // 0 where it cannot be told
		d.Currency = i.Amount.Currency
	}
	if by, err := time.Parse(time.RFC3339, i.AdditionalData.text("defensePeriodEndsAt")); err == nil {
		d.RespondBy = by.UTC()
	}
	n.Dispute = d
}
