package payments

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
)

// Service accepts payments and brings them to an end.
type Service struct {
	db        *models.DB
	vault     *credentials.Vault
	providers map[string]Provider
	policy    Policy
	log       *slog.Logger
}

// NewService wires the service; providers are by account kind.
func NewService(
	db *models.DB, vault *credentials.Vault, providers map[string]Provider, policy Policy, log *slog.Logger,
) *Service {
	return &Service{db: db, vault: vault, providers: providers, policy: policy, log: log}
}

// settling is how long the result of a call may take to be stored, even while
// the process is stopping.
const settling = 15 * time.Second

// Charge sends a queued attempt to its provider and stores what came of it. A
// second worker with the same attempt finds nothing to do.
func (s *Service) Charge(ctx context.Context, attemptID string) error {
	attempt, payment, err := s.claim(ctx, attemptID)
	if err != nil || attempt == nil {
		return err
	}
	provider, account, charge, err := s.prepare(ctx, payment, attempt)
	if err == nil && s.db.Now().Add(s.policy.Timeout).After(*attempt.LeaseUntil) {
		err = errLate
	}
	if err != nil {
		s.log.ErrorContext(ctx, "charge cannot be sent", "attempt", attempt.ID, "error", err)
		return s.settle(ctx, attempt, unsent(err), 0)
	}
	call, cancel := context.WithTimeout(ctx, s.policy.Timeout)
	defer cancel()
	start := time.Now()
	result := provider.Charge(call, account, charge)
	return s.settle(ctx, attempt, result, time.Since(start))
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
// it, unlike a database that is away for a moment.
type unusable struct{ error }

// prepare gathers what a call of the provider needs.
func (s *Service) prepare(ctx context.Context, p *models.Payment, a *models.Attempt) (Provider, Account, Charge, error) {
	if a.GatewayAccountID == nil {
		return nil, Account{}, Charge{}, unusable{errors.New("the payment has no account to be charged through")}
	}
	stored, err := s.db.GatewayAccount(ctx, models.MerchantScope(a.MerchantID), *a.GatewayAccountID)
	if errors.Is(err, models.ErrNotFound) {
		err = unusable{errors.New("the payment account does not exist")}
	}
	if err != nil {
		return nil, Account{}, Charge{}, err
	}
	provider, account, err := s.openAccount(stored)
	if err != nil {
		return nil, Account{}, Charge{}, unusable{err}
	}
	charge, err := s.charge(ctx, p, a)
	return provider, account, charge, err
}

func (s *Service) openAccount(stored *models.GatewayAccount) (Provider, Account, error) {
	provider, ok := s.providers[stored.Kind]
	if !ok {
		return nil, Account{}, fmt.Errorf("no payment provider of kind %q", stored.Kind)
	}
	fields, err := s.vault.Open(credentials.Gateways, &stored.Account)
	if err != nil {
		return nil, Account{}, err
	}
	return provider, Account{ID: stored.ID, BaseURL: stored.BaseURL, Fields: fields}, nil
}

// charge describes an attempt to its provider, the same each time.
func (s *Service) charge(ctx context.Context, p *models.Payment, a *models.Attempt) (Charge, error) {
	o, err := s.db.Order(ctx, models.MerchantScope(p.MerchantID), p.OrderID)
	if err != nil {
		return Charge{}, fmt.Errorf("order of payment %s: %w", p.ID, err)
	}
	c := Charge{
		MerchantID: p.MerchantID, PaymentID: p.ID, AttemptID: a.ID, Key: a.IdempotencyKey, OrderNumber: o.Number,
		Amount: p.Amount, Currency: p.Currency, MethodType: p.MethodType, Token: p.MethodToken,
		Capture: p.Capture == models.CaptureAutomatic, Description: p.Description, ReturnURL: p.ReturnURL,
	}
	if a.ProviderReference != nil {
		c.ProviderReference = *a.ProviderReference
	}
	if a.StartedAt != nil {
		c.StartedAt = *a.StartedAt
	}
	return c, nil
}

// unsent is the result of an attempt that could not be prepared. Only what is
// wrong with the account is told as it is; the rest is for the log.
func unsent(err error) Result {
	if account, ok := errors.AsType[unusable](err); ok {
		return Result{Outcome: OutcomeNotSent, Misconfigured: true, Code: "gateway_misconfigured", Message: account.Error()}
	}
	return Result{Outcome: OutcomeNotSent, Code: "not_prepared", Message: "Tillpost could not prepare the charge."}
}
