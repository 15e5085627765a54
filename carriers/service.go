package carriers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
)

// Bounds of background work.
const (
	callTimeout = 30 * time.Second
	storing     = 15 * time.Second
	pollLease   = 2 * time.Minute
	// longestSnooze is how long a poll waits for its account's turn before its
	// parcels are let go, to be found by a later sweep.
	longestSnooze = 30 * time.Second
	// notCallable is how long an account is left alone that was stopped.
	notCallable = time.Hour
)

// Service follows parcels at their carriers.
type Service struct {
	db       *models.DB
	vault    *credentials.Vault
	carriers map[string]Carrier
	pace     float64
	public   string
	log      *slog.Logger
	figures  *monitor.Figures
}

// Options tune the service.
type Options struct {
	// Pace divides the waits between polls, so that a demonstration runs
	// faster; 0 is 1.
	Pace float64
	// PublicURL is where carriers reach this program; empty: nowhere.
	PublicURL string
}

// NewService wires the service; carriers are by account kind.
func NewService(
	db *models.DB, vault *credentials.Vault, carriers map[string]Carrier, opts Options, log *slog.Logger,
) *Service {
	return &Service{db: db, vault: vault, carriers: carriers, pace: opts.Pace, public: opts.PublicURL, log: log}
}

// Watch has figures count what the service does; it is called before the first use.
func (s *Service) Watch(figures *monitor.Figures) { s.figures = figures }

// Poll asks one account for some of its parcels and stores what it says. It
// returns how long to wait when the account cannot be called yet.
func (s *Service) Poll(ctx context.Context, args models.PollArgs) (wait time.Duration, err error) {
	account, err := s.db.CarrierAccount(ctx, models.AllMerchants(), args.AccountID)
	if errors.Is(err, models.ErrNotFound) {
		return 0, s.release(ctx, args.ShipmentIDs)
	}
	if err != nil {
		return 0, err
	}
	carrier, opened, err := s.open(account)
	if err != nil {
		s.log.ErrorContext(ctx, "carrier account cannot be used", "account", args.AccountID, "error", err)
		return 0, s.release(ctx, args.ShipmentIDs)
	}
	shipments, err := s.due(ctx, args.ShipmentIDs)
	if err != nil || len(shipments) == 0 {
		return 0, err
	}
	limits, purpose := s.limits(carrier, account), useOf(shipments, args.Manual)
	turn, wait, err := s.takeCall(ctx, account, limits, call{use: purpose})
	switch {
	case err != nil:
		return 0, err
	case wait > longestSnooze:
		return 0, s.release(ctx, args.ShipmentIDs)
	case wait > 0:
		return wait, nil
	}
	parcels, err := s.parcels(ctx, shipments)
	if err != nil {
		return 0, err
	}
	asking, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	asking, log := s.record(asking, account, opened, parcels)
	log.take = func(ctx context.Context) (time.Duration, error) {
		_, wait, err := s.takeCall(ctx, account, limits, call{use: purpose, probe: turn.Probe})
		return wait, err
	}
	asking, span := monitor.Start(asking, "carrier track", "carrier", account.Kind, "account.id", account.ID)
	asked := s.db.Now()
	answers := carrier.Track(asking, opened, parcels)
	span.End("")
	log.explain(answers)
	for i := range answers {
		answers[i].told, answers[i].least = asked, limits.Least
	}
	return 0, s.store(ctx, account, turn.Probe, shipments, answers, log.rows(account, "poll"))
}

// due loads those of the parcels that are still to be asked for: a job that is
// run again, or whose lease had ended while it waited, must not spend calls on
// what another job has done.
func (s *Service) due(ctx context.Context, shipmentIDs []string) ([]models.Shipment, error) {
	shipments, err := s.db.ShipmentsByID(ctx, shipmentIDs)
	soon := s.db.Now().Add(s.ahead())
	return slices.DeleteFunc(shipments, func(sh models.Shipment) bool {
		return sh.NextPollAt == nil || sh.NextPollAt.After(soon)
	}), err
}

// call is one that an account is to make.
type call struct {
	use   use
	test  bool       // of the account itself, whether or not it may be used
	probe *time.Time // of the question that it is a further call of
}

// takeCall reserves a call of the account, or says how long there is none.
func (s *Service) takeCall(
	ctx context.Context, a *models.CarrierAccount, l Limits, c call,
) (turn models.CarrierTurn, wait time.Duration, err error) {
	err = s.db.Write(ctx, func(tx *models.Tx) (err error) {
		turn, wait = models.CarrierTurn{}, 0
		b := budget(l)
		b.Test, b.Probe, b.Share = c.test, c.probe, l.share(c.use, tx.Now())
		turn, err = tx.TakeCarrierCall(a, b)
		if err != nil || turn.OK {
			return err
		}
		wait = notCallable
		if !turn.RetryAt.IsZero() {
			wait = max(turn.RetryAt.Sub(tx.Now()), time.Millisecond)
		}
		return nil
	})
	if err != nil {
		return turn, 0, fmt.Errorf("take a call of account %s: %w", a.ID, err)
	}
	return turn, wait, nil
}

// useOf is what a poll of the parcels is for: of one that is out for delivery, or
// not; or somebody asks.
func useOf(shipments []models.Shipment, manual bool) use {
	if manual {
		return forPeople
	}
	for i := range shipments {
		if Status(shipments[i].Status) == StatusOutForDelivery {
			return forUrgent
		}
	}
	return forOrdinary
}

func (s *Service) release(ctx context.Context, shipmentIDs []string) error {
	err := s.db.Write(ctx, func(tx *models.Tx) error { return tx.ReleaseShipments(shipmentIDs) })
	if err != nil {
		return fmt.Errorf("release parcels: %w", err)
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
	account := Account{ID: stored.ID, BaseURL: stored.BaseURL, Fields: fields}
	if s.public != "" {
		account.CallbackURL = s.public + "/hooks/" + stored.ID
	}
	return carrier, account, nil
}

// lastDigits are the last four digits of a phone number, by which some carriers
// tell who may ask; empty when it has fewer.
func lastDigits(phone string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	if len(digits) < 4 {
		return ""
	}
	return digits[len(digits)-4:]
}

// parcels says to the carrier what it needs to know of each shipment.
func (s *Service) parcels(ctx context.Context, shipments []models.Shipment) ([]Parcel, error) {
	orders := make([]string, len(shipments))
	for i := range shipments {
		orders[i] = shipments[i].OrderID
	}
	// All parcels of an account are of its merchant.
	recipients, err := s.db.OrderRecipients(ctx, models.MerchantScope(shipments[0].MerchantID), orders)
	if err != nil {
		return nil, err
	}
	out := make([]Parcel, len(shipments))
	for i := range shipments {
		sh, to := &shipments[i], recipients[shipments[i].OrderID]
		out[i] = Parcel{
			Number: sh.TrackingNumber, Carrier: sh.Carrier, Service: sh.Service, RecipientCountry: to.Country,
			RecipientPostalCode: to.PostalCode, RecipientPhoneLast4: cmp.Or(sh.RecipientPhoneLast4, lastDigits(to.Phone)), Since: sh.CreatedAt,
		}
	}
	return out, nil
}
