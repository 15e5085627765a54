package settlement_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/settlement"
)

// shop is a merchant with a payment account and a clock.
type shop struct {
	t       *testing.T
	db      *models.DB
	id      string
	account *models.GatewayAccount
	now     time.Time
}

func newShop(t *testing.T, db *models.DB) *shop {
	t.Helper()
	s := &shop{t: t, db: db, now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	db.Now = func() time.Time { return s.now }
	s.id = modelstest.Merchant(t, db).ID
	s.account = modelstest.Gateway(t, db, s.id)
	return s
}

func (s *shop) at(day, hour int) *shop {
	s.now = time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC)
	return s
}

func (s *shop) write(fn func(tx *models.Tx) error) {
	s.t.Helper()
	modelstest.Write(s.t, s.db, fn)
}

// attempt ends an attempt.
func (s *shop) attempt(a *models.Attempt, to models.AttemptStatus, reference string) {
	s.t.Helper()
	s.write(func(tx *models.Tx) error {
		if _, err := tx.MoveAttempt(a.ID, models.AttemptSending, models.AttemptChange{}); err != nil {
			return err
		}
		ok, err := tx.MoveAttempt(a.ID, to, models.AttemptChange{ProviderReference: reference})
		if err == nil && !ok {
			err = fmt.Errorf("attempt %s is not moved", a.ID)
		}
		return err
	})
}

func (s *shop) move(p *models.Payment, to models.PaymentStatus, captured int64) *models.Payment {
	s.t.Helper()
	s.write(func(tx *models.Tx) (err error) {
		p, err = tx.MovePayment(p.ID, to, models.PaymentChange{Captured: captured})
		return err
	})
	return p
}

// paid adds a payment that was taken now.
func (s *shop) paid(amount int64, reference string) (*models.Payment, *models.Attempt) {
	s.t.Helper()
	p, a := modelstest.Payment(s.t, s.db, modelstest.Order(s.t, s.db, s.id, amount), s.account.ID)
	s.move(p, models.PaymentProcessing, 0)
	s.attempt(a, models.AttemptSucceeded, reference)
	return s.move(p, models.PaymentPaid, amount), a
}

// refunded gives a part back, now.
func (s *shop) refunded(p *models.Payment, amount int64, reference string, to ...models.RefundStatus) *models.Refund {
	s.t.Helper()
	var r *models.Refund
	s.write(func(tx *models.Tx) (err error) {
		if r, err = tx.CreateRefund(p, models.Refund{Amount: amount, Cause: "manual"}); err != nil {
			return err
		}
		for _, status := range append([]models.RefundStatus{models.RefundSending}, to...) {
			if r, _, err = tx.MoveRefund(r.ID, status, models.RefundChange{ProviderReference: reference}); err != nil {
				return err
			}
		}
		return nil
	})
	return r
}

func (s *shop) disputed(p *models.Payment, amount int64, reference string) {
	s.t.Helper()
	s.write(func(tx *models.Tx) error {
		_, _, err := tx.PutDispute(p, models.Dispute{
			GatewayAccountID: s.account.ID, ProviderReference: reference, Status: models.DisputeNeedsResponse, Amount: amount,
			Currency: p.Currency, MoneyMoved: true,
		})
		return err
	})
}

// read imports a file of our own format.
func (s *shop) read(lines ...string) settlement.Report {
	s.t.Helper()
	return s.readAs(settlement.FormatCSV, "type,reference,provider_reference,amount_minor,currency,occurred_at,line_id\n"+strings.Join(lines, "\n")+"\n")
}

func (s *shop) readAs(format, text string) settlement.Report {
	s.t.Helper()
	r, err := s.try(format, text, false)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *shop) try(format, text string, dryRun bool) (settlement.Report, error) {
	return settlement.Import(s.t.Context(), s.db, s.account, strings.NewReader(text), settlement.Options{
		Name: "file.csv", Format: format, Actor: modelstest.Actor(), DryRun: dryRun,
	})
}

// line is one line of our own format on a day of November.
func line(kind, reference, providerReference string, amount int64, day int, id string) string {
	return fmt.Sprintf("%s,%s,%s,%d,EUR,2026-11-%02dT12:00:00Z,%s", kind, reference, providerReference, amount, day, id)
}

// found are the differences of a file: kind, difference, and what they are about.
func (s *shop) found(fileID string) []string {
	s.t.Helper()
	lines, err := s.db.SettlementDifferences(s.t.Context(), fileID, models.DifferenceFilter{}, 0, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	return told(lines)
}

func told(lines []models.SettlementLine) []string {
	out := []string{}
	for i := range lines {
		l := &lines[i]
		out = append(out, fmt.Sprintf("%s %s %d/%d", l.Difference, l.Kind, l.Amount, l.ExpectedAmount))
	}
	slices.Sort(out)
	return out
}
