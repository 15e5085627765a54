package settlement

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/models"
)

// grace is how long before the end of a file what settles here may be booked
// there in the next one.
const grace = 48 * time.Hour

// missing finds what settled here within the time that a file covers and no
// file of the account tells of, and hands it on, many at a time. What was begun
// before the first line may stand in an earlier file and is left out; where
// earlier files lead up to this one, the grace at their end is made up for.
// It returns how much could not be judged, because no line of the file has
// its currency.
func (m *matcher) missing(ctx context.Context, covers span, found func([]models.SettlementLine) error) (unchecked int64, err error) {
	if covers.from.IsZero() {
		return 0, nil
	}
	at := models.SettledSpan{To: covers.to.Add(-grace)}
	if at.From, err = m.start(ctx, covers.from); err != nil || !at.To.After(at.From) {
		return 0, err
	}
	for _, list := range []settledList{
		{kind: models.SettledCharge, fetch: m.db.SettledPayments}, {kind: models.SettledRefund, fetch: m.db.SettledRefunds},
	} {
		list.seen = map[string]bool{}
		for page := at; ; {
			rows, err := list.fetch(ctx, m.account, m.fileID, page)
			if err != nil {
				return 0, fmt.Errorf("look for what the file lacks: %w", err)
			}
			if len(rows) == 0 {
				break
			}
			page.After = rows[len(rows)-1]
			lines, elsewhere := m.judge(list, rows)
			unchecked += elsewhere
			if err := found(lines); err != nil {
				return 0, err
			}
		}
	}
	return unchecked, nil
}

// settledList is one kind of what settled here.
type settledList struct {
	kind  models.SettlementKind
	fetch func(context.Context, *models.GatewayAccount, string, models.SettledSpan) ([]models.Settled, error)
	seen  map[string]bool // ids that were judged
}

// judge returns what no file tells of, and counts what is of other currencies.
func (m *matcher) judge(list settledList, rows []models.Settled) (lines []models.SettlementLine, elsewhere int64) {
	for _, row := range rows {
		id := cmp.Or(row.RefundID, row.PaymentID)
		t := m.tallies[id]
		if list.seen[id] || row.Booked || row.Amount == 0 || t != nil && t.position > 0 {
			continue
		}
		list.seen[id] = true
		if !m.currencies[row.Currency] {
			elsewhere++
			continue
		}
		lines = append(lines, m.lacking(list.kind, row))
	}
	return lines, elsewhere
}

// gap is how long nothing may have been booked between two files that follow
// each other.
const gap = 36 * time.Hour

// start is from when on there must be lines: the first of this file or, where
// earlier ones lead up to it, the end of what those were asked for.
func (m *matcher) start(ctx context.Context, from time.Time) (time.Time, error) {
	earlier, err := m.db.EarlierSettlements(ctx, m.account.ID, m.fileID, from)
	if err != nil {
		return from, err
	}
	begin := from
	for _, f := range earlier {
		if f.CoversTo.Before(begin.Add(-gap)) {
			break
		}
		begin = *f.CoversFrom
	}
	if asked := from.Add(-grace); asked.After(begin) {
		return asked, nil
	}
	return begin, nil
}

func (m *matcher) lacking(kind models.SettlementKind, s models.Settled) models.SettlementLine {
	m.position++
	l := models.SettlementLine{
		Position: m.position, Kind: kind, Currency: s.Currency, OccurredAt: &s.At, PaymentID: &s.PaymentID,
		ExpectedAmount: s.Amount, ExpectedCurrency: s.Currency, Difference: models.MissingThere,
	}
	if s.RefundID != "" {
		l.RefundID = &s.RefundID
	}
	return l
}

// span is the time from the first to the last line of a file.
type span struct{ from, to time.Time }

func (s *span) include(at *time.Time) {
	if at == nil {
		return
	}
	if s.from.IsZero() || at.Before(s.from) {
		s.from = *at
	}
	if at.After(s.to) {
		s.to = *at
	}
}
