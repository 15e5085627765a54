package settlement

import (
	"cmp"
	"strings"
	"time"

	"github.com/tillpost/tillpost/models"
)

// stripe is where the columns of an export of Stripe's balance transactions
// stand. Their names depend on whether the file comes from the list in the
// dashboard, from a report, or from a report run by the API; see
// https://docs.stripe.com/reports/report-types.
type stripe struct {
	zone *time.Location // of a column of times that does not say UTC

	id, kind, source, amount, fee, currency, created string
	paidAmount, paidCurrency                         string
	intent, attempt, payment, refund                 string
	utc                                              bool
}

// metadata are the names that a column of our metadata has, by whose it is.
func metadata(owner, key string) []string {
	return []string{owner + "_metadata[" + key + "]", key + " (metadata)", "metadata[" + key + "]", owner + "_metadata." + key}
}

func newStripe(s *source, zone *time.Location) (*stripe, error) {
	f := &stripe{zone: zone}
	for _, c := range []struct {
		column *string
		names  []string
	}{
		{&f.id, []string{"balance_transaction_id", "id", "balance transaction id", "transaction id"}},
		{&f.kind, []string{"reporting_category", "reporting category", "type", "transaction type"}},
		{&f.source, []string{"source_id", "source", "source id"}},
		{&f.amount, []string{"gross", "amount"}},
		{&f.fee, []string{"fee", "fees"}},
		{&f.currency, []string{"currency"}},
		{&f.created, []string{"created_utc", "created (utc)", "created", "created date"}},
	} {
		if *c.column = s.column(c.names...); *c.column == "" {
			return nil, s.missing(c.names...)
		}
	}
	f.utc = strings.Contains(f.created, "utc")
	f.paidAmount = s.column("customer_facing_amount", "customer facing amount")
	f.paidCurrency = s.column("customer_facing_currency", "customer facing currency")
	f.intent = s.column("payment_intent_id", "payment intent id", "paymentintent id", "payment_intent")
	f.attempt = s.column(metadata("payment", "attempt_id")...)
	f.payment = s.column(metadata("payment", "payment_id")...)
	f.refund = s.column(metadata("refund", "refund_id")...)
	if f.intent == "" && f.attempt == "" && f.payment == "" {
		return nil, s.missing("payment_intent_id", "payment_metadata[attempt_id]", "payment_metadata[payment_id]")
	}
	return f, nil
}

// stripeKinds says what a reporting category, or a type, is about. Whatever is
// not in it is counted as other.
var stripeKinds = map[string]models.SettlementKind{
	"charge": models.SettledCharge, "payment": models.SettledCharge,
	"charge_failure": models.SettledCharge, "payment_failure_refund": models.SettledCharge, // the money went back
	"partial_capture_reversal": models.SettledCharge, // what was authorized and not captured
	"payment_reversal":         models.SettledCharge,
	"refund":                   models.SettledRefund, "payment_refund": models.SettledRefund,
	"refund_failure": models.SettledRefund, "payment_refund_failure": models.SettledRefund,
	"dispute": models.SettledDispute, "dispute_reversal": models.SettledDispute,
	"fee": models.SettledFee, "stripe_fee": models.SettledFee, "network_cost": models.SettledFee, "stripe_fx_fee": models.SettledFee,
	"tax": models.SettledFee, "tax_fee": models.SettledFee, "application_fee": models.SettledFee,
	"payout": models.SettledPayout, "payout_reversal": models.SettledPayout, "payout_cancel": models.SettledPayout,
	"payout_failure": models.SettledPayout,
}

// kindOf tells what a line is about. The type adjustment does not say; its
// source does.
func (f *stripe) kindOf(kind, source string) models.SettlementKind {
	known, ok := stripeKinds[kind]
	switch {
	case ok:
		return known
	case kind != "adjustment":
		return models.SettledOther
	case strings.HasPrefix(source, "dp_"), strings.HasPrefix(source, "du_"):
		return models.SettledDispute
	case strings.HasPrefix(source, "re_"), strings.HasPrefix(source, "pyr_"):
		return models.SettledRefund
	default:
		return models.SettledOther
	}
}

func (f *stripe) line(r *row) models.SettlementLine {
	l := models.SettlementLine{
		LineID: r.required(f.id), ProviderReference: r.text(f.source), Currency: strings.ToUpper(r.required(f.currency)),
	}
	l.Kind = f.kindOf(strings.ToLower(r.required(f.kind)), l.ProviderReference)
	r.currency(f.currency, l.Currency)
	l.Amount = r.decimal(f.amount, l.Currency)
	if r.text(f.fee) != "" {
		l.Fee = r.decimal(f.fee, l.Currency)
	}
	zone := f.zone
	if f.utc {
		zone = time.UTC
	}
	l.OccurredAt = r.time(f.created, zone)
	attempt, payment := r.text(f.attempt), r.text(f.payment)
	switch l.Kind {
	case models.SettledCharge:
		l.Reference, l.ParentReference = cmp.Or(attempt, payment), r.text(f.intent)
	case models.SettledRefund:
		l.Reference, l.ParentReference = r.text(f.refund), cmp.Or(r.text(f.intent), attempt, payment)
	case models.SettledDispute:
		l.ParentReference = cmp.Or(r.text(f.intent), attempt, payment)
	default:
		return l
	}
	if paid := strings.ToUpper(r.text(f.paidCurrency)); paid != "" && paid != l.Currency && r.text(f.paidAmount) != "" {
		r.currency(f.paidCurrency, paid)
		l.PaidCurrency, l.PaidAmount = paid, r.decimal(f.paidAmount, paid)
	}
	return l
}

// currency refuses a currency that does not exist.
func (r *row) currency(column, code string) {
	if code != "" && !models.ValidCurrency(code) {
		r.refusef("%s: %q is not a currency of ISO 4217", column, code)
	}
}

// decimal reads an amount of major units that must be there.
func (r *row) decimal(column, currency string) int64 {
	text := r.required(column)
	if r.refusal != "" {
		return 0
	}
	amount, err := parseDecimal(text, models.CurrencyDigits(currency))
	if err != nil {
		r.refusef("%s: %v", column, err)
	}
	return amount
}
