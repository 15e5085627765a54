package models

import (
	"context"
	"fmt"
	"time"
)

// Session is a signed-in browser. Its cookie holds an id of which only the
// SHA-256 is stored.
type Session struct {
	IDHash    string `gorm:"primaryKey"`
	UserID    string
	Data      string
	IP        string
	UserAgent string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

// Session loads a session that has not expired.
func (db *DB) Session(ctx context.Context, idHash string) (*Session, error) {
	return first[Session](db.q(ctx).Where("id_hash = ? AND expires_at > ?", idHash, db.Now()))
}

// CreateSession stores a new session. It locks the user, so that one who is
// being disabled gets no session after the others were ended: ErrNotFound.
func (tx *Tx) CreateSession(s Session) error {
	if _, err := first[User](tx.q().Clauses(forUpdate).Where("id = ? AND disabled_at IS NULL", s.UserID)); err != nil {
		return err
	}
	s.CreatedAt, s.SeenAt = tx.now, tx.now
	return tx.create(&s)
}

// TouchSession moves a session's expiry; it does not bring an ended one back.
func (tx *Tx) TouchSession(idHash, data string, expiresAt time.Time) (bool, error) {
	return tx.update("sessions",
		map[string]any{"data": data, "seen_at": tx.now, "expires_at": expiresAt},
		"id_hash = ? AND expires_at > ?", idHash, tx.now)
}

// DeleteSession ends a session.
func (tx *Tx) DeleteSession(idHash string) error { return tx.deleteSessions("id_hash = ?", idHash) }

func (tx *Tx) deleteSessions(where string, args ...any) error {
	if err := tx.q().Where(where, args...).Delete(&Session{}).Error; err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}
