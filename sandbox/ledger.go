package sandbox

import (
	"net/http"
	"strconv"
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

// Ledger is every charge that was really made.
type Ledger struct {
	Charges  []LedgerCharge            `json:"charges"`  // oldest first
	Payments map[string]*LedgerPayment `json:"payments"` // by payment reference
	Doubles  []string                  `json:"doubles"`  // payment references charged more than once
	Totals   map[string]int64          `json:"totals"`   // captured less refunded, by currency
	Dropped  int                       `json:"dropped"`  // charge requests forgotten for lack of room; 0: the ledger is complete
}

// Ledger returns the charges made so far, of one payment reference unless it is empty.
func (s *Server) Ledger(paymentReference string) Ledger {
	l := Ledger{Charges: []LedgerCharge{}, Payments: map[string]*LedgerPayment{}, Doubles: []string{}, Totals: map[string]int64{}}
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
	}
	return l
}

func (l *Ledger) add(c *charge, t taking) {
	l.Charges = append(l.Charges, LedgerCharge{
		Charge: c.ID, API: c.API, Account: c.Account, Reference: c.Reference, PaymentReference: c.PaymentReference,
		Amount: c.Amount, Currency: c.Currency, Captured: t.Captured, Refunded: t.Refunded, Voided: t.Voided,
		Token: c.Token, ChargedAt: t.At, Metadata: c.Metadata,
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

func (s *Server) ledgerJSON(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, s.Ledger(r.FormValue("payment_reference")))
}

const ledgerPageRows = 500

func (s *Server) ledgerPage(w http.ResponseWriter, r *http.Request) {
	ledger := s.Ledger(r.FormValue("payment_reference"))
	view := struct {
		Ledger

		Newest   []LedgerCharge
		Filter   string
		Outcomes []Outcome
	}{Ledger: ledger, Filter: r.FormValue("payment_reference"), Outcomes: outcomes}
	for i := len(ledger.Charges) - 1; i >= 0 && len(view.Newest) < ledgerPageRows; i-- {
		view.Newest = append(view.Newest, ledger.Charges[i])
	}
	s.page(w, "ledger.html", view)
}

// money shows an amount in minor units; it knows no currency's digits, so it shows the units.
func money(amount int64, currency string) string {
	return strconv.FormatInt(amount, 10) + " " + currency
}
