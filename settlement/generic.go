package settlement

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/models"
)

// generic is our own format: the name of the column of amounts says what they
// are, amount for decimals and amount_minor for minor units.
type generic struct {
	amount, fee string
	zone        *time.Location
}

// genericColumns are all columns of the format.
var genericColumns = []string{
	"type", "currency", "amount", "amount_minor", "occurred_at", "reference", "provider_reference", "fee", "fee_minor", "line_id",
}

func newGeneric(s *source, zone *time.Location) (*generic, error) {
	for name := range s.columns {
		if !slices.Contains(genericColumns, name) {
			return nil, fmt.Errorf("unknown column %q: columns are %s", name, strings.Join(genericColumns, ", "))
		}
	}
	for _, names := range [][]string{{"type"}, {"currency"}, {"amount", "amount_minor"}, {"occurred_at"}, {"provider_reference", "reference"}} {
		if s.column(names...) == "" {
			return nil, s.missing(names...)
		}
	}
	for _, pair := range [][2]string{{"amount", "amount_minor"}, {"fee", "fee_minor"}} {
		if s.column(pair[0]) != "" && s.column(pair[1]) != "" {
			return nil, fmt.Errorf("columns %s and %s are both there: it must be one of them", pair[0], pair[1])
		}
	}
	return &generic{amount: s.column("amount", "amount_minor"), fee: s.column("fee", "fee_minor"), zone: zone}, nil
}

func (f *generic) line(r *row) models.SettlementLine {
	l := models.SettlementLine{
		Kind: models.SettlementKind(r.required("type")), Currency: r.required("currency"), LineID: r.text("line_id"),
		ProviderReference: r.text("provider_reference"), Reference: r.text("reference"),
	}
	if l.Kind != "" && !slices.Contains(models.SettlementKinds, l.Kind) {
		r.refusef("type: %q is not one of %v", l.Kind, models.SettlementKinds)
	}
	r.currency("currency", l.Currency)
	l.Amount = r.units(f.amount, l.Currency)
	if r.text(f.fee) != "" {
		l.Fee = r.units(f.fee, l.Currency)
	}
	l.OccurredAt = r.time("occurred_at", f.zone)
	switch l.Kind {
	case models.SettledCharge, models.SettledRefund, models.SettledDispute:
		if l.ProviderReference == "" && l.Reference == "" {
			r.refusef("a %s needs a provider_reference or a reference", l.Kind)
		}
	default:
	}
	return l
}

// units reads an amount in the units that its column's name declares.
func (r *row) units(column, currency string) int64 {
	if !strings.HasSuffix(column, "_minor") {
		return r.decimal(column, currency)
	}
	text := r.required(column)
	if r.refusal != "" {
		return 0
	}
	amount, err := parseMinor(text)
	if err != nil {
		r.refusef("%s: %v", column, err)
	}
	return amount
}
