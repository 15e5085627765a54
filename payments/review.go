package payments

import (
	"strconv"

	"github.com/tillpost/tillpost/models"
)

// reviewed loads a payment that waits for a human's decision, with its attempt
// whose outcome is open, if there is one.
func (s *Service) reviewed(tx *models.Tx, scope models.Scope, id string, d Deed, in Action) (*models.Payment, *models.Attempt, string, error) {
	p, last, err := s.begin(tx, scope, id, d, in.Actor)
	if err != nil {
		return nil, nil, "", err
	}
	why, err := reason(in.Reason)
	if err != nil {
		return nil, nil, "", err
	}
	if last == nil || !last.Status.Open() {
		return p, nil, why, nil
	}
	return p, last, why, nil
}

// codeConfirmedPaid is the code of attempts that a person saw succeed.
const codeConfirmedPaid = "confirmed_paid"

// ConfirmPaid says that the provider took the money, as somebody saw there.
func (s *Service) ConfirmPaid(tx *models.Tx, scope models.Scope, id string, in Action) (*models.Payment, error) {
	p, open, why, err := s.reviewed(tx, scope, id, DeedConfirmPaid, in)
	if err != nil {
		return nil, err
	}
	if in.Amount == 0 {
		in.Amount = p.Amount
		if open != nil && open.Kind == models.KindCapture {
			in.Amount = open.Amount
		}
	}
	if in.Amount < 0 || in.Amount > p.Amount {
		return nil, models.Invalid("amount", "amount_out_of_range")
	}
	if err := s.decide(tx, open, models.AttemptSucceeded, codeConfirmedPaid, "A person has seen that the provider took the money."); err != nil {
		return nil, err
	}
	p, err = tx.MovePayment(p.ID, models.PaymentPaid, models.PaymentChange{Cause: models.CauseManual, Captured: in.Amount})
	if err != nil {
		return nil, err
	}
	return p, s.audit(tx, p, "payment.confirm_paid", why, in, map[string]string{"amount": strconv.FormatInt(in.Amount, 10)})
}

// ConfirmNotPaid says that the provider took no money, as somebody saw there. A
// payment whose capture or void is in doubt is authorized again.
func (s *Service) ConfirmNotPaid(tx *models.Tx, scope models.Scope, id string, in Action) (*models.Payment, error) {
	p, open, why, err := s.reviewed(tx, scope, id, DeedConfirmNotPaid, in)
	if err != nil {
		return nil, err
	}
	if err := s.decide(tx, open, models.AttemptNotSent, "confirmed_not_paid", "A person has seen that the provider took no money."); err != nil {
		return nil, err
	}
	to := models.PaymentFailed
	if open != nil && open.Kind != models.KindCharge {
		to = models.PaymentAuthorized
	}
	p, err = tx.MovePayment(p.ID, to, models.PaymentChange{Cause: models.CauseManual, Failure: models.Failure{
		Code: "confirmed_not_paid", Message: "A person has seen that the provider took no money.",
	}})
	if err != nil {
		return nil, err
	}
	return p, s.audit(tx, p, "payment.confirm_not_paid", why, in, nil)
}

// KeepWaiting has the provider asked again, from the first wait on.
func (s *Service) KeepWaiting(tx *models.Tx, scope models.Scope, id string, in Action) (*models.Payment, error) {
	p, open, why, err := s.reviewed(tx, scope, id, DeedKeepWaiting, in)
	if err != nil {
		return nil, err
	}
	if p, err = tx.MovePayment(p.ID, models.PaymentUnknown, models.PaymentChange{Cause: models.CauseManual, Failure: p.Failure}); err != nil {
		return nil, err
	}
	if err := tx.PlanInquiry(open.ID, 0, tx.Now().Add(s.policy.Inquiries[0])); err != nil {
		return nil, err
	}
	return p, s.audit(tx, p, "payment.keep_waiting", why, in, nil)
}

// decide ends an attempt by a human's word.
func (s *Service) decide(tx *models.Tx, a *models.Attempt, to models.AttemptStatus, code, message string) error {
	if a == nil {
		return nil
	}
	ok, err := tx.MoveAttempt(a.ID, to, models.AttemptChange{Code: code, Message: message})
	if err == nil && !ok {
		return models.Conflict("attempt_open", string(a.Status))
	}
	return err
}

// SettleIssue says that somebody has dealt with what a payment was flagged for.
func (s *Service) SettleIssue(tx *models.Tx, scope models.Scope, id string, in Action) (*models.Payment, error) {
	p, _, err := s.begin(tx, scope, id, DeedSettleIssue, in.Actor)
	if err != nil {
		return nil, err
	}
	why, err := reason(in.Reason)
	if err != nil {
		return nil, err
	}
	issue := string(p.Issue)
	if err := tx.SettleIssue(p); err != nil {
		return nil, err
	}
	return p, s.audit(tx, p, "payment.settle_issue", why, in, map[string]string{"issue": issue})
}

// Claim says that a user works on a payment: nobody else may act on it for half
// an hour, and after that somebody may take it over.
func (s *Service) Claim(tx *models.Tx, scope models.Scope, id string, actor models.Actor) (*models.Payment, error) {
	p, _, err := s.begin(tx, scope, id, DeedClaim, actor)
	if err != nil {
		return nil, err
	}
	if p.Claimant(tx.Now()) == actor.ID { // it goes on from now
		return p, tx.ClaimPayment(p, actor.ID)
	}
	if err := tx.ClaimPayment(p, actor.ID); err != nil {
		return nil, err
	}
	return p, s.audit(tx, p, "payment.claim", "", Action{Actor: actor}, nil)
}

// Release ends a user's claim, or one that has run out.
func (s *Service) Release(tx *models.Tx, scope models.Scope, id string, actor models.Actor) (*models.Payment, error) {
	p, _, err := s.begin(tx, scope, id, DeedRelease, actor)
	if err != nil {
		return nil, err
	}
	if p.ClaimedBy == nil {
		return p, nil
	}
	if err := tx.ReleasePayment(p); err != nil {
		return nil, err
	}
	return p, s.audit(tx, p, "payment.release", "", Action{Actor: actor}, nil)
}

// Note adds somebody's words to a payment's timeline.
func (s *Service) Note(tx *models.Tx, scope models.Scope, id string, in Action) (*models.Payment, error) {
	p, _, err := s.begin(tx, scope, id, DeedNote, in.Actor)
	if err != nil {
		return nil, err
	}
	text, err := reason(in.Reason)
	if err != nil {
		return nil, err
	}
	announce(tx, p)
	return p, s.audit(tx, p, "payment.note", text, in, nil)
}
