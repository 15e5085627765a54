package stripe

import (
	"strings"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"github.com/tillpost/tillpost/payments"
)

// disputes are Stripe's statuses of disputes. One that was prevented is, for
// all that is known here [unverified], a payment given back before it became one.
var disputes = map[stripe.DisputeStatus]payments.DisputeStatus{
	stripe.DisputeStatusWarningNeedsResponse: payments.DisputeInquiry,
	stripe.DisputeStatusWarningUnderReview:   payments.DisputeInquiry,
	stripe.DisputeStatusWarningClosed:        payments.DisputeInquiryClosed,
	stripe.DisputeStatusNeedsResponse:        payments.DisputeNeedsResponse,
	stripe.DisputeStatusUnderReview:          payments.DisputeUnderReview,
	stripe.DisputeStatusWon:                  payments.DisputeWon,
	stripe.DisputeStatusLost:                 payments.DisputeLost,
	stripe.DisputeStatusPrevented:            payments.DisputeAccepted,
}

// readDispute reads a dispute. Stripe tells of an inquiry by the same events,
// but no money has moved then.
func readDispute(n *payments.Notice, x *exchange) error {
	var d stripe.Dispute
	if err := x.decode("dispute", &d); err != nil {
		return err
	}
	status, known := disputes[d.Status]
	if !known {
		return nil
	}
	n.Subject, n.ProviderReference = payments.SubjectDispute, d.ID
	if d.PaymentIntent != nil {
		n.ChargeReference = d.PaymentIntent.ID
	}
	currency := strings.ToUpper(string(d.Currency))
	amount, _ := units.FromWire(d.Amount, currency) // whole units, where Stripe has smaller ones
	n.Dispute = &payments.Dispute{
		Status: status, Amount: amount, Currency: currency, Reason: string(d.Reason),
		MoneyMoved: balance(d) < 0,
	}
	if d.EvidenceDetails != nil && d.EvidenceDetails.DueBy > 0 {
		n.Dispute.RespondBy = time.Unix(d.EvidenceDetails.DueBy, 0).UTC()
	}
	return nil
}

// balance is what a dispute has moved so far, to and fro.
func balance(d stripe.Dispute) int64 {
	var sum int64
	for _, moved := range d.BalanceTransactions {
		if moved != nil {
			sum += moved.Amount
		}
	}
	return sum
}
