package payments

import (
	"strings"
	"time"

	"github.com/tillpost/tillpost/models"
)

const day = 24 * time.Hour

// networkCap is how often a card may be refused before it must not be tried.
type networkCap struct {
	within     time.Duration
	most       int
	sameAmount bool
}

// networkCaps are the rules of card networks, kept a little below: Visa allows
// 20 new attempts within 30 days, Mastercard 10 refusals within 24 hours of one
// card and 35 within 30 days of one card and amount.
var networkCaps = map[string][]networkCap{
	"visa":       {{30 * day, 20, true}},
	"mastercard": {{day, 10, false}, {30 * day, 35, true}},
}

// capsOf are the caps of a network; those of all when it is not known.
func capsOf(network string) []networkCap {
	if caps, ok := networkCaps[strings.ToLower(network)]; ok {
		return caps
	}
	if network != "" {
		return nil // a network without published caps
	}
	return append(append([]networkCap(nil), networkCaps["visa"]...), networkCaps["mastercard"]...)
}

// networkRefusal says why a payment's card must not be tried once more, or nil.
func (s *Service) networkRefusal(tx *models.Tx, p *models.Payment, network string, rules Rules) (*models.Error, error) {
	refused, err := tx.CountAttempts(p.ID, models.KindCharge, models.AttemptDeclined)
	if err != nil {
		return nil, err
	}
	return limitRefusal(p, network, rules, tx.Now(), refused, func(since time.Time, amount int64) (int, error) {
		return tx.CountDeclined(p.MerchantID, p.MethodToken, since, amount)
	})
}

// limitRefusal is networkRefusal once it is known how often the payment was
// refused; declined counts the refusals of its card.
func limitRefusal(
	p *models.Payment, network string, rules Rules, now time.Time, refused int,
	declined func(since time.Time, amount int64) (int, error),
) (*models.Error, error) {
	if refused >= rules.MaxRefusals {
		return models.Conflict("retry_limit", string(p.Status)), nil
	}
	if p.MethodType != "card" || p.MethodToken == "" {
		return nil, nil //nolint:nilnil // nothing speaks against it
	}
	for _, c := range capsOf(network) {
		amount := int64(0)
		if c.sameAmount {
			amount = p.Amount
		}
		n, err := declined(now.Add(-c.within), amount)
		if err != nil {
			return nil, err
		}
		if n >= c.most {
			return models.Conflict("network_limit", string(p.Status)), nil
		}
	}
	return nil, nil //nolint:nilnil // nothing speaks against it
}

// merchantAdvice is what Mastercard's merchant advice codes ask for.
var merchantAdvice = map[string]struct {
	class Class
	wait  time.Duration
}{
	"01": {class: ClassFixData}, // new account information available
	"02": {class: ClassLater},
	"03": {class: ClassNever},
	"21": {class: ClassNever}, // the customer has ended the agreement
	"24": {ClassLater, time.Hour},
	"25": {ClassLater, day},
	"26": {ClassLater, 2 * day},
	"27": {ClassLater, 4 * day},
	"28": {ClassLater, 6 * day},
	"29": {ClassLater, 8 * day},
	"30": {ClassLater, 10 * day},
}

// AdviceWait is how long a merchant advice code asks to wait; 0 when it does not.
func AdviceWait(code string) time.Duration { return merchantAdvice[code].wait }

// heed makes a refusal follow the network's advice: what the network forbids
// stays forbidden, and its waits are kept.
func heed(r *Result) {
	advice, ok := merchantAdvice[r.Advice]
	if !ok || r.Outcome != OutcomeDeclined {
		return
	}
	if r.Class != ClassNever {
		r.Class = advice.class
	}
	r.RetryAfter = max(r.RetryAfter, advice.wait)
}
