package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
)

// order is all that a call of a provider needs.
type order struct {
	gateway  *models.GatewayAccount
	provider Provider
	account  Account
	charge   Charge       // of a charge
	change   Modification // of a capture or void
}

// Send sends a queued attempt to its provider and stores what came of it. A
// second worker with the same attempt finds nothing to do. While the account
// has no room for another call nothing is sent, and BusyError says when to come again.
func (s *Service) Send(ctx context.Context, attemptID string) error {
	queued, err := s.db.Attempt(ctx, attemptID)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if queued.Status != models.AttemptQueued {
		s.guards.figures.Guarded(monitor.GuardTaken)
		return nil
	}
	leave, err := s.guards.enter(ctx, queued.GatewayAccountID)
	if err != nil {
		return err
	}
	defer leave()
	attempt, payment, err := s.claim(ctx, attemptID)
	if err != nil {
		return err
	}
	if attempt == nil {
		s.guards.figures.Guarded(monitor.GuardTaken)
		return nil
	}
	o, err := s.prepare(ctx, payment, attempt)
	if err == nil && attempt.Kind == models.KindCharge && !o.gateway.Enabled {
		err = unusable{"gateway_disabled", "The payment account is switched off."}
	}
	if err == nil && s.db.Now().Add(s.policy.Timeout).After(*attempt.LeaseUntil) {
		err = errLate
	}
	if err != nil {
		s.log.ErrorContext(ctx, "attempt cannot be sent", "attempt", attempt.ID, "error", err)
		return s.settle(ctx, attempt, unsent(err), report{})
	}
	result, told := s.call(ctx, o, attempt.Kind, attempt)
	return s.settle(ctx, attempt, result, told)
}

// claim takes a queued attempt: nobody else can send it from here on. It
// returns nil when there is nothing to send.
func (s *Service) claim(ctx context.Context, attemptID string) (*models.Attempt, *models.Payment, error) {
	var (
		attempt *models.Attempt
		payment *models.Payment
	)
	err := s.db.Write(ctx, func(tx *models.Tx) error {
		attempt, payment = nil, nil
		a, err := tx.Attempt(attemptID)
		if err != nil {
			return err
		}
		p, err := tx.Payment(models.AllMerchants(), a.PaymentID)
		if err != nil {
			return err
		}
		lease := tx.Now().Add(s.policy.Lease)
		ok, err := tx.MoveAttempt(a.ID, models.AttemptSending, models.AttemptChange{LeaseUntil: &lease})
		if err != nil || !ok {
			return err
		}
		announce(tx, p)
		if p.Status != models.PaymentProcessing {
			if p, err = tx.MovePayment(p.ID, models.PaymentProcessing, models.PaymentChange{Cause: a.Cause}); err != nil {
				return err
			}
		}
		started := tx.Now()
		a.StartedAt, a.LeaseUntil = &started, &lease
		attempt, payment = a, p
		return nil
	})
	if errors.Is(err, models.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("claim attempt %s: %w", attemptID, err)
	}
	return attempt, payment, nil
}

// errLate says that preparing a call took so long that it could outlast the
// attempt's lease, after which others may take the charge for lost.
var errLate = errors.New("no time was left to send the charge")

// unusable is why an account cannot be charged through before somebody repairs
// it, unlike a database that is away for a moment. It is told as it is.
type unusable struct{ code, message string }

func (u unusable) Error() string { return u.message }

// unsent is the result of an attempt that could not be prepared. Only what is
// wrong with the account is told as it is; the rest is for the log.
func unsent(err error) Result {
	if account, ok := errors.AsType[unusable](err); ok {
		return Result{Outcome: OutcomeNotSent, Misconfigured: true, Code: account.code, Message: account.message}
	}
	return Result{Outcome: OutcomeNotSent, Code: "not_prepared", Message: "Tillpost could not prepare the request."}
}

// prepare gathers what a call of the provider about an attempt needs.
func (s *Service) prepare(ctx context.Context, p *models.Payment, a *models.Attempt) (order, error) {
	o, err := s.open(ctx, a.MerchantID, a.GatewayAccountID)
	if err != nil {
		return o, err
	}
	if a.Kind == models.KindCharge {
		o.charge, err = s.charge(ctx, o.gateway, p, a)
		return o, err
	}
	original, err := s.db.ChargeAttempt(ctx, p.ID)
	if err != nil {
		return o, fmt.Errorf("charge of payment %s: %w", p.ID, err)
	}
	if o.charge, err = s.charge(ctx, o.gateway, p, original); err != nil {
		return o, err
	}
	o.change = Modification{Original: o.charge, AttemptID: a.ID, Key: a.IdempotencyKey, Amount: a.Amount}
	if a.ProviderReference != nil {
		o.change.ProviderReference = *a.ProviderReference
	}
	if a.StartedAt != nil {
		o.change.StartedAt = *a.StartedAt
	}
	return o, nil
}

// open loads a payment account with its provider and its opened credentials.
func (s *Service) open(ctx context.Context, merchantID string, accountID *string) (order, error) {
	if accountID == nil {
		return order{}, unusable{"no_gateway", "The payment has no account to be charged through."}
	}
	stored, err := s.db.GatewayAccount(ctx, models.MerchantScope(merchantID), *accountID)
	if errors.Is(err, models.ErrNotFound) {
		err = unusable{"unknown_gateway", "The payment account does not exist."}
	}
	if err != nil {
		return order{}, err
	}
	provider, account, err := s.openAccount(stored)
	return order{gateway: stored, provider: provider, account: account}, err
}

func (s *Service) openAccount(stored *models.GatewayAccount) (Provider, Account, error) {
	provider, ok := s.providers[stored.Kind]
	if !ok {
		return nil, Account{}, unusable{"gateway_misconfigured", "This program knows no payment provider of the account's kind."}
	}
	fields, err := s.vault.Open(credentials.Gateways, &stored.Account)
	if err != nil {
		s.log.Error("credentials cannot be opened", "account", stored.ID, "error", err)
		return nil, Account{}, unusable{"gateway_misconfigured", "The account's credentials cannot be opened: enter them anew."}
	}
	return provider, Account{ID: stored.ID, BaseURL: stored.BaseURL, Fields: fields}, nil
}

// charge describes an attempt to its provider, the same each time.
func (s *Service) charge(ctx context.Context, g *models.GatewayAccount, p *models.Payment, a *models.Attempt) (Charge, error) {
	o, err := s.db.Order(ctx, models.MerchantScope(p.MerchantID), p.OrderID)
	if err != nil {
		return Charge{}, fmt.Errorf("order of payment %s: %w", p.ID, err)
	}
	c := Charge{
		MerchantID: p.MerchantID, PaymentID: p.ID, AttemptID: a.ID, Key: a.IdempotencyKey, OrderNumber: o.Number,
		Amount: p.Amount, Currency: p.Currency, MethodType: p.MethodType, Token: p.MethodToken, Customer: p.MethodCustomer,
		Capture: p.Capture == models.CaptureAutomatic, Description: p.Description, ReturnURL: p.ReturnURL,
		NotifyURL: s.hookURL(g.ID), Now: s.db.Now(),
	}
	if a.ProviderReference != nil {
		c.ProviderReference = *a.ProviderReference
	}
	if a.StartedAt != nil {
		c.StartedAt = *a.StartedAt
	}
	return c, nil
}

// hookURL is where the provider of an account may send its webhooks.
func (s *Service) hookURL(accountID string) string {
	if s.policy.PublicURL == "" {
		return ""
	}
	return HookURL(s.policy.PublicURL, accountID)
}

// HookURL is where the provider of an account sends its webhooks, by the
// program's own address.
func HookURL(base, accountID string) string { return base + "/hooks/" + accountID }

// report is what a call left to be stored beside its result.
type report struct {
	latency time.Duration
	calls   []models.ProviderCall
}

// purposes of calls beside the kinds of attempts.
const (
	purposeLookup       = "lookup"
	purposeCancel       = "cancel"
	purposeRefund       = "refund"
	purposeLookupRefund = "lookup_refund"
)

// call makes one call about an attempt, behind the account's breaker.
func (s *Service) call(ctx context.Context, o order, purpose string, a *models.Attempt) (Result, report) {
	return s.guards.run(ctx, o, subject{purpose, a.MerchantID, a.PaymentID, a.ID}, s.policy.Timeout,
		func(ctx context.Context) Result {
			switch purpose {
			case models.KindCharge:
				return o.provider.Charge(ctx, o.account, o.charge)
			case purposeLookup:
				return o.provider.Lookup(ctx, o.account, o.charge)
			case purposeCancel:
				if c, ok := o.provider.(Canceler); ok {
					return c.Cancel(ctx, o.account, o.charge)
				}
			case models.KindCapture:
				if c, ok := o.provider.(Capturer); ok {
					return c.Capture(ctx, o.account, o.change)
				}
			case models.KindVoid:
				if c, ok := o.provider.(Capturer); ok {
					return c.Void(ctx, o.account, o.change)
				}
			}
			return Result{
				Outcome: OutcomeNotSent, Misconfigured: true, Code: "not_supported", Message: "The provider cannot do this.",
			}
		})
}
