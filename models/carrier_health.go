package models

import "time"

// CarrierHealth is what the calls of a carrier account have taught of it.
type CarrierHealth struct {
	ResumeAt      *time.Time // no calls before: the carrier asked to wait, or the breaker is open
	Failures      int        // in a row
	FailingAt     *time.Time // since when every call fails or its answer cannot be read; nil after an answer
	BrokenAt      *time.Time // when the breaker opened; nil: it is closed
	ProbeAt       *time.Time // when the call began that tries an open breaker; nil: none is under way
	SlowedUntil   *time.Time // half the rate before: the carrier said that there were too many calls
	LastError     string
	LastErrorKind string
	LastErrorAt   *time.Time
}

// SetCarrierHealth stores what a call has taught of an account that was loaded
// in this transaction.
func (tx *Tx) SetCarrierHealth(a *CarrierAccount, h CarrierHealth) error {
	a.CarrierHealth = h
	_, err := tx.update("carrier_accounts", map[string]any{
		"resume_at": h.ResumeAt, "failures": h.Failures, "failing_at": h.FailingAt,
		"broken_at": h.BrokenAt, "probe_at": h.ProbeAt, "slowed_until": h.SlowedUntil,
		"last_error": h.LastError, "last_error_kind": h.LastErrorKind, "last_error_at": h.LastErrorAt,
	}, "id = ?", a.ID)
	tx.Announce(Hint{Topic: "account", ID: a.ID, MerchantID: a.MerchantID})
	return err
}

// CarrierState is in one word whether a carrier account calls.
type CarrierState string

// The states of carrier accounts; the first that holds is its state.
const (
	CarrierDisabled CarrierState = "disabled"
	CarrierStopped  CarrierState = "stopped"      // its credentials were refused
	CarrierPaused   CarrierState = "paused"       // by a person
	CarrierOpen     CarrierState = "breaker_open" // its carrier fails
	CarrierProbing  CarrierState = "probing"      // the next answer tells whether it still does
	CarrierWaiting  CarrierState = "waiting"      // as its carrier asked
	CarrierFailing  CarrierState = "failing"      // for some time nothing was answered
	CarrierHalved   CarrierState = "halved"       // at half the rate
	CarrierHeld     CarrierState = "held"         // the share of the day's calls is used; State does not know the limits
	CarrierWorks    CarrierState = "works"
)

// State is whether the account calls now.
func (a *CarrierAccount) State(now time.Time) CarrierState {
	later := func(t *time.Time) bool { return t != nil && t.After(now) }
	switch {
	case !a.Enabled:
		return CarrierDisabled
	case a.StoppedAt != nil:
		return CarrierStopped
	case a.Paused(now):
		return CarrierPaused
	case a.BrokenAt != nil && (a.ProbeAt != nil || !later(a.ResumeAt)):
		return CarrierProbing
	case a.BrokenAt != nil:
		return CarrierOpen
	case later(a.ResumeAt):
		return CarrierWaiting
	case a.Failing(now):
		return CarrierFailing
	case later(a.SlowedUntil):
		return CarrierHalved
	default:
		return CarrierWorks
	}
}

// failingFor is how long every call fails until that is said: single failures
// pass by themselves.
const failingFor = 5 * time.Minute

// Failing says whether several calls in a row have failed, and for some time.
func (a *CarrierAccount) Failing(now time.Time) bool {
	return a.FailingAt != nil && a.LastErrorAt != nil && a.LastErrorAt.After(*a.FailingAt) && now.Sub(*a.FailingAt) >= failingFor
}

// Paused says whether a person keeps the account from calling.
func (a *CarrierAccount) Paused(now time.Time) bool {
	return a.PausedAt != nil && (a.PausedUntil == nil || a.PausedUntil.After(now))
}

// Callable says whether the account may call now, as far as rate and quota let it.
func (a *CarrierAccount) Callable(now time.Time) bool {
	return a.Enabled && a.StoppedAt == nil && !a.Paused(now) && (a.ResumeAt == nil || !a.ResumeAt.After(now))
}

// UrgentOn is how many of the calls of the UTC day of now were for parcels out
// for delivery.
func (a *CarrierAccount) UrgentOn(now time.Time) int {
	if a.BudgetDay != now.UTC().Format(time.DateOnly) {
		return 0
	}
	return a.UrgentToday
}

// CallsOn is how many calls the account has made on the UTC day of now.
func (a *CarrierAccount) CallsOn(now time.Time) int {
	if a.BudgetDay != now.UTC().Format(time.DateOnly) {
		return 0
	}
	return a.CallsToday
}
