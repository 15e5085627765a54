package models

import (
	"context"
	"errors"
	"time"
)

// AlertSubscription is which mails a person wants about incidents.
type AlertSubscription struct {
	AlertWish `gorm:"embedded"`

	UserID    string `gorm:"primaryKey"`
	Enabled   bool
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
}

// DefaultSubscription is what counts for somebody who has not chosen: support
// agents are not woken for what they cannot mend.
func DefaultSubscription(u *User) AlertSubscription {
	return AlertSubscription{UserID: u.ID, Enabled: u.Role != RoleSupport, AlertWish: AlertWish{Kinds: []string{}}}
}

// PutAlertSubscription stores what a person wants.
func (tx *Tx) PutAlertSubscription(s AlertSubscription) error {
	if err := s.check(); err != nil {
		return err
	}
	s.UpdatedAt = tx.now
	return tx.upsert(&s, "user_id", "enabled", "critical", "kinds", "quiet_from", "quiet_to", "updated_at")
}

// AlertSubscription loads what a person wants, or their role's default.
func (db *DB) AlertSubscription(ctx context.Context, u *User) (AlertSubscription, error) {
	s, err := first[AlertSubscription](db.q(ctx).Where("user_id = ?", u.ID))
	if errors.Is(err, ErrNotFound) {
		return DefaultSubscription(u), nil
	}
	if err != nil {
		return AlertSubscription{}, err
	}
	return *s, nil
}

// AlertReader is a person who may be told, with what they want.
type AlertReader struct {
	User         User
	Subscription AlertSubscription
	Zone         *time.Location // their own choice, else their merchant's
}

// AlertReaders lists the people who may be told of an incident and want
// anything at all: staff, and of a merchant's own things its people too.
func (tx *Tx) AlertReaders(i *Incident) ([]AlertReader, error) {
	users, err := all[User](forIncident(tx.q().Where("disabled_at IS NULL"), i).Order("id"))
	if err != nil || len(users) == 0 {
		return nil, err
	}
	ids := make([]string, len(users))
	for n := range users {
		ids[n] = users[n].ID
	}
	rows, err := all[AlertSubscription](tx.q().Where("user_id IN ?", ids))
	if err != nil {
		return nil, err
	}
	chosen := make(map[string]AlertSubscription, len(rows))
	for _, row := range rows {
		chosen[row.UserID] = row
	}
	var readers []AlertReader
	for n := range users {
		s, ok := chosen[users[n].ID]
		if !ok {
			s = DefaultSubscription(&users[n])
		}
		if !s.Enabled {
			continue
		}
		zone, err := tx.zoneOf(&users[n])
		if err != nil {
			return nil, err
		}
		readers = append(readers, AlertReader{User: users[n], Subscription: s, Zone: zone})
	}
	return readers, nil
}

func (tx *Tx) zoneOf(u *User) (*time.Location, error) {
	if zone, err := time.LoadLocation(u.Timezone); u.Timezone != "" && err == nil {
		return zone, nil
	}
	if u.MerchantID == nil {
		return time.UTC, nil
	}
	return tx.db.location(tx, *u.MerchantID)
}
