package models

import (
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm/clause"
)

// Kinds of mails to customers: what they tell of a parcel.
const (
	MailShipped            = "shipped" // it moves for the first time
	MailOutForDelivery     = ShipmentOutForDelivery
	MailAvailableForPickup = ShipmentAvailableForPickup
	MailDeliveryFailed     = ShipmentDeliveryFailed
	MailException          = ShipmentException // and somebody must act
	MailDelivered          = ShipmentDelivered
	MailReturned           = ShipmentReturned
)

// MailKinds lists all, in the order of a parcel's way.
var MailKinds = []string{
	MailShipped, MailOutForDelivery, MailAvailableForPickup, MailDeliveryFailed, MailException, MailDelivered, MailReturned,
}

// States of mails to customers.
const (
	MailQueued     = "queued"
	MailSending    = "sending" // handed to the mail server; what came of it is not known yet
	MailSent       = "sent"
	MailFailed     = "failed"
	MailSuppressed = "suppressed" // not sent, for a reason that is no failure
)

// Why mails are suppressed or fail, as far as models know.
const (
	MailOutdated = "outdated" // the parcel went on before the mail was sent
	MailUnclear  = "unclear"  // the process died while it was sent: it is not sent again
)

// CustomerMail is a mail that tells a customer of a status, once on each of the
// parcel's journeys.
type CustomerMail struct {
	ID         string `gorm:"primaryKey"`
	MerchantID string
	ShipmentID string
	Journey    int
	Status     string // its kind
	Recipient  string // empty when it was pruned
	Language   string // that the order asked for; empty when it did not
	State      string
	Tries      int
	Error      string // why it failed or was suppressed
	NextAt     *time.Time
	LeaseUntil *time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time `gorm:"autoUpdateTime:false"`
	SentAt     *time.Time
}

// news is how old what happened to a parcel may be for its customer to be told.
// Older things are history, which a late account or an import brings.
const news = 3 * 24 * time.Hour

// MailKind is what customers are told of a parcel as it is now; empty when nothing.
func (s *Shipment) MailKind() string {
	switch s.Status {
	case ShipmentPickedUp, ShipmentInTransit:
		return MailShipped
	case ShipmentOutForDelivery, ShipmentAvailableForPickup, ShipmentDeliveryFailed, ShipmentDelivered, ShipmentReturned:
		return s.Status
	case ShipmentException:
		if CustomerMustAct(s.StatusReason) {
			return MailException
		}
	}
	return ""
}

// CustomerMustAct says whether a parcel waits for its sender or recipient to do
// something about the reason. The carriers' reasons say the same.
func CustomerMustAct(reason string) bool {
	switch reason {
	case "customs_documents", "customs_duties", "payment_due", "address_problem", "signature_required", "action_required":
		return true
	default:
		return false
	}
}

// keepJourney begins another journey when a parcel that was on its way back, or
// there, sets out to its recipient again. That it never was on its way back,
// because the scan was taken back, begins none.
func (tx *Tx) keepJourney(before, s *Shipment) error {
	if before.Status != ShipmentReturning && before.Status != ShipmentReturned {
		return nil
	}
	switch s.Status {
	case ShipmentPickedUp, ShipmentInTransit, ShipmentOutForDelivery, ShipmentAvailableForPickup, ShipmentDeliveryFailed, ShipmentDelivered:
	default:
		return nil
	}
	var scans []string
	err := tx.q().Table("tracking_events").Where("shipment_id = ? AND retracted_at IS NULL AND status IN ?", s.ID,
		[]string{ShipmentReturning, ShipmentReturned}).Limit(1).Pluck("id", &scans).Error
	if err != nil {
		return fmt.Errorf("journey of %s: %w", s.ID, err)
	}
	if len(scans) > 0 {
		s.Journey = before.Journey + 1
	}
	return nil
}

// tellCustomer writes the mail that a change of a parcel gives cause to, with
// its job; the merchant decides whether. The unique key lets one of two that
// find the same change write it.
func (tx *Tx) tellCustomer(before, s *Shipment, cause string) error {
	kind := s.MailKind()
	if kind == "" || kind == before.MailKind() && s.Journey == before.Journey || s.Direction != DirectionOutbound {
		return nil
	}
	if cause == CauseRecompute { // what is corrected happened long ago
		return nil
	}
	settings, err := tx.TrackingSettings(s.MerchantID)
	if err != nil || !settings.Sends(kind) {
		return err
	}
	happened, err := tx.happened(s)
	if err != nil || happened.Before(tx.now.Add(-news)) {
		return err
	}
	o, err := tx.order(MerchantScope(s.MerchantID), s.OrderID)
	if err != nil || !IsMailAddress(o.CustomerEmail) {
		return err
	}
	return tx.queueMail(&CustomerMail{
		ID: NewID(PrefixCustomerMail), MerchantID: s.MerchantID, ShipmentID: s.ID, Journey: s.Journey, Status: kind,
		Recipient: o.CustomerEmail, Language: o.Language(), State: MailQueued, NextAt: &tx.now,
		CreatedAt: tx.now, UpdatedAt: tx.now,
	})
}

// happened is when a parcel came to its status, as well as it is known.
func (tx *Tx) happened(s *Shipment) (time.Time, error) {
	if s.Status == ShipmentDelivered && s.DeliveredAt != nil {
		return *s.DeliveredAt, nil
	}
	scans, err := all[TrackingEvent](trackingOrder(tx.q().Select("sort_at").
		Where("shipment_id = ? AND status = ? AND retracted_at IS NULL", s.ID, s.Status)).Limit(1))
	switch {
	case err != nil:
		return time.Time{}, err
	case len(scans) > 0:
		return scans[0].SortAt, nil
	case s.HeaderAt != nil && s.HeaderStatus == s.Status:
		return *s.HeaderAt, nil
	case s.LastEventAt != nil:
		return *s.LastEventAt, nil
	default:
		return tx.now, nil
	}
}

// queueMail stores a mail unless the status was told before. One that was not
// sent because the parcel had gone on is sent when it comes back to the status.
func (tx *Tx) queueMail(m *CustomerMail) error {
	if m.Status == MailShipped {
		told, err := all[CustomerMail](tx.q().Select("id").Where("shipment_id = ? AND journey = ?", m.ShipmentID, m.Journey).Limit(1))
		if err != nil || len(told) > 0 { // a parcel that goes back to the depot does not set out again
			return err
		}
	}
	res := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(m)
	if res.Error != nil {
		return fmt.Errorf("queue mail: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		old, err := first[CustomerMail](tx.q().Where("shipment_id = ? AND journey = ? AND status = ?", m.ShipmentID, m.Journey, m.Status))
		if err != nil {
			return err
		}
		again, err := tx.update("customer_mails", map[string]any{
			"state": MailQueued, "error": "", "tries": 0, "next_at": tx.now, "updated_at": tx.now,
			"recipient": m.Recipient, "language": m.Language,
		}, "id = ? AND state = ? AND error = ?", old.ID, MailSuppressed, MailOutdated)
		if err != nil || !again {
			return err
		}
		m.ID = old.ID
	}
	tx.Enqueue(CustomerMailArgs{MailID: m.ID})
	return nil
}

// Language is the language that the shop noted with the order, as a tag;
// empty when it did not.
func (o *Order) Language() string {
	for _, key := range []string{"language", "locale"} {
		if tag := strings.TrimSpace(o.Metadata[key]); tag != "" && len(tag) <= 35 {
			return tag
		}
	}
	return ""
}
