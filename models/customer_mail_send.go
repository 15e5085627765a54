package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// ClaimMail takes a mail for one try, which is counted. It says false when there
// is nothing to do: it is done, another worker has it, or its time has not come.
func (tx *Tx) ClaimMail(id string, lease time.Duration) (bool, error) {
	return tx.update("customer_mails", map[string]any{
		"tries": gorm.Expr("tries + 1"), "lease_until": tx.now.Add(lease), "updated_at": tx.now,
	}, "id = ? AND state = ? AND next_at <= ? AND (lease_until IS NULL OR lease_until < ?)", id, MailQueued, tx.now, tx.now)
}

// BeginMail marks a claimed mail as handed over, before it is. From here on it
// is never sent again unless the mail server says that it did not take it.
func (tx *Tx) BeginMail(m *CustomerMail) (bool, error) {
	return tx.update("customer_mails", map[string]any{"state": MailSending, "updated_at": tx.now},
		"id = ? AND state = ? AND tries = ?", m.ID, MailQueued, m.Tries)
}

// FinishMail stores what became of a claimed mail; with next it is tried again
// at that time.
func (tx *Tx) FinishMail(m *CustomerMail, state, reason string, next *time.Time) error {
	set := map[string]any{"state": state, "error": reason, "next_at": next, "lease_until": nil, "updated_at": tx.now}
	if state == MailSent {
		set["sent_at"] = tx.now
	}
	ok, err := tx.update("customer_mails", set, "id = ? AND state IN ? AND tries = ?", m.ID, []string{MailQueued, MailSending}, m.Tries)
	if err != nil || !ok {
		return err
	}
	if next != nil {
		tx.EnqueueAt(CustomerMailArgs{MailID: m.ID}, *next)
	}
	tx.Announce(Hint{Topic: "shipment", ID: m.ShipmentID, MerchantID: m.MerchantID})
	return nil
}

// CustomerMail loads a mail for background work.
func (db *DB) CustomerMail(ctx context.Context, id string) (*CustomerMail, error) {
	return first[CustomerMail](db.q(ctx).Where("id = ?", id))
}

// CustomerMail loads a mail inside the transaction.
func (tx *Tx) CustomerMail(id string) (*CustomerMail, error) {
	return first[CustomerMail](tx.q().Where("id = ?", id))
}

// CustomerMails loads the mails about a parcel that the caller has loaded
// already, newest first; there are few.
func (db *DB) CustomerMails(ctx context.Context, shipmentID string) ([]CustomerMail, error) {
	return all[CustomerMail](db.q(ctx).Where("shipment_id = ?", shipmentID).Order("id DESC").Limit(100))
}

// mailPatience is how long a mail may be overdue before its job counts as lost
// with the worker that had taken it.
const mailPatience = 10 * time.Minute

// StalledMails finds mails that are long overdue and that no worker holds.
func (db *DB) StalledMails(ctx context.Context, limit int) ([]CustomerMail, error) {
	now := db.Now()
	return all[CustomerMail](db.q(ctx).Select("id").
		// The literals let SQLite see that the partial index serves.
		Where("state IN ('queued', 'sending') AND next_at < ? AND (lease_until IS NULL OR lease_until < ?)", now.Add(-mailPatience), now).
		Order("next_at").Limit(limit))
}

// RescueMail gives a mail that is long overdue a new job. One that was handed
// over when its worker died has failed: whether it arrived nobody knows, and a
// customer who misses one mail is better off than one who gets it twice.
func (tx *Tx) RescueMail(id string) error {
	const stalled = "id = ? AND state = ? AND next_at < ? AND (lease_until IS NULL OR lease_until < ?)"
	overdue := tx.now.Add(-mailPatience)
	if _, err := tx.update("customer_mails", map[string]any{
		"state": MailFailed, "error": MailUnclear, "next_at": nil, "lease_until": nil, "updated_at": tx.now,
	}, stalled, id, MailSending, overdue, tx.now); err != nil {
		return err
	}
	ok, err := tx.update("customer_mails", map[string]any{"next_at": tx.now, "updated_at": tx.now}, stalled, id, MailQueued, overdue, tx.now)
	if err == nil && ok {
		tx.Enqueue(CustomerMailArgs{MailID: id})
	}
	return err
}
