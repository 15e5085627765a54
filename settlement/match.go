package settlement

import (
	"context"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/models"
)

// matcher compares lines with what is stored. What lines of one payment or
// refund come to together is known at the end alone: a charge may be followed
// by the reversal of what was not captured, a refund by its failure.
type matcher struct {
	db      *models.DB
	account *models.GatewayAccount
	fileID  string // empty on a dry run

	tallies    map[string]*tally // by id of the payment or refund
	currencies map[string]bool   // of charges and refunds
	position   int64             // the last one
}

// tally adds up the lines of one payment or refund, in the direction in which
// its money moves.
type tally struct {
	kind     models.SettlementKind
	expected int64
	net      int64                   // of all lines but those that move it once more
	extra    int64                   // of those
	twice    []models.SettlementLine // those of this file
	moves    int                     // lines in the money's direction
	told     bool                    // this file has lines of it
	first    models.SettlementLine   // of them that counts; position 0: there is none
	settled  bool                    // a line of it has another currency: sums say nothing
	accepts  bool                    // a refund that failed after it was booked
	known    map[string]bool         // lines of other files of the account
}

func newMatcher(db *models.DB, account *models.GatewayAccount, fileID string) *matcher {
	return &matcher{db: db, account: account, fileID: fileID, tallies: map[string]*tally{}, currencies: map[string]bool{}}
}

// match finds what lines are about and writes into them what can be said at once.
func (m *matcher) match(ctx context.Context, lines []models.SettlementLine) error {
	var references []string
	for i := range lines {
		for _, r := range named(&lines[i]) {
			if r != "" {
				references = append(references, r)
			}
		}
	}
	objects, err := m.db.SettlementObjects(ctx, m.account, m.fileID, references)
	if err != nil {
		return fmt.Errorf("match lines: %w", err)
	}
	for i := range lines {
		l := &lines[i]
		m.position = max(m.position, l.Position)
		switch l.Kind {
		case models.SettledCharge:
			m.charge(l, objects)
		case models.SettledRefund:
			m.refund(l, objects)
		case models.SettledDispute:
			m.dispute(l, objects)
		default: // nothing here to agree with
		}
	}
	return nil
}

// named are the references of a line, ours first: it is the most exact.
func named(l *models.SettlementLine) []string {
	switch l.Kind {
	case models.SettledCharge, models.SettledRefund, models.SettledDispute:
		return []string{l.Reference, l.ParentReference, l.ProviderReference}
	default:
		return nil
	}
}

func (m *matcher) charge(l *models.SettlementLine, objects *models.SettlementObjects) {
	p := objects.Payment(named(l)...)
	if p == nil {
		l.Difference = models.MissingHere
		return
	}
	l.PaymentID, l.ExpectedAmount, l.ExpectedCurrency = &p.ID, p.AmountCaptured, p.Currency
	t := m.tallies[p.ID]
	if t == nil {
		t = &tally{kind: models.SettledCharge, expected: p.AmountCaptured}
		t.begin(m.account.ID, objects.Booked(p.ID), func(b *models.BookedLine) bool { return b.Kind == models.SettledCharge })
		m.tallies[p.ID] = t
	}
	m.count(t, l)
}

func (m *matcher) refund(l *models.SettlementLine, objects *models.SettlementObjects) {
	r := objects.Refund(l.Reference, l.ProviderReference)
	if r == nil {
		l.Difference = models.MissingHere
		if p := objects.Payment(l.ParentReference, l.Reference); p != nil {
			l.PaymentID = &p.ID
		}
		return
	}
	l.PaymentID, l.RefundID, l.ExpectedAmount, l.ExpectedCurrency = &r.PaymentID, &r.ID, -r.Amount, r.Currency
	t := m.tallies[r.ID]
	if t == nil {
		t = &tally{kind: models.SettledRefund, expected: r.Amount}
		if r.Status == models.RefundFailed {
			t.expected, t.accepts = 0, r.FinishedAt != nil && l.OccurredAt != nil && r.FinishedAt.After(*l.OccurredAt)
		}
		t.begin(m.account.ID, objects.Booked(r.PaymentID), func(b *models.BookedLine) bool { return b.RefundID != nil && *b.RefundID == r.ID })
		m.tallies[r.ID] = t
	}
	if r.Status == models.RefundFailed {
		l.ExpectedAmount = 0
	}
	m.count(t, l)
}

// dispute compares one line alone: a dispute takes its amount and may give it
// back, once or more often.
func (m *matcher) dispute(l *models.SettlementLine, objects *models.SettlementObjects) {
	if p := objects.Payment(l.ParentReference, l.Reference); p != nil {
		l.PaymentID = &p.ID
	}
	d := objects.Dispute(l.Reference, l.ProviderReference)
	if d == nil {
		l.Difference = models.MissingHere
		return
	}
	l.PaymentID, l.DisputeID, l.ExpectedAmount, l.ExpectedCurrency = &d.PaymentID, &d.ID, -d.Amount, d.Currency
	amount, currency := l.Compared()
	if amount > 0 {
		l.ExpectedAmount = d.Amount
	}
	// What was converted without the customer's amount beside it says nothing.
	if currency == d.Currency && amount != l.ExpectedAmount {
		l.Difference = models.AmountDiffers
	}
}

// begin counts what the merchant's other files say. A line that was there
// without being expected stays their finding.
func (t *tally) begin(accountID string, booked []models.BookedLine, about func(*models.BookedLine) bool) {
	for i := range booked {
		b := &booked[i]
		if !about(b) {
			continue
		}
		if b.GatewayAccountID == accountID {
			if t.known == nil {
				t.known = map[string]bool{}
			}
			t.known[identity(&b.SettlementLine)] = true
		}
		amount, _ := b.Compared()
		switch {
		case b.Difference == models.Duplicate:
			t.extra += t.direct(amount)
		case b.Difference == models.AmountDiffers && b.ExpectedAmount == 0:
		default:
			t.add(amount)
		}
	}
}

func (t *tally) direct(amount int64) int64 {
	if t.kind == models.SettledRefund {
		return -amount
	}
	return amount
}

func (t *tally) add(amount int64) {
	amount = t.direct(amount)
	t.net += amount
	if amount > 0 {
		t.moves++
	}
}

// identity tells one line from another across files that overlap.
func identity(l *models.SettlementLine) string {
	if l.LineID != "" {
		return l.LineID
	}
	at := time.Time{}
	if l.OccurredAt != nil {
		at = *l.OccurredAt
	}
	return fmt.Sprint(l.ProviderReference, " ", l.Reference, " ", l.Amount, " ", at.UnixMicro())
}

// count adds a line to its payment or refund, unless another file has told it.
// One that moves more money, when what is expected was moved already, moves it
// twice, unless it is given back.
func (m *matcher) count(t *tally, l *models.SettlementLine) {
	amount, currency := l.Compared()
	m.currencies[currency] = true
	t.told = true
	if t.known[identity(l)] {
		return
	}
	if moved := t.direct(amount); moved > 0 && t.moves > 0 && t.net+moved > t.expected {
		t.extra += moved
		t.twice = append(t.twice, m.kept(l))
		return
	}
	if t.first.Position == 0 {
		t.first = m.kept(l)
	}
	t.add(amount)
	if currency != l.ExpectedCurrency && !t.settled {
		l.Difference, t.settled = models.AmountDiffers, true
	}
}

// kept is what is kept of a line until the end: all of it on a dry run, since
// it is stored nowhere.
func (m *matcher) kept(l *models.SettlementLine) models.SettlementLine {
	if m.fileID == "" {
		return *l
	}
	return models.SettlementLine{Position: l.Position, Amount: l.Amount, Currency: l.Currency, PaidAmount: l.PaidAmount, PaidCurrency: l.PaidCurrency}
}

// differing are the lines that move money twice, and the first lines of
// payments and refunds whose lines together come to another amount than is
// stored; of a file that is stored, little more than their positions.
func (m *matcher) differing() []models.SettlementLine {
	var out []models.SettlementLine
	for _, t := range m.tallies {
		if t.net+t.extra == t.expected { // what moved twice was given back
			continue
		}
		for _, l := range t.twice {
			l.Difference = models.Duplicate
			out = append(out, l)
		}
		if l := t.first; l.Position > 0 && !t.settled && t.net != t.expected && !t.accepted() {
			l.Difference = models.AmountDiffers
			out = append(out, l)
		}
	}
	return out
}

// accepted says whether the lines are those of a refund that failed later.
func (t *tally) accepted() bool {
	amount, _ := t.first.Compared()
	return t.accepts && t.net == t.direct(amount)
}

// told are the payments or refunds that lines of this file tell of.
func (m *matcher) told(kind models.SettlementKind) []string {
	var ids []string
	for id, t := range m.tallies {
		if t.kind == kind && t.told {
			ids = append(ids, id)
		}
	}
	return ids
}
