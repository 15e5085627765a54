package carriers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
)

// Bounds of background work.
const (
	callTimeout = 30 * time.Second
	storing     = 15 * time.Second
	pollLease   = 2 * time.Minute
	// longestSnooze is how long a poll waits for its account's turn before its
	// parcels are put back.
	longestSnooze = 30 * time.Second
	// overBudget is when parcels are looked at again that the day's quota has
	// no call for now.
	overBudget = 15 * time.Minute
	// notCallable is when parcels of a stopped or removed account are.
	notCallable = time.Hour
)

// Service follows parcels at their carriers.
type Service struct {
	db       *models.DB
	vault    *credentials.Vault
	carriers map[string]Carrier
	pace     float64
	log      *slog.Logger
}

// Options tune the service.
type Options struct {
	// Pace divides the waits between polls, so that a demonstration runs
	// faster; 0 is 1.
	Pace float64
}

// NewService wires the service; carriers are by account kind.
func NewService(
	db *models.DB, vault *credentials.Vault, carriers map[string]Carrier, opts Options, log *slog.Logger,
) *Service {
	return &Service{db: db, vault: vault, carriers: carriers, pace: opts.Pace, log: log}
}

// Poll asks one account for some of its parcels and stores what it says. It
// returns how long to wait when the account cannot be called yet.
func (s *Service) Poll(ctx context.Context, args models.PollArgs) (wait time.Duration, err error) {
	account, err := s.db.CarrierAccount(ctx, models.AllMerchants(), args.AccountID)
	if errors.Is(err, models.ErrNotFound) {
		return 0, s.postpone(ctx, args.ShipmentIDs, notCallable)
	}
	if err != nil {
		return 0, err
	}
	carrier, opened, err := s.open(account)
	if err != nil {
		s.log.ErrorContext(ctx, "carrier account cannot be used", "account", args.AccountID, "error", err)
		return 0, s.postpone(ctx, args.ShipmentIDs, notCallable)
	}
	shipments, err := s.due(ctx, args.ShipmentIDs)
	if err != nil || len(shipments) == 0 {
		return 0, err
	}
	wait, err = s.takeCall(ctx, account, carrier.Limits(), call{urgent: args.Manual || urgent(shipments)})
	switch {
	case err != nil:
		return 0, err
	case wait > longestSnooze:
		return 0, s.postpone(ctx, args.ShipmentIDs, wait)
	case wait > 0:
		return wait, nil
	}
	parcels, err := s.parcels(ctx, shipments)
	if err != nil {
		return 0, err
	}
	asking, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answers := carrier.Track(asking, opened, parcels)
	return 0, s.store(ctx, account, shipments, answers)
}

// due loads those of the parcels that are still to be asked for: a job that is
// run again, or whose lease had ended while it waited, must not spend calls on
// what another job has done.
func (s *Service) due(ctx context.Context, shipmentIDs []string) ([]models.Shipment, error) {
	shipments, err := s.db.ShipmentsByID(ctx, shipmentIDs)
	now := s.db.Now()
	return slices.DeleteFunc(shipments, func(sh models.Shipment) bool {
		return sh.NextPollAt == nil || sh.NextPollAt.After(now)
	}), err
}

// call is one that an account is to make.
type call struct {
	urgent bool // may use the reserve of the quota
	test   bool // of the account itself, whether or not it may be used
}

// takeCall reserves a call of the account, or says how long there is none.
func (s *Service) takeCall(
	ctx context.Context, a *models.CarrierAccount, l Limits, c call,
) (wait time.Duration, err error) {
	err = s.db.Write(ctx, func(tx *models.Tx) error {
		wait = 0
		used := a.CallsToday
		if a.BudgetDay != tx.Now().Format(time.DateOnly) {
			used = 0
		}
		if !l.Affordable(used, c.urgent, tx.Now()) {
			wait = overBudget
			return nil
		}
		b := budget(l)
		b.Test = c.test
		ok, retryAt, err := tx.TakeCarrierCall(a.ID, b)
		if err != nil || ok {
			return err
		}
		wait = notCallable
		if !retryAt.IsZero() {
			wait = max(retryAt.Sub(tx.Now()), time.Millisecond)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("take a call of account %s: %w", a.ID, err)
	}
	return wait, nil
}

func budget(l Limits) models.CarrierBudget {
	b := models.CarrierBudget{PerDay: l.PerDay}
	if l.PerSecond > 0 {
		b.Interval = time.Duration(float64(time.Second) / l.PerSecond)
	}
	return b
}

// urgent says whether a parcel of the batch may use the reserve of the quota.
func urgent(shipments []models.Shipment) bool {
	for i := range shipments {
		if Status(shipments[i].Status) == StatusOutForDelivery {
			return true
		}
	}
	return false
}

func (s *Service) postpone(ctx context.Context, shipmentIDs []string, wait time.Duration) error {
	err := s.db.Write(ctx, func(tx *models.Tx) error {
		return tx.PostponeShipments(shipmentIDs, tx.Now().Add(wait))
	})
	if err != nil {
		return fmt.Errorf("postpone polls: %w", err)
	}
	return nil
}

func (s *Service) open(stored *models.CarrierAccount) (Carrier, Account, error) {
	carrier, ok := s.carriers[stored.Kind]
	if !ok {
		return nil, Account{}, fmt.Errorf("no carrier of kind %q", stored.Kind)
	}
	fields, err := s.vault.Open(credentials.Carriers, &stored.Account)
	if err != nil {
		return nil, Account{}, err
	}
	return carrier, Account{ID: stored.ID, BaseURL: stored.BaseURL, Fields: fields}, nil
}

// parcels says to the carrier what it needs to know of each shipment.
func (s *Service) parcels(ctx context.Context, shipments []models.Shipment) ([]Parcel, error) {
	out := make([]Parcel, len(shipments))
	for i := range shipments {
		sh := &shipments[i]
		o, err := s.db.Order(ctx, models.MerchantScope(sh.MerchantID), sh.OrderID)
		if err != nil {
			return nil, fmt.Errorf("order of shipment %s: %w", sh.ID, err)
		}
		out[i] = Parcel{
			Number: sh.TrackingNumber, Service: sh.Service,
			RecipientPostalCode: o.ShippingAddress.PostalCode, RecipientPhoneLast4: sh.RecipientPhoneLast4,
		}
	}
	return out, nil
}
