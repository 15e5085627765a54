package models

import (
	"context"
	"fmt"
	"time"
)

// Throttling of logins to one account: after freeLogins failures in a row each
// further one doubles the wait, up to longestWait; nobody is locked out for good.
const (
	freeLogins  = 5
	longestWait = 15 * time.Minute
)

// ClaimLogin counts a try to sign in as failed, before the password is looked
// at, so that tries made at once are counted too; NoteLogin forgets it. It says
// false when the account must wait.
func (tx *Tx) ClaimLogin(id string) (bool, error) {
	u, err := first[User](tx.q().Clauses(forUpdate).Where("id = ?", id))
	if err != nil {
		return false, err
	}
	if u.LockedUntil != nil && u.LockedUntil.After(tx.now) {
		return false, nil
	}
	set := map[string]any{"failed_logins": u.FailedLogins + 1}
	if wait := loginWait(u.FailedLogins + 1); wait > 0 {
		set["locked_until"] = tx.now.Add(wait)
	}
	ok, err := tx.update("users", set, "id = ? AND failed_logins = ?", id, u.FailedLogins)
	if err == nil && !ok {
		err = ErrRaced
	}
	return err == nil, err
}

// loginWait is how long an account waits after a number of failures.
func loginWait(failures int) time.Duration {
	if failures < freeLogins {
		return 0
	}
	return min(time.Second<<min(failures-freeLogins, 20), longestWait)
}

// ReplacePasswordHash stores the same password hashed at another cost; unlike
// SetPassword it ends no session.
func (tx *Tx) ReplacePasswordHash(id, hash string) error {
	_, err := tx.update("users", map[string]any{"password_hash": hash}, "id = ?", id)
	return err
}

// SessionsAlive tells which of the sessions still exist, by their id hashes.
func (db *DB) SessionsAlive(ctx context.Context, hashes []string) (map[string]bool, error) {
	alive := make(map[string]bool, len(hashes))
	const batch = 500
	for len(hashes) > 0 {
		n := min(batch, len(hashes))
		var found []string
		err := db.q(ctx).Model(&Session{}).Where("id_hash IN ? AND expires_at > ?", hashes[:n], db.Now()).
			Pluck("id_hash", &found).Error
		if err != nil {
			return nil, fmt.Errorf("look up sessions: %w", err)
		}
		for _, hash := range found {
			alive[hash] = true
		}
		hashes = hashes[n:]
	}
	return alive, nil
}

// UserSessions lists a user's sessions, the last used first.
func (db *DB) UserSessions(ctx context.Context, userID string) ([]Session, error) {
	return all[Session](db.q(ctx).Where("user_id = ? AND expires_at > ?", userID, db.Now()).
		Order("seen_at DESC").Limit(MaxLimit))
}

// EndSessions ends a user's sessions but the one with the given id hash, which may be empty.
func (tx *Tx) EndSessions(userID, except string) error {
	return tx.deleteSessions("user_id = ? AND id_hash <> ?", userID, except)
}
