package carriers

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/tillpost/tillpost/models"
)

// What an account does after its carrier failed.
const (
	breakerAfter = 5                // failures in a row open the breaker
	longestOpen  = 30 * time.Minute // until the next call tries whether the carrier answers again
	slowFor      = time.Hour        // at half the rate, after the wait that the carrier asked for
	probeLease   = 2 * time.Minute  // for the answer to the call that tries
	firstWait    = time.Minute      // after too many calls, when the carrier names no time
	furtherWait  = 5 * time.Minute  // and when it happens again at half the rate
)

// noteHealth keeps what the answers of one call tell of the account. The usual
// case, an answer to an account that works, writes nothing.
func (s *Service) noteHealth(
	ctx context.Context, tx *models.Tx, loaded *models.CarrierAccount, probe *time.Time, answers []Answer,
) error {
	worst := worstError(answers)
	partly := slices.ContainsFunc(answers, func(a Answer) bool { return a.Err == nil })
	if worst != nil && partly && (worst.Kind == ErrMalformed || worst.Kind == ErrUnavailable || worst.Kind == ErrNoTurn) {
		worst = nil // what it said of one parcel cannot be read, or there was no time to ask for all
	}
	if !aboutAccount(worst) && probe == nil && loaded.Failures == 0 && loaded.FailingAt == nil {
		return nil
	}
	a, err := tx.CarrierAccount(models.AllMerchants(), loaded.ID)
	if err != nil {
		return err
	}
	if worst != nil && worst.Kind == ErrAuth && !sameCredentials(a, loaded) {
		return models.ErrRaced // while the answers were stored, see stillAsked
	}
	tries := probe != nil && a.ProbeAt != nil && a.ProbeAt.Equal(*probe)
	health := after(a, worst, tries, tx.Now())
	if health.BrokenAt != nil && a.BrokenAt == nil {
		s.log.WarnContext(ctx, "carrier fails: breaker opened", "account", a.ID, "carrier", a.Kind, "until", health.ResumeAt)
	}
	if err := tx.SetCarrierHealth(a, health); err != nil {
		return err
	}
	if worst == nil || worst.Kind != ErrAuth {
		return nil
	}
	stopped, err := tx.StopCarrierAccount(a.ID, worst.Message)
	if stopped {
		s.log.ErrorContext(ctx, "carrier account stopped: credentials refused",
			"account", a.ID, "carrier", a.Kind, "status", worst.HTTPStatus)
	}
	return err
}

// after is an account's health after a call; e is what the call told of the
// account, if anything. Only the call that tries an open breaker closes it: an
// answer to one from before says nothing of now. Waits are never shortened.
func after(a *models.CarrierAccount, e *Error, tries bool, now time.Time) models.CarrierHealth {
	h := a.CarrierHealth
	if tries {
		h.ProbeAt, h.ResumeAt = nil, nil
	}
	if e != nil && e.Kind == ErrNoTurn {
		return h // whether the carrier answers is as open as before
	}
	if !aboutAccount(e) {
		if a.BrokenAt == nil || tries {
			h.Failures, h.BrokenAt, h.FailingAt = 0, nil, nil
		}
		return h
	}
	if h.FailingAt == nil && (e.Kind == ErrUnavailable || e.Kind == ErrMalformed) {
		h.FailingAt = &now
	}
	h.LastError, h.LastErrorKind, h.LastErrorAt = e.Message, string(e.Kind), &now
	switch e.Kind {
	case ErrRateLimited:
		h.ResumeAt = latest(h.ResumeAt, now.Add(asked(a, e, now)))
		h.SlowedUntil = latest(h.SlowedUntil, h.ResumeAt.Add(slowFor))
	case ErrUnavailable:
		if h.BrokenAt != nil && !tries {
			break // began before the breaker opened
		}
		h.Failures++
		if h.Failures >= breakerAfter {
			h.ResumeAt = latest(h.ResumeAt, now.Add(min(time.Duration(h.Failures)*time.Minute, longestOpen)))
		}
		if h.Failures >= breakerAfter && h.BrokenAt == nil {
			h.BrokenAt = &now
		}
	case ErrMalformed: // a page of maintenance is no answer either
		if tries {
			h.ResumeAt = latest(h.ResumeAt, now.Add(min(time.Duration(h.Failures)*time.Minute, longestOpen)))
		}
	case ErrAuth, ErrNotFound, ErrForbidden, ErrBadRequest, ErrNoTurn:
	}
	return h
}

// asked is how long to leave a carrier alone after too many calls.
func asked(a *models.CarrierAccount, e *Error, now time.Time) time.Duration {
	switch {
	case e.After > 0:
		return min(max(e.After, time.Second), longestWait)
	case a.SlowedUntil != nil && a.SlowedUntil.After(now):
		return furtherWait
	default:
		return firstWait
	}
}

func latest(a *time.Time, b time.Time) *time.Time {
	if a != nil && a.After(b) {
		return a
	}
	return &b
}

// afterTest is an account's health after somebody tested it. That the carrier
// answers closes the breaker; only what binds every call counts against it.
func afterTest(a *models.CarrierAccount, e *Error, now time.Time) models.CarrierHealth {
	switch {
	case e != nil && e.Kind == ErrNoTurn:
		return a.CarrierHealth
	case !aboutAccount(e):
		h := a.CarrierHealth
		if h.BrokenAt != nil {
			h.ResumeAt, h.BrokenAt, h.ProbeAt = nil, nil, nil
		}
		h.Failures, h.FailingAt = 0, nil
		return h
	case e.Kind == ErrRateLimited:
		return after(a, e, false, now)
	default:
		h := a.CarrierHealth
		h.LastError, h.LastErrorKind, h.LastErrorAt = e.Message, string(e.Kind), &now
		return h
	}
}

// aboutAccount says whether an error tells of the account or its carrier, not
// of one parcel.
func aboutAccount(e *Error) bool {
	if e == nil {
		return false
	}
	switch e.Kind {
	case ErrAuth, ErrRateLimited, ErrUnavailable, ErrMalformed:
		return true
	case ErrNotFound, ErrForbidden, ErrBadRequest, ErrNoTurn:
	}
	return false
}

// stillAsked are the answers to what the account asks with now. Those that were
// refused to credentials which it has no more are no answers.
func stillAsked(tx *models.Tx, loaded *models.CarrierAccount, answers []Answer) ([]Answer, error) {
	refused := func(a Answer) bool { return a.Err != nil && a.Err.Kind == ErrAuth }
	if !slices.ContainsFunc(answers, refused) {
		return answers, nil
	}
	a, err := tx.SeenCarrierAccount(models.AllMerchants(), loaded.ID)
	if err != nil || sameCredentials(a, loaded) {
		return answers, err
	}
	answers = slices.Clone(answers)
	for i := range answers {
		if refused(answers[i]) {
			answers[i].Err = &Error{Kind: ErrNoTurn, Message: "the credentials were replaced meanwhile"}
		}
	}
	return answers, nil
}

// sameCredentials says whether an account is asked with what it was loaded with.
func sameCredentials(a, loaded *models.CarrierAccount) bool {
	return a.BaseURL == loaded.BaseURL && reflect.DeepEqual(a.Fields, loaded.Fields) && reflect.DeepEqual(a.Sealed, loaded.Sealed)
}

// worstError picks the error that says most about the account, not about one parcel.
func worstError(answers []Answer) *Error {
	var worst *Error
	weight := map[ErrorKind]int{ErrAuth: 4, ErrRateLimited: 3, ErrUnavailable: 2, ErrMalformed: 1, ErrNoTurn: -1}
	for _, a := range answers {
		if a.Err != nil && (worst == nil || weight[a.Err.Kind] > weight[worst.Kind]) {
			worst = a.Err
		}
	}
	return worst
}
