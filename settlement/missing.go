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

// gap is how long nothing may have been booked between two files that follow
// each other.
const gap = 36 * time.Hour

// reach is how far before its first and after its last line a file can make
// something certain that the files beside it could not.
const reach = grace + gap

// missing finds what settled here and no file of the account tells of, and
// hands it on, many at a time. It returns how much could not be judged, because
// neither the file nor those beside it have its currency.
func (m *matcher) missing(ctx context.Context, covers span, found func([]models.SettlementLine) error) (unchecked int64, err error) {
	if covers.from.IsZero() {
		return 0, nil
	}
	at, err := m.asked(ctx, covers)
	if err != nil || !at.To.After(at.From) {
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
		if list.seen[id] || row.Booked || row.Amount == 0 || t != nil && t.told {
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

// asked is what this file makes certain. Files that follow each other are one
// account of the time from the first to the last of them, in whatever order
// they come. What was begun before may stand in a file that nobody has brought,
// and what ended within the grace at the end may stand in the next one.
func (m *matcher) asked(ctx context.Context, covers span) (models.SettledSpan, error) {
	earlier, err := m.db.EarlierSettlements(ctx, m.account.ID, m.fileID, covers.from)
	if err != nil {
		return models.SettledSpan{}, err
	}
	later, err := m.db.LaterSettlements(ctx, m.account.ID, m.fileID, covers.from)
	if err != nil {
		return models.SettledSpan{}, err
	}
	all, beside := covers, []string{}
	for _, f := range earlier {
		if f.CoversTo.Before(all.from.Add(-gap)) {
			break
		}
		all.include(f.CoversFrom)
		all.include(f.CoversTo)
		beside = append(beside, f.ID)
	}
	for _, f := range later {
		if f.CoversFrom.After(all.to.Add(gap)) {
			break
		}
		all.include(f.CoversTo)
		beside = append(beside, f.ID)
	}
	currencies, err := m.db.SettledCurrencies(ctx, beside)
	for _, c := range currencies {
		m.currencies[c] = true
	}
	at := models.SettledSpan{Begun: all.from, From: covers.from.Add(-reach), To: covers.to.Add(reach)}
	if at.From.Before(all.from) {
		at.From = all.from
	}
	if end := all.to.Add(-grace); at.To.After(end) {
		at.To = end
	}
	return at, err
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
