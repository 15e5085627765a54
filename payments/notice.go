package payments

import (
	"context"
	"errors"

	"github.com/tillpost/tillpost/models"
)

// applyNotice applies what a provider told. An event names its attempt or its
// provider's reference, never "the payment": what is about an older attempt
// cannot move a newer one.
func (s *Service) applyNotice(
	ctx context.Context, tx *models.Tx, e *models.InboundEvent, n Notice,
) (models.InboundStatus, *string, error) {
	if n.Subject == SubjectNone {
		return models.InboundStale, nil, nil
	}
	if n.Subject == SubjectRefund {
		return s.applyRefundNotice(ctx, tx, e, n)
	}
	a, err := s.noticed(tx, e, n)
	if errors.Is(err, models.ErrNotFound) {
		return models.InboundUnmatched, nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	news, err := s.applyTo(ctx, tx, a, e, n)
	status := models.InboundStale
	if news {
		status = models.InboundApplied
	}
	return status, &a.PaymentID, err
}

// noticed finds the attempt that a notice names. Ids that providers hand back
// are believed only for attempts of the account that told.
func (s *Service) noticed(tx *models.Tx, e *models.InboundEvent, n Notice) (*models.Attempt, error) {
	if models.IsID(models.PrefixAttempt, n.AttemptID) {
		a, err := tx.Attempt(n.AttemptID)
		if err == nil && a.GatewayAccountID != nil && *a.GatewayAccountID == e.AccountID {
			return a, nil
		}
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return nil, err
		}
	}
	if n.ChargeReference == "" {
		return nil, models.ErrNotFound
	}
	return tx.AttemptByReference(e.AccountID, n.ChargeReference)
}

func (s *Service) applyTo(ctx context.Context, tx *models.Tx, a *models.Attempt, e *models.InboundEvent, n Notice) (bool, error) {
	p, err := tx.Payment(models.AllMerchants(), a.PaymentID)
	if err != nil {
		return false, err
	}
	switch n.Subject {
	case SubjectCharge:
		return s.applyCharge(ctx, tx, a, n.Result)
	case SubjectCapture:
		return s.applyChange(ctx, tx, p, a, models.KindCapture, n.Result)
	case SubjectVoid:
		return s.applyChange(ctx, tx, p, a, models.KindVoid, n.Result)
	case SubjectDispute:
		return s.applyDispute(tx, p, e, n)
	case SubjectRefund, SubjectNone:
	}
	return false, nil
}

// applyCharge follows news of a charge. What is not an end of it says no more
// than what is known or planned already.
func (s *Service) applyCharge(ctx context.Context, tx *models.Tx, a *models.Attempt, r Result) (bool, error) {
	heed(&r)
	switch r.Outcome {
	case OutcomeSucceeded, OutcomeAuthorized, OutcomeDeclined:
		if r.Outcome == OutcomeSucceeded && a.Status == models.AttemptAuthorized {
			p, err := tx.Payment(models.AllMerchants(), a.PaymentID)
			if err != nil {
				return false, err
			}
			return s.applyChange(ctx, tx, p, a, models.KindCapture, r)
		}
	case OutcomeNotFound, OutcomeNotSent:
		if a.Status == models.AttemptAuthorized { // what was authorized is released
			p, err := tx.Payment(models.AllMerchants(), a.PaymentID)
			if err != nil {
				return false, err
			}
			r.Outcome = OutcomeSucceeded
			return s.applyChange(ctx, tx, p, a, models.KindVoid, r)
		}
		if a.Status != models.AttemptRequiresAction && a.Status != models.AttemptUnknown {
			return false, nil
		}
		r.Outcome = OutcomeNotFound
	case OutcomeRequiresAction:
		if a.Status != models.AttemptUnknown {
			return false, nil
		}
	case OutcomeProcessing: // something is to be done or seen there: look at once
		if a.Status != models.AttemptRequiresAction && a.Status != models.AttemptUnknown {
			return false, nil
		}
		tx.Enqueue(models.ReconcileArgs{AttemptID: a.ID, Inquiry: once})
		return true, nil
	case OutcomeUnknown, outcomeReview:
		return false, nil
	}
	return s.apply(ctx, tx, a, r, 0)
}

// applyChange follows news of a capture or void: of ours, if one is open, or of
// one that was made at the provider itself.
func (s *Service) applyChange(
	ctx context.Context, tx *models.Tx, p *models.Payment, a *models.Attempt, kind string, r Result,
) (bool, error) {
	open, err := tx.OpenAttempt(p.ID)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return false, err
	}
	own := a.Kind == kind // it names ours, rather than the charge
	if own && r.Amount == 0 {
		r.Amount = a.Amount
	}
	switch {
	case own && a.Status.Open():
		return s.apply(ctx, tx, a, r, 0)
	case own && a.Status != models.AttemptSucceeded && r.Outcome != OutcomeSucceeded: // what is known of it already
		return false, nil
	case open != nil && open.Kind == kind:
		return s.apply(ctx, tx, open, r, 0)
	case r.Outcome == OutcomeDeclined && kind == models.KindCapture && p.Status == models.PaymentPaid:
		return true, tx.FlagPayment(p, models.IssueCaptureFailed)
	case r.Outcome != OutcomeSucceeded:
		return false, nil
	case open != nil && open.ID == a.ID && kind == models.KindVoid: // ended before it was authorized
		r.Outcome = OutcomeNotFound
		return s.applyCharge(ctx, tx, a, r)
	case open != nil || p.Status != models.PaymentAuthorized:
		return false, nil
	}
	return true, s.changedElsewhere(tx, p, kind, r)
}

// changedElsewhere follows a capture or void that nobody asked for here.
func (s *Service) changedElsewhere(tx *models.Tx, p *models.Payment, kind string, r Result) error {
	to, c := models.PaymentPaid, models.PaymentChange{Cause: models.CauseProvider, Captured: taken(p.Amount, r)}
	if kind == models.KindVoid {
		to, c.Captured = models.PaymentVoided, 0
		if r.Code == codeExpired {
			to = models.PaymentExpired
		}
	}
	_, err := tx.MovePayment(p.ID, to, c)
	return err
}

// codeExpired is the Code of results about what a provider ended by itself for
// lack of time.
const codeExpired = "expired"

func (s *Service) applyDispute(tx *models.Tx, p *models.Payment, e *models.InboundEvent, n Notice) (bool, error) {
	if n.Dispute == nil || n.ProviderReference == "" {
		return false, nil
	}
	told := models.Dispute{
		GatewayAccountID: e.AccountID, ProviderReference: n.ProviderReference, Status: n.Dispute.Status,
		Amount: n.Dispute.Amount, Currency: n.Dispute.Currency, Reason: n.Dispute.Reason, MoneyMoved: n.Dispute.MoneyMoved,
	}
	if !n.Dispute.RespondBy.IsZero() {
		told.RespondBy = &n.Dispute.RespondBy
	}
	if !n.OccurredAt.IsZero() {
		told.ToldAt = &n.OccurredAt
	}
	_, news, err := tx.PutDispute(p, told)
	return news, err
}

// applyRefundNotice follows news of a refund: of ours, or of one that was made
// at the provider itself.
func (s *Service) applyRefundNotice(
	ctx context.Context, tx *models.Tx, e *models.InboundEvent, n Notice,
) (models.InboundStatus, *string, error) {
	r, err := s.noticedRefund(tx, e, n)
	if errors.Is(err, models.ErrNotFound) {
		return s.refundedElsewhere(ctx, tx, e, n)
	}
	if errors.Is(err, errEarlierTry) {
		if n.Result.Outcome == OutcomeSucceeded { // a second refund beside that of the present try
			return models.InboundApplied, &r.PaymentID, s.flagMade(ctx, tx, r, n.ProviderReference)
		}
		return models.InboundStale, &r.PaymentID, nil
	}
	if err != nil {
		return "", nil, err
	}
	n.Result.ProviderReference = n.ProviderReference
	news, err := s.applyRefund(ctx, tx, r.ID, n.Result, once)
	if news {
		return models.InboundApplied, &r.PaymentID, err
	}
	return models.InboundStale, &r.PaymentID, err
}

func (s *Service) noticedRefund(tx *models.Tx, e *models.InboundEvent, n Notice) (*models.Refund, error) {
	if models.IsID(models.PrefixRefund, n.RefundID) {
		r, err := tx.Refund(models.MerchantScope(e.MerchantID), n.RefundID)
		if err == nil && r.GatewayAccountID != nil && *r.GatewayAccountID == e.AccountID {
			return r, ofThisTry(r, n)
		}
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return nil, err
		}
	}
	if n.ProviderReference == "" {
		return nil, models.ErrNotFound
	}
	return tx.RefundByReference(e.AccountID, n.ProviderReference)
}

// errEarlierTry says that a notice is about a try of a refund that another one
// has followed, under a key of its own.
var errEarlierTry = errors.New("about an earlier try of the refund")

// ofThisTry holds back what is about another try of a refund than the present
// one: news of the first must not end the second. While the reference of the
// present one is still on its way, the notice has to wait.
func ofThisTry(r *models.Refund, n Notice) error {
	switch {
	case r.Tries == 1 || n.ProviderReference == "":
		return nil
	case r.ProviderReference == nil:
		return models.ErrNotFound
	case *r.ProviderReference != n.ProviderReference:
		return errEarlierTry
	default:
		return nil
	}
}

// refundedElsewhere records a refund that nobody asked for here.
func (s *Service) refundedElsewhere(
	ctx context.Context, tx *models.Tx, e *models.InboundEvent, n Notice,
) (models.InboundStatus, *string, error) {
	a, err := s.noticed(tx, e, n)
	if errors.Is(err, models.ErrNotFound) || models.IsID(models.PrefixRefund, n.RefundID) {
		return models.InboundUnmatched, nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	if n.ProviderReference == "" || n.Result.Outcome != OutcomeSucceeded && n.Result.Outcome != OutcomeProcessing {
		return models.InboundStale, &a.PaymentID, nil
	}
	if n.Result.Amount <= 0 { // nobody can count it
		return models.InboundApplied, &a.PaymentID, s.flag(tx, a.PaymentID, models.IssueRefundUnknown)
	}
	counts, err := tx.ChargeAttempt(a.PaymentID)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return "", nil, err
	}
	if err == nil && counts.ID != a.ID { // of a charge beside the one that paid
		return models.InboundStale, &a.PaymentID, nil
	}
	p, err := tx.Payment(models.AllMerchants(), a.PaymentID)
	if err != nil {
		return "", nil, err
	}
	r, fresh, err := tx.RecordRefund(p, models.Refund{
		Amount: n.Result.Amount, ProviderReference: &n.ProviderReference, Reason: "Refunded at the provider.",
	})
	if err != nil || !fresh {
		return models.InboundStale, &a.PaymentID, err
	}
	_, err = s.applyRefund(ctx, tx, r.ID, n.Result, once)
	return models.InboundApplied, &a.PaymentID, err
}
