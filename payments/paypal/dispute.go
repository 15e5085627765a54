package paypal

import (
	"cmp"
	"encoding/json"

	"github.com/tillpost/tillpost/payments"
)

// wireDispute is a dispute as PayPal tells it.
type wireDispute struct {
	ID           string `json:"dispute_id"`
	Status       string `json:"status"`
	Stage        string `json:"dispute_life_cycle_stage"`
	Reason       string `json:"reason"`
	Amount       money  `json:"dispute_amount"`
	RespondBy    moment `json:"seller_response_due_date"`
	Transactions []struct {
		Custom  string `json:"custom"`
		Invoice string `json:"invoice_number"`
	} `json:"disputed_transactions"`
	Outcome struct {
		Code string `json:"outcome_code"`
	} `json:"dispute_outcome"`
	Movements []struct {
		Party string `json:"affected_party"`
		Type  string `json:"type"`
	} `json:"money_movements"`
}

// readDispute tells of a dispute; its charge is known by the attempt's id.
func readDispute(n *payments.Notice, e event) error {
	var d wireDispute
	if json.Unmarshal(e.Resource, &d) != nil || d.ID == "" {
		return errEvent
	}
	amount, err := d.Amount.minor()
	if err != nil {
		return errEvent
	}
	n.Subject, n.ProviderReference = payments.SubjectDispute, d.ID
	for _, one := range d.Transactions {
		n.AttemptID = cmp.Or(n.AttemptID, ours(attemptPrefix, one.Custom), ours(attemptPrefix, one.Invoice))
	}
	n.Dispute = &payments.Dispute{
		Status: d.status(), Amount: amount, Currency: d.Amount.Currency, Reason: d.Reason,
		RespondBy: d.RespondBy.Time, MoneyMoved: d.debited(),
	}
	return nil
}

func (d *wireDispute) status() payments.DisputeStatus {
	switch {
	case d.Status == "RESOLVED":
		return d.resolved()
	case d.Stage == "INQUIRY":
		return payments.DisputeInquiry
	case d.Status == "OPEN", d.Status == "WAITING_FOR_SELLER_RESPONSE":
		return payments.DisputeNeedsResponse
	default:
		return payments.DisputeUnderReview
	}
}

func (d *wireDispute) resolved() payments.DisputeStatus {
	switch d.Outcome.Code {
	case "RESOLVED_BUYER_FAVOUR":
		return payments.DisputeLost
	case "ACCEPTED":
		return payments.DisputeAccepted
	}
	if d.Stage == "INQUIRY" {
		return payments.DisputeInquiryClosed
	}
	return payments.DisputeWon // for the seller, canceled by the buyer, paid by PayPal, or denied
}

// debited reports whether PayPal holds the money back: as its movements say, or
// in their absence, from a chargeback on [unverified].
func (d *wireDispute) debited() bool {
	balance, told := 0, false
	for _, m := range d.Movements {
		if m.Party != "SELLER" {
			continue
		}
		told = true
		switch m.Type {
		case "DEBIT":
			balance++
		case "CREDIT":
			balance--
		}
	}
	if told {
		return balance > 0
	}
	return d.Stage != "" && d.Stage != "INQUIRY"
}
