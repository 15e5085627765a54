package payments

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tillpost/tillpost/models"
)

// Rules are what a merchant's payments do by themselves. Admins edit them; a
// merchant without its own has the defaults.
type Rules struct {
	// Technical are the waits before each new attempt after one that provably
	// did not reach the provider.
	Technical []time.Duration `json:"technical"`
	// Declined are the waits before each new attempt after a refusal, by class;
	// classes without an entry are not tried again.
	Declined map[Class][]time.Duration `json:"declined"`
	// MaxRefusals is how often a payment may be refused in all before nobody may
	// try it any more. Stripe wants at most eight retries of one payment
	// (https://docs.stripe.com/declines/card).
	MaxRefusals int `json:"max_refusals"`
	// Failover goes on through the merchant's next account after a technical failure.
	Failover bool `json:"failover"`
	// SupportRefundLimit is the most that support agents may refund at once, in
	// minor units; 0 is no limit.
	SupportRefundLimit int64 `json:"support_refund_limit"`
}

// UnmarshalJSON reads rules over others, whose lists and classes it replaces as a
// whole: it neither adds to them nor writes into them, as they may be shared.
func (r *Rules) UnmarshalJSON(text []byte) error {
	type fields Rules
	read := fields(*r)
	read.Technical, read.Declined = nil, nil
	if err := json.Unmarshal(text, &read); err != nil {
		return fmt.Errorf("read rules: %w", err)
	}
	*r = Rules(read)
	return nil
}

// DefaultRules are those of merchants who have no others.
func DefaultRules() Rules {
	const day = 24 * time.Hour
	return Rules{
		Technical: []time.Duration{
			5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
		},
		Declined: map[Class][]time.Duration{
			ClassLater:   {day, 3 * day, 5 * day, 7 * day},
			ClassGeneric: {day, 3 * day},
		},
		MaxRefusals: 9, Failover: true, SupportRefundLimit: 100_000,
	}
}

// Bounds of rules.
const (
	maxTechnical = 12
	maxDeclined  = 8
	longestRule  = 30 * 24 * time.Hour
)

// Check says what is wrong with rules that somebody entered.
func (r Rules) Check() error {
	bad := func(waits []time.Duration, most int, least time.Duration) bool {
		return len(waits) > most || slices.ContainsFunc(waits, func(w time.Duration) bool { return w < least || w > longestRule })
	}
	if bad(r.Technical, maxTechnical, time.Second) {
		return models.Invalid("technical", "bad_waits")
	}
	for class, waits := range r.Declined {
		switch {
		case class != ClassLater && class != ClassGeneric && len(waits) > 0:
			return models.Invalid(string(class), "never_retried")
		case bad(waits, maxDeclined, time.Minute):
			return models.Invalid(string(class), "bad_waits")
		}
	}
	switch {
	case r.MaxRefusals < 1 || r.MaxRefusals > 15:
		return models.Invalid("max_refusals", "out_of_range")
	case r.SupportRefundLimit < 0:
		return models.Invalid("support_refund_limit", "out_of_range")
	}
	return nil
}

// paced divides the waits, as for a demonstration.
func (r Rules) paced(pace float64) Rules {
	if pace <= 0 || pace == 1 {
		return r
	}
	r.Technical = shorter(r.Technical, pace)
	r.Declined = maps.Clone(r.Declined)
	for class, waits := range r.Declined {
		r.Declined[class] = shorter(waits, pace)
	}
	return r
}

func shorter(waits []time.Duration, pace float64) []time.Duration {
	out := make([]time.Duration, len(waits))
	for i, w := range waits {
		out[i] = time.Duration(float64(w) / pace)
	}
	return out
}

// rules are a merchant's, as they are to be followed.
func (s *Service) rules(tx *models.Tx, merchantID string) (Rules, error) {
	r := s.policy.Rules
	err := tx.PaymentRules(merchantID, &r)
	return r.paced(s.policy.Pace), err
}

// RulesOf are a merchant's rules as they are edited.
func (s *Service) RulesOf(ctx context.Context, merchantID string) (Rules, error) {
	r := s.policy.Rules
	err := s.db.PaymentRules(ctx, merchantID, &r)
	return r, err
}

// SetRules stores a merchant's rules.
func (s *Service) SetRules(tx *models.Tx, merchantID string, r Rules, actor models.Actor) error {
	if err := r.Check(); err != nil {
		return err
	}
	before := s.policy.Rules
	if err := tx.PaymentRules(merchantID, &before); err != nil {
		return err
	}
	if err := tx.PutPaymentRules(merchantID, actor.Name, r); err != nil {
		return err
	}
	return tx.Audit(actor, models.AuditEntry{
		MerchantID: &merchantID, Action: "payment_rules.update", ObjectID: merchantID, Detail: before.changes(r),
	})
}

// changes tells what differs in other rules, for the audit log: among them is
// how much money support may give back.
func (r Rules) changes(to Rules) map[string]string {
	detail := map[string]string{}
	note := func(name string, before, after any) {
		if from, to := fmt.Sprint(before), fmt.Sprint(after); from != to {
			detail[name] = from + " → " + to
		}
	}
	note("technical", r.Technical, to.Technical)
	for _, class := range []Class{ClassLater, ClassGeneric} {
		note(string(class), r.Declined[class], to.Declined[class])
	}
	note("max_refusals", r.MaxRefusals, to.MaxRefusals)
	note("failover", r.Failover, to.Failover)
	note("support_refund_limit", r.SupportRefundLimit, to.SupportRefundLimit)
	return detail
}
