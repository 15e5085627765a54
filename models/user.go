package models

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Roles of users.
const (
	RoleAdmin    = "admin"
	RoleSupport  = "support"
	RoleMerchant = "merchant"
)

// User is a person who signs in.
type User struct {
	ID           string `gorm:"primaryKey"`
	MerchantID   *string
	Email        string // lower case
	PasswordHash string
	Role         string
	Language     string
	Timezone     string
	FailedLogins int
	LockedUntil  *time.Time
	LastLoginAt  *time.Time
	DisabledAt   *time.Time
	CreatedAt    time.Time
}

// Scope is what the user may see.
func (u *User) Scope() Scope {
	if u.Role == RoleMerchant && u.MerchantID != nil {
		return MerchantScope(*u.MerchantID)
	}
	if u.Role == RoleAdmin || u.Role == RoleSupport {
		return AllMerchants()
	}
	return Scope{}
}

// CreateUser adds a user. The e-mail address is unique: conflict email_taken. A
// merchant that does not exist is ErrNotFound.
func (tx *Tx) CreateUser(u User) (*User, error) {
	u.Email = NormalizeEmail(u.Email)
	if addr, err := mail.ParseAddress(u.Email); err != nil || addr.Address != u.Email {
		return nil, Invalid("email", "bad_email")
	}
	switch u.Role {
	case RoleMerchant:
		if u.MerchantID == nil {
			return nil, Invalid("merchant", "required")
		}
	case RoleAdmin, RoleSupport:
		u.MerchantID = nil
	default:
		return nil, Invalid("role", "unknown_role")
	}
	u.ID, u.CreatedAt = NewID(PrefixUser), tx.now
	res := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(&u)
	if errors.Is(res.Error, gorm.ErrForeignKeyViolated) {
		return nil, ErrNotFound // the merchant
	}
	if res.Error != nil {
		return nil, fmt.Errorf("create user: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return nil, &Error{Kind: KindConflict, Code: "email_taken", Field: "email"}
	}
	return &u, nil
}

// NormalizeEmail is the form in which e-mail addresses are stored and compared.
func NormalizeEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// UserByEmail loads a user who signs in.
func (db *DB) UserByEmail(ctx context.Context, email string) (*User, error) {
	return first[User](db.q(ctx).Where("email = ?", NormalizeEmail(email)))
}

// User loads one user.
func (db *DB) User(ctx context.Context, id string) (*User, error) {
	return first[User](db.q(ctx).Where("id = ?", id))
}

// UsersByID loads users by id; those that do not exist are left out.
func (db *DB) UsersByID(ctx context.Context, ids ...string) (map[string]User, error) {
	found := make(map[string]User, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	rows, err := all[User](db.q(ctx).Where("id IN ?", ids))
	for i := range rows {
		found[rows[i].ID] = rows[i]
	}
	return found, err
}

// Users lists users, newest first, with the next page's cursor.
func (db *DB) Users(ctx context.Context, p Page) ([]User, string, error) {
	return page(db.q(ctx), p, PrefixUser, func(u User) string { return u.ID })
}

// DisableUser keeps a user out and ends all sessions.
func (tx *Tx) DisableUser(id string) error {
	ok, err := tx.update("users", map[string]any{"disabled_at": tx.now}, "id = ? AND disabled_at IS NULL", id)
	if err != nil {
		return err
	}
	if !ok {
		return ErrNotFound
	}
	return tx.deleteSessions("user_id = ?", id)
}

// EnableUser lets a disabled user in again.
func (tx *Tx) EnableUser(id string) error {
	_, err := tx.update("users", map[string]any{"disabled_at": nil, "failed_logins": 0, "locked_until": nil}, "id = ?", id)
	return err
}

// SetPassword replaces a user's password hash and ends all sessions.
func (tx *Tx) SetPassword(id, hash string) error {
	if _, err := tx.update("users",
		map[string]any{"password_hash": hash, "failed_logins": 0, "locked_until": nil}, "id = ?", id); err != nil {
		return err
	}
	return tx.deleteSessions("user_id = ?", id)
}

// NoteLogin keeps when a user signed in, and forgets failures.
func (tx *Tx) NoteLogin(id string) error {
	_, err := tx.update("users",
		map[string]any{"last_login_at": tx.now, "failed_logins": 0, "locked_until": nil}, "id = ?", id)
	return err
}

// SetPreferences stores a user's language and time zone; empty follows the browser.
func (tx *Tx) SetPreferences(id, language, timezone string) error {
	_, err := tx.update("users", map[string]any{"language": language, "timezone": timezone}, "id = ?", id)
	return err
}
