package models

import (
	"cmp"
	"slices"
	"time"
)

// figure is what one row counts in. Figures are a function of rows as they are
// now: when a row moves on, what it counted in before is taken back, so that
// the figures of any day can be recomputed from the rows and compared.
type figure struct {
	metric   string
	currency string
	amount   int64
	at       time.Time
}

func orderFigures(o *Order) []figure {
	return []figure{{MetricOrders, o.Currency, o.Amount, o.PlacedAt}}
}

// paymentFigures counts a payment on the day on which it came to where it is.
func paymentFigures(p *Payment) []figure {
	at := p.CreatedAt
	if p.SettledAt != nil {
		at = *p.SettledAt
	}
	switch p.Status {
	case PaymentPaid:
		return []figure{{MetricPaid, p.Currency, p.AmountCaptured, at}}
	case PaymentAuthorized:
		return []figure{{MetricAuthorized, p.Currency, p.Amount, at}}
	case PaymentFailed:
		return []figure{{MetricFailed, p.Currency, p.Amount, at}}
	default:
		return nil
	}
}

// refundFigures counts a refund on the day on which it succeeded.
func refundFigures(r *Refund) []figure {
	if r.Status != RefundSucceeded || r.FinishedAt == nil {
		return nil
	}
	return []figure{{MetricRefunded, r.Currency, r.Amount, *r.FinishedAt}}
}

// disputeFigures counts a dispute on the day on which it was opened.
func disputeFigures(d *Dispute) []figure {
	return []figure{{MetricDisputed, d.Currency, d.Amount, d.CreatedAt}}
}

// shipmentFigures counts a parcel on the days of its creation, its delivery and
// its last exception; a day that the carrier did not tell is that of its last
// scan.
func shipmentFigures(s *Shipment) []figure {
	otherwise := s.CreatedAt
	if s.LastEventAt != nil {
		otherwise = *s.LastEventAt
	}
	on := func(t *time.Time) time.Time {
		if t == nil {
			return otherwise
		}
		return *t
	}
	figures := []figure{{metric: MetricShipments, at: s.CreatedAt}}
	if s.Status == ShipmentDelivered {
		figures = append(figures, figure{metric: MetricDelivered, at: on(s.DeliveredAt)})
		if s.Late {
			figures = append(figures, figure{metric: MetricLate, at: on(s.DeliveredAt)})
		}
	}
	if s.Status == ShipmentException || s.ExceptionAt != nil {
		figures = append(figures, figure{metric: MetricExceptions, at: on(s.ExceptionAt)})
	}
	return figures
}

// sums adds up figures by merchant, day, metric and currency.
type sums map[DailyStat]*DailyStat // by the row without its numbers

func (s sums) add(merchantID string, loc *time.Location, sign int64, figures []figure) {
	for _, f := range figures {
		s.addTo(DailyStat{
			MerchantID: merchantID, Day: f.at.In(loc).Format(time.DateOnly), Metric: f.metric, Currency: f.currency,
		}, sign, sign*f.amount)
	}
}

func (s sums) addTo(key DailyStat, count, amount int64) {
	row := s[key]
	if row == nil {
		fresh := key
		row = &fresh
		s[key] = row
	}
	row.Count += count
	row.Amount += amount
}

// rows returns what is not zero, in one order everywhere, so that transactions
// that write the same rows wait for each other in one direction.
func (s sums) rows() []DailyStat {
	rows := make([]DailyStat, 0, len(s))
	for _, row := range s {
		if row.Count != 0 || row.Amount != 0 {
			rows = append(rows, *row)
		}
	}
	slices.SortFunc(rows, compareStats)
	return rows
}

func compareStats(a, b DailyStat) int {
	return cmp.Or(cmp.Compare(a.MerchantID, b.MerchantID), cmp.Compare(a.Day, b.Day),
		cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.Currency, b.Currency))
}
