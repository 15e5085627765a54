package carriers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/models"
)

// Manual is what a person tells of a parcel.
type Manual struct {
	// Override says where the parcel stands, whatever its carrier told before.
	// Otherwise it is a scan like the carrier's, and the same rules hold.
	Override  bool
	Status    Status
	Reason    Reason
	LocalTime string         // when it happened, "2006-01-02T15:04"; empty: now
	Zone      *time.Location // whose clock that is; nil: the place's, of which nobody knows the zone
	Location  string
	Note      string // why it is entered
}

// Reasons lists all reasons.
var Reasons = []Reason{
	ReasonDelay, ReasonWeather, ReasonCustoms, ReasonCustomsDocuments, ReasonCustomsDuties, ReasonAddressProblem,
	ReasonRecipientUnavailable, ReasonRecipientRefused, ReasonSignatureRequired, ReasonPaymentDue, ReasonRedirected,
	ReasonHeld, ReasonSecurityCheck, ReasonAccessRestricted, ReasonDamaged, ReasonLost, ReasonSeized, ReasonDestroyed,
	ReasonUndeliverable, ReasonMisrouted, ReasonUnclaimed, ReasonActionRequired,
}

// Enter stores what a person tells and what follows of it.
func (s *Service) Enter(tx *models.Tx, scope models.Scope, id string, in Manual, actor models.Actor) (*models.Shipment, error) {
	note, err := why("note", in.Note)
	if err != nil {
		return nil, err
	}
	event, err := in.event(tx.Now())
	if err != nil {
		return nil, err
	}
	sh, err := locked(tx, scope, id)
	if err != nil {
		return nil, err
	}
	row := rows(sh, []Event{event}, tx.Now())[0]
	row.Source, row.ActorID, row.ActorName, row.Note = models.SourceManual, actor.ID, actor.Name, note
	action := "shipment.scan"
	if in.Override {
		// Remembers the summary that the person saw: see toldSince.
		row.Source, row.Code, action = models.SourceOverride, sh.HeaderStatus, "shipment.override"
	}
	if err := tx.EnterTrackingEvent(sh, row); err != nil {
		return nil, err
	}
	before := sh.Status
	if err := s.recompute(tx, sh); err != nil {
		return nil, err
	}
	return sh, tx.Audit(actor, models.AuditEntry{
		MerchantID: &sh.MerchantID, Action: action, ObjectID: sh.ID, OrderID: &sh.OrderID, Reason: note,
		Detail: map[string]string{"told": row.Status, "before": before, "after": sh.Status},
	})
}

// Withdraw takes back what a person told.
func (s *Service) Withdraw(
	tx *models.Tx, scope models.Scope, id, eventID, note string, actor models.Actor,
) (*models.Shipment, error) {
	note, err := why("note", note)
	if err != nil {
		return nil, err
	}
	sh, err := locked(tx, scope, id)
	if err != nil {
		return nil, err
	}
	if err := tx.WithdrawTrackingEvent(sh, eventID); err != nil {
		return nil, err
	}
	before := sh.Status
	if err := s.recompute(tx, sh); err != nil {
		return nil, err
	}
	return sh, tx.Audit(actor, models.AuditEntry{
		MerchantID: &sh.MerchantID, Action: "shipment.withdraw", ObjectID: sh.ID, OrderID: &sh.OrderID, Reason: note,
		Detail: map[string]string{"event": eventID, "before": before, "after": sh.Status},
	})
}

// Retrack follows a parcel again that was silent for too long.
func (s *Service) Retrack(tx *models.Tx, scope models.Scope, id string, actor models.Actor) (*models.Shipment, error) {
	sh, err := locked(tx, scope, id)
	if err != nil {
		return nil, err
	}
	if Status(sh.Status) != StatusExpired {
		return nil, models.Conflict("not_expired", sh.Status)
	}
	now := tx.Now()
	sh.TrackedSince = &now
	if err := s.recompute(tx, sh); err != nil {
		return nil, err
	}
	if err := tx.RequestSync(sh, 0); err != nil {
		return nil, err
	}
	return sh, tx.Audit(actor, models.AuditEntry{
		MerchantID: &sh.MerchantID, Action: "shipment.retrack", ObjectID: sh.ID, OrderID: &sh.OrderID,
	})
}

// Replacement corrects a mistyped parcel.
type Replacement struct {
	Carrier        string
	TrackingNumber string
	Note           string
}

// Replace adds the parcel that was meant and cancels the mistyped one: what was
// told of another's parcel stays with the wrong number. Its public address leads
// to the right one.
func (s *Service) Replace(
	tx *models.Tx, scope models.Scope, id string, in Replacement, actor models.Actor,
) (*models.Shipment, error) {
	note, err := why("note", in.Note)
	if err != nil {
		return nil, err
	}
	returns, err := tx.Returns(id)
	if err != nil {
		return nil, err
	}
	if err := tx.LockShipments(append(returns, id)); err != nil { // before their order, as polls do
		return nil, err
	}
	old, err := locked(tx, scope, id)
	if err != nil {
		return nil, err
	}
	if old.Status == models.ShipmentCanceled {
		return nil, models.Conflict("parcel_canceled", old.Status)
	}
	meant := New{
		OrderID: old.OrderID, Carrier: in.Carrier, TrackingNumber: in.TrackingNumber, Items: old.Items, Direction: old.Direction,
		PromisedAt: old.PromisedAt, RecipientPhoneLast4: old.RecipientPhoneLast4,
		old: old,
	}
	if old.ReturnOf != nil {
		meant.ReturnOf = *old.ReturnOf
	}
	created, err := s.Add(tx, old.MerchantID, meant)
	if err != nil {
		return nil, err
	}
	if err := tx.MoveReturns(old.ID, created.ID); err != nil {
		return nil, err
	}
	if err := tx.ReplaceShipment(old.ID, created.ID); err != nil {
		return nil, err
	}
	_, err = s.Enter(tx, scope, id, Manual{
		Override: true, Status: StatusCanceled, Note: note + " → " + created.TrackingNumber,
	}, actor)
	if err != nil {
		return nil, err
	}
	return created, tx.Audit(actor, models.AuditEntry{
		MerchantID: &old.MerchantID, Action: "shipment.replace", ObjectID: created.ID, OrderID: &old.OrderID, Reason: note,
		Detail: map[string]string{"replaces": old.ID, "number": old.TrackingNumber},
	})
}

// locked loads a parcel of the scope, with its order locked too.
func locked(tx *models.Tx, scope models.Scope, id string) (*models.Shipment, error) {
	if err := tx.LockShipments([]string{id}); err != nil {
		return nil, err
	}
	return tx.Shipment(scope, id)
}

// recompute derives a parcel's status from what is stored, without any news of
// its carrier.
func (s *Service) recompute(tx *models.Tx, sh *models.Shipment) error {
	in, err := loaded(tx, sh)
	if err != nil {
		return err
	}
	result := Compute(in)
	c := changed(sh, result)
	c.Cause = "manual"
	switch over := Terminal(result.Status, result.Reason); {
	case sh.CarrierAccountID == nil || c.Status == sh.Status:
	case over:
		c.NextPollAt, c.Unchanged = s.next(tx, sh, c, PollInput{Zone: in.Destination}), 0
	case sh.NextPollAt == nil: // it was over, and is not
		now := tx.Now()
		c.NextPollAt, c.Unchanged = &now, 0
	}
	if err := tx.MoveShipment(sh, c); err != nil {
		return fmt.Errorf("recompute: %w", err)
	}
	return nil
}

// followedSince is since when news of a parcel are expected.
func followedSince(sh *models.Shipment) time.Time {
	if sh.TrackedSince != nil {
		return *sh.TrackedSince
	}
	return sh.CreatedAt
}

// event makes a scan of what a person tells.
func (in *Manual) event(now time.Time) (Event, error) {
	if !Milestone(in.Status) && (in.Override || in.Status != StatusInfo) {
		return Event{}, models.Invalid("status", "unknown_status")
	}
	if in.Reason != "" && !slices.Contains(Reasons, in.Reason) {
		return Event{}, models.Invalid("reason", "unknown_reason")
	}
	if in.Status != StatusException && Terminal(StatusException, in.Reason) {
		return Event{}, models.Invalid("reason", "reason_contradicts")
	}
	e := Event{Status: in.Status, Reason: in.Reason, Location: Text(in.Location, maxText)}
	if in.LocalTime == "" {
		zone := in.Zone
		if zone == nil {
			zone = time.UTC
		}
		e.SetTime(now.In(zone).Format("2006-01-02T15:04:05Z07:00"), nil)
		return e, nil
	}
	if in.LocalTime < earliestDay {
		return Event{}, models.Invalid("local_time", "time_too_early")
	}
	e.SetTime(in.LocalTime, in.Zone)
	if e.LocalTime == "" || Suspect(e, now) {
		return Event{}, models.Invalid("local_time", "bad_time")
	}
	return e, nil
}

// Bounds of what people say for a reason.
const (
	shortestNote = 3
	longestNote  = 500
)

func why(field, note string) (string, error) {
	note = strings.TrimSpace(note)
	switch {
	case len([]rune(note)) < shortestNote:
		return "", models.Invalid(field, "reason_required")
	case len([]rune(note)) > longestNote:
		return "", models.Invalid(field, "too_long")
	}
	return note, nil
}
