package carriers

import (
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillpost/tillpost/models"
)

// Bounds of the reason for an act, in characters: the shortest tells somebody
// something.
const (
	minReason = 3
	maxReason = 500
)

// reasonOf checks and trims why somebody does something with an account.
func reasonOf(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(text); {
	case n < minReason:
		return "", models.Invalid("reason", "reason_required")
	case n > maxReason:
		return "", models.Invalid("reason", "too_long")
	}
	return text, nil
}

// Act is what somebody does with an account, and why.
type Act struct {
	Reason string
	Actor  models.Actor
}

// longestPause is the longest time for which an account is paused; open-ended
// pauses are for longer ones.
const longestPause = 90 * 24 * time.Hour

// Pause keeps an account from calling, for a time or, when it is zero, until
// somebody resumes it.
func (s *Service) Pause(tx *models.Tx, scope models.Scope, id string, during time.Duration, act Act) error {
	reason, err := reasonOf(act.Reason)
	if err != nil {
		return err
	}
	if during < 0 || during > longestPause {
		return models.Invalid("during", "out_of_range")
	}
	a, err := tx.CarrierAccount(scope, id)
	if err != nil {
		return err
	}
	pause, detail := models.CarrierPause{Reason: reason, By: act.Actor.Name}, map[string]string{}
	if during > 0 {
		until := tx.Now().Add(during).Truncate(time.Second)
		pause.Until, detail["until"] = &until, until.UTC().Format(time.RFC3339)
	}
	if err := tx.PauseCarrierAccount(a.ID, pause); err != nil {
		return err
	}
	return s.acted(tx, a, "account.pause", reason, act.Actor, detail)
}

// Resume lets an account call again that was paused or stopped.
func (s *Service) Resume(tx *models.Tx, scope models.Scope, id string, act Act) error {
	reason, err := reasonOf(act.Reason)
	if err != nil {
		return err
	}
	a, err := tx.SeenCarrierAccount(scope, id)
	if err != nil {
		return err
	}
	if a.StoppedAt != nil {
		if err := tx.ResumeCarrierAccount(a.ID); err != nil {
			return err
		}
	}
	if err := tx.UnpauseCarrierAccount(a.ID); err != nil {
		return err
	}
	return s.acted(tx, a, "account.resume", reason, act.Actor, nil)
}

// ResetBreaker lets an account call again at its whole rate because somebody
// knows that its carrier answers.
func (s *Service) ResetBreaker(tx *models.Tx, scope models.Scope, id string, act Act) error {
	reason, err := reasonOf(act.Reason)
	if err != nil {
		return err
	}
	a, err := tx.SeenCarrierAccount(scope, id)
	if err != nil {
		return err
	}
	if err := tx.ResetCarrierBreaker(a.ID); err != nil {
		return err
	}
	return s.acted(tx, a, "account.reset", reason, act.Actor, nil)
}

// SetLimits changes an account's own quota and rate; 0 is the carrier's.
func (s *Service) SetLimits(tx *models.Tx, scope models.Scope, id string, l models.CarrierLimits, actor models.Actor) error {
	a, err := tx.CarrierAccount(scope, id)
	if err != nil {
		return err
	}
	if err := tx.SetCarrierLimits(a.ID, l); err != nil {
		return err
	}
	return s.acted(tx, a, "account.limit", "", actor, map[string]string{"from": written(a.CarrierLimits), "to": written(l)})
}

// acted enters an act into the audit log and tells open pages.
func (s *Service) acted(
	tx *models.Tx, a *models.CarrierAccount, action, reason string, actor models.Actor, detail map[string]string,
) error {
	tx.Announce(models.Hint{Topic: "account", ID: a.ID, MerchantID: a.MerchantID})
	all := map[string]string{"kind": a.Kind, "name": a.Name}
	maps.Copy(all, detail)
	return tx.Audit(actor, models.AuditEntry{
		MerchantID: &a.MerchantID, Action: action, ObjectID: a.ID, Reason: reason, Detail: all,
	})
}

// written are limits in the audit log.
func written(l models.CarrierLimits) string {
	quota, rate := "carrier's", "carrier's"
	if l.QuotaPerDay > 0 {
		quota = strconv.Itoa(l.QuotaPerDay)
	}
	if l.RatePerSecond > 0 {
		rate = strconv.FormatFloat(l.RatePerSecond, 'f', -1, 64)
	}
	return quota + " a day, " + rate + " a second"
}
