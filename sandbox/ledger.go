package sandbox

import (
	"cmp"
	"net/http"
	"time"
)

// LedgerCharge is money that the sandbox really took or reserved.
type LedgerCharge struct {
	Charge           string            `json:"charge"`
	API              string            `json:"api"`
	Account          string            `json:"account"`
	Reference        string            `json:"reference"`
	PaymentReference string            `json:"payment_reference"`
	Amount           int64             `json:"amount"`
	Currency         string            `json:"currency"`
	Captured         int64             `json:"captured"`
	Refunded         int64             `json:"refunded"`
	Voided           bool              `json:"voided"`
	ModifiedBy       string            `json:"modified_by,omitempty"` // the caller's reference of its capture or void
	Dispute          string            `json:"dispute,omitempty"`     // where its dispute stands
	Token            string            `json:"token"`
	ChargedAt        time.Time         `json:"charged_at"`
	Metadata         map[string]string `json:"metadata,omitempty"`
}

// LedgerPayment sums up the charges with one payment reference.
type LedgerPayment struct {
	Count      int      `json:"count"` // charges ever made: more than one is a double
	Captured   int64    `json:"captured"`
	Refunded   int64    `json:"refunded"`
	References []string `json:"references"`
}

// LedgerRefund is money that the sandbox was asked to give back.
type LedgerRefund struct {
	Refund           string    `json:"refund"`
	Charge           string    `json:"charge"`
	Reference        string    `json:"reference,omitempty"` // the caller's own
	PaymentReference string    `json:"payment_reference"`
	Amount           int64     `json:"amount"`
	Currency         string    `json:"currency"`
	Status           string    `json:"status"` // pending, succeeded or failed; a failed one gave nothing back
	Reason           string    `json:"reason,omitempty"`
	RefundedAt       time.Time `json:"refunded_at"`
}

// LedgerDispute is a customer's objection to a charge.
type LedgerDispute struct {
	Dispute          string    `json:"dispute"`
	Charge           string    `json:"charge"`
	PaymentReference string    `json:"payment_reference"`
	Amount           int64     `json:"amount"`
	Currency         string    `json:"currency"`
	Status           string    `json:"status"`
	Reason           string    `json:"reason,omitempty"`
	TookMoney        bool      `json:"took_money"` // the amount is gone as things stand
	OpenedAt         time.Time `json:"opened_at"`
	RespondBy        time.Time `json:"respond_by"`
}

// Ledger is every charge that was really made, and what became of it.
type Ledger struct {
	Charges  []LedgerCharge            `json:"charges"`  // oldest first
	Refunds  []LedgerRefund            `json:"refunds"`  // in the order of their charges
	Disputes []LedgerDispute           `json:"disputes"` // likewise
	Payments map[string]*LedgerPayment `json:"payments"` // by payment reference
	Doubles  []string                  `json:"doubles"`  // payment references charged more than once
	Totals   map[string]int64          `json:"totals"`   // captured less refunded, by currency
	Dropped  int                       `json:"dropped"`  // charge requests forgotten for lack of room; 0: the ledger is complete
}

// Ledger returns the charges made so far, of one payment reference unless it is empty.
func (s *Server) Ledger(paymentReference string) Ledger {
	l := Ledger{
		Charges: []LedgerCharge{}, Refunds: []LedgerRefund{}, Disputes: []LedgerDispute{},
		Payments: map[string]*LedgerPayment{}, Doubles: []string{}, Totals: map[string]int64{},
	}
	s.bank.mu.Lock()
	defer s.bank.mu.Unlock()
	l.Dropped = s.bank.dropped
	for _, id := range s.bank.order {
		c := s.bank.charges[id]
		if paymentReference != "" && c.PaymentReference != paymentReference {
			continue
		}
		for _, t := range c.Taken {
			l.add(c, t)
		}
		for _, id := range c.Refunds {
			if r := s.bank.refunds[id]; r != nil {
				l.addRefund(c, r)
			}
		}
		l.addDispute(c)
	}
	return l
}

func (l *Ledger) add(c *charge, t taking) {
	l.Charges = append(l.Charges, LedgerCharge{
		Charge: c.ID, API: c.API, Account: c.Account, Reference: c.Reference, PaymentReference: c.PaymentReference,
		Amount: c.Amount, Currency: c.Currency, Captured: t.Captured, Refunded: t.Refunded, Voided: t.Voided,
		ModifiedBy: cmp.Or(c.ModifiedBy, c.Metadata["capture_id"]), Dispute: c.disputeStatus(), Token: c.Token, ChargedAt: t.At, Metadata: c.Metadata,
	})
	l.Totals[c.Currency] += t.Captured - t.Refunded
	if c.PaymentReference == "" {
		return
	}
	p := l.Payments[c.PaymentReference]
	if p == nil {
		p = &LedgerPayment{}
		l.Payments[c.PaymentReference] = p
	}
	p.Count++
	p.Captured += t.Captured
	p.Refunded += t.Refunded
	p.References = append(p.References, c.Reference)
	if p.Count == 2 {
		l.Doubles = append(l.Doubles, c.PaymentReference)
	}
}

func (l *Ledger) addRefund(c *charge, r *refund) {
	l.Refunds = append(l.Refunds, LedgerRefund{
		Refund: r.ID, Charge: c.ID, Reference: r.Reference, PaymentReference: c.PaymentReference,
		Amount: r.Amount, Currency: r.Currency, Status: r.Status, Reason: r.Reason, RefundedAt: r.CreatedAt,
	})
}

func (l *Ledger) addDispute(c *charge) {
	d := c.Dispute
	if d == nil {
		return
	}
	l.Disputes = append(l.Disputes, LedgerDispute{
		Dispute: d.ID, Charge: c.ID, PaymentReference: c.PaymentReference, Amount: d.Amount, Currency: d.Currency,
		Status: d.Status, Reason: d.Reason, TookMoney: d.took(), OpenedAt: d.CreatedAt, RespondBy: d.RespondBy,
	})
}

func (c *charge) disputeStatus() string {
	if c.Dispute == nil {
		return ""
	}
	return c.Dispute.Status
}

func (s *Server) ledgerJSON(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, s.Ledger(r.FormValue("payment_reference")))
}
