package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
)

// lookUpAtOnce is how many references one statement looks up.
const lookUpAtOnce = 1000

// SettlementObjects are the payments, refunds and disputes of an account that
// lines of a file name.
type SettlementObjects struct {
	payments map[string]*Payment // by their own id, and by attempts' ids and references; captured is what this account took
	refunds  map[string]*Refund  // by id and reference
	disputes map[string]*Dispute
	booked   map[string][]BookedLine // by payment
}

// Payment is the first payment that one of the references names.
func (o *SettlementObjects) Payment(references ...string) *Payment {
	return named(o.payments, references)
}

// Refund is the first refund that one of the references names.
func (o *SettlementObjects) Refund(references ...string) *Refund { return named(o.refunds, references) }

// Dispute is the first dispute that one of the references names.
func (o *SettlementObjects) Dispute(references ...string) *Dispute {
	return named(o.disputes, references)
}

// Booked are the lines of the merchant's other files about a payment.
func (o *SettlementObjects) Booked(paymentID string) []BookedLine { return o.booked[paymentID] }

// BookedLine is a line of another file.
type BookedLine struct {
	SettlementLine

	GatewayAccountID string
}

func named[T any](found map[string]*T, references []string) *T {
	for _, reference := range references {
		if row := found[reference]; row != nil && reference != "" {
			return row
		}
	}
	return nil
}

// SettlementObjects looks up what references, ours or the provider's, name at a
// payment account, in as many queries as there are tables, whatever the number
// of lines. What belongs to another account, or to another merchant, is not found.
func (db *DB) SettlementObjects(ctx context.Context, a *GatewayAccount, fileID string, references []string) (*SettlementObjects, error) {
	out := &SettlementObjects{
		payments: map[string]*Payment{}, refunds: map[string]*Refund{}, disputes: map[string]*Dispute{}, booked: map[string][]BookedLine{},
	}
	byPrefix := map[string][]string{}
	for _, r := range references {
		prefix := ""
		for _, p := range []string{PrefixAttempt, PrefixPayment, PrefixRefund, PrefixDispute} {
			if IsID(p, r) {
				prefix = p
			}
		}
		byPrefix[prefix] = append(byPrefix[prefix], r)
	}
	scoped := func() *gorm.DB {
		return db.q(ctx).Where("merchant_id = ? AND gateway_account_id = ?", a.MerchantID, a.ID)
	}
	refunds, err := found[Refund](scoped, byPrefix[PrefixRefund], byPrefix[""])
	if err != nil {
		return nil, err
	}
	disputes, err := found[Dispute](scoped, byPrefix[PrefixDispute], byPrefix[""])
	if err != nil {
		return nil, err
	}
	for i := range refunds {
		out.refunds[refunds[i].ID] = &refunds[i]
		if ref := refunds[i].ProviderReference; ref != nil {
			out.refunds[*ref] = &refunds[i]
		}
	}
	for i := range disputes {
		out.disputes[disputes[i].ID], out.disputes[disputes[i].ProviderReference] = &disputes[i], &disputes[i]
	}
	attempts, err := settledAttempts(scoped, byPrefix)
	if err != nil {
		return nil, err
	}
	return out, db.settlementPayments(ctx, a, fileID, out, attempts)
}

// found looks rows up by id and by the provider's reference: two queries, each
// by an index of its own.
func found[T any](scoped func() *gorm.DB, ids, references []string) ([]T, error) {
	var out []T
	for column, values := range map[string][]string{"id": ids, "provider_reference": references} {
		for part := range slices.Chunk(values, lookUpAtOnce) {
			rows, err := all[T](scoped().Where(column+" IN ?", part))
			if err != nil {
				return nil, err
			}
			out = append(out, rows...)
		}
	}
	return out, nil
}

func settledAttempts(scoped func() *gorm.DB, byPrefix map[string][]string) ([]Attempt, error) {
	var out []Attempt
	for _, by := range []struct {
		where  string
		values []string
	}{
		{"id IN ?", byPrefix[PrefixAttempt]},
		{"payment_id IN ?", byPrefix[PrefixPayment]},
		{"kind IN ('charge', 'capture') AND provider_reference IN ?", byPrefix[""]},
	} {
		for part := range slices.Chunk(by.values, lookUpAtOnce) {
			rows, err := all[Attempt](scoped().Select("id", "payment_id", "provider_reference").Where(by.where, part))
			if err != nil {
				return nil, err
			}
			out = append(out, rows...)
		}
	}
	return out, nil
}

// settlementPayments loads the payments of the attempts, and what other files
// of the account say of them.
func (db *DB) settlementPayments(
	ctx context.Context, a *GatewayAccount, fileID string, out *SettlementObjects, attempts []Attempt,
) error {
	ids := make([]string, 0, len(attempts))
	for i := range attempts {
		ids = append(ids, attempts[i].PaymentID)
	}
	for _, r := range out.refunds {
		ids = append(ids, r.PaymentID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	payments := map[string]*Payment{}
	for part := range slices.Chunk(ids, lookUpAtOnce) {
		rows, err := all[Payment](db.q(ctx).Select("id", "status", "amount", "amount_captured", "currency").
			Where("merchant_id = ? AND id IN ?", a.MerchantID, part))
		if err != nil {
			return err
		}
		for i := range rows {
			payments[rows[i].ID] = &rows[i]
		}
		taken, err := takenBy(db.q(ctx), a, part)
		if err != nil {
			return err
		}
		for i := range rows {
			if !taken[rows[i].ID] { // another account took it, or none
				rows[i].AmountCaptured = 0
			}
		}
		lines, err := db.bookedLines(ctx, a, fileID, part)
		if err != nil {
			return err
		}
		out.book(lines)
	}
	for i := range attempts {
		p := payments[attempts[i].PaymentID]
		if p == nil {
			continue
		}
		out.payments[p.ID], out.payments[attempts[i].ID] = p, p
		if ref := attempts[i].ProviderReference; ref != nil {
			out.payments[*ref] = p
		}
	}
	return nil
}

// book adds what other files tell; where they lack a line, they tell nothing.
func (o *SettlementObjects) book(lines []BookedLine) {
	for i := range lines {
		if l := &lines[i]; l.Difference != MissingThere {
			o.booked[*l.PaymentID] = append(o.booked[*l.PaymentID], *l)
		}
	}
}

// takenBy says which of the payments an account took.
func takenBy(q *gorm.DB, a *GatewayAccount, paymentIDs []string) (map[string]bool, error) {
	rows, err := all[Attempt](q.Select("payment_id").
		Where("payment_id IN ? AND gateway_account_id = ? AND status = ? AND kind <> ?", paymentIDs, a.ID, AttemptSucceeded, KindVoid))
	taken := make(map[string]bool, len(rows))
	for i := range rows {
		taken[rows[i].PaymentID] = true
	}
	return taken, err
}

// bookedLines loads what files of the merchant other than this one say of payments.
func (db *DB) bookedLines(ctx context.Context, a *GatewayAccount, fileID string, paymentIDs []string) ([]BookedLine, error) {
	return all[BookedLine](db.q(ctx).Table("settlement_lines AS l").Joins("JOIN settlement_files f ON f.id = l.file_id").
		Where("l.payment_id IN ? AND f.merchant_id = ? AND f.status = ? AND f.id <> ?", paymentIDs, a.MerchantID, SettlementDone, fileID).
		Select("l.*, f.gateway_account_id").Order("l.file_id, l.position"))
}

// Settled is money that an account moved, as it is stored here.
type Settled struct {
	ID        string // of the attempt or refund
	PaymentID string
	RefundID  string
	At        time.Time
	Amount    int64 // minor units; below zero for a refund
	Currency  string
	Booked    bool // another file tells of it, or was found to lack it
}

// SettledSpan asks for what an account moved within a span of time.
type SettledSpan struct {
	Begun    time.Time // not before
	From, To time.Time // when it ended
	After    Settled   // the last one that is known already
}

// SettledPayments lists payments that an account took, in the order in which
// they were settled, a thousand at a time. A payment captured in parts comes as
// often as it was captured.
func (db *DB) SettledPayments(ctx context.Context, a *GatewayAccount, fileID string, s SettledSpan) ([]Settled, error) {
	rows, err := s.rows(db.q(ctx).Table("attempts AS a").Joins("JOIN payments p ON p.id = a.payment_id").
		Select("a.id, a.payment_id, a.finished_at AS at, p.amount_captured AS amount, p.currency").
		Where("a.gateway_account_id = ? AND a.status = 'succeeded' AND a.kind <> ?", a.ID, KindVoid), "a")
	if err != nil {
		return nil, err
	}
	return rows, db.markBooked(ctx, a, fileID, rows)
}

// SettledRefunds lists refunds that were made through an account like
// SettledPayments. When those that were made at the provider itself happened is
// known to the provider alone: they are not among them.
func (db *DB) SettledRefunds(ctx context.Context, a *GatewayAccount, fileID string, s SettledSpan) ([]Settled, error) {
	rows, err := s.rows(db.q(ctx).Table("refunds AS a").
		Select("a.id, a.payment_id, a.id AS refund_id, a.finished_at AS at, -a.amount AS amount, a.currency").
		Where("a.gateway_account_id = ? AND a.status = 'succeeded' AND a.cause <> ?", a.ID, CauseProvider), "a")
	if err != nil {
		return nil, err
	}
	return rows, db.markBooked(ctx, a, fileID, rows)
}

func (s SettledSpan) rows(q *gorm.DB, table string) ([]Settled, error) {
	q = q.Where(table+".finished_at >= ? AND "+table+".finished_at <= ? AND "+table+".created_at >= ?", s.From, s.To, s.Begun)
	if s.After.ID != "" {
		q = q.Where("("+table+".finished_at, "+table+".id) > (?, ?)", s.After.At, s.After.ID)
	}
	return all[Settled](q.Order(table + ".finished_at, " + table + ".id").Limit(lookUpAtOnce))
}

func (db *DB) markBooked(ctx context.Context, a *GatewayAccount, fileID string, rows []Settled) error {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].PaymentID
	}
	if len(ids) == 0 {
		return nil
	}
	lines, err := db.bookedLines(ctx, a, fileID, ids)
	if err != nil {
		return err
	}
	booked := map[string]bool{}
	for i := range lines {
		switch {
		case lines[i].GatewayAccountID != a.ID:
		case lines[i].Kind == SettledCharge:
			booked[*lines[i].PaymentID] = true
		case lines[i].RefundID != nil:
			booked[*lines[i].RefundID] = true
		}
	}
	for i := range rows {
		rows[i].Booked = rows[i].RefundID == "" && booked[rows[i].PaymentID] || booked[rows[i].RefundID]
	}
	return nil
}
