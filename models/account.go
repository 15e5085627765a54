package models

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// SecretHint is what may be shown of a sealed secret.
type SecretHint struct {
	Last4 string    `json:"last4"`
	SetBy string    `json:"set_by"`
	SetAt time.Time `json:"set_at"`
}

// Account is what payment and carrier accounts have in common. Sealed holds the
// secrets by field name, each bound to its row and field.
type Account struct {
	ID            string `gorm:"primaryKey"`
	MerchantID    string
	Kind          string
	Name          string
	BaseURL       string
	Fields        map[string]string     `gorm:"serializer:json"`
	Sealed        map[string]string     `gorm:"serializer:json"`
	Hints         map[string]SecretHint `gorm:"serializer:json"`
	Position      int
	Enabled       bool
	TestedAt      *time.Time
	TestOK        bool
	TestKind      string // of what the test found, for people of every language; empty: TestMessage has it
	TestMessage   string
	TestLatencyMS int64
	CreatedAt     time.Time
	UpdatedAt     time.Time `gorm:"autoUpdateTime:false"`
}

// GatewayAccount is a merchant's account at a payment provider.
type GatewayAccount struct {
	Account `gorm:"embedded"`

	RateLimit        int        // requests a second, of all nodes together
	RateSecond       *time.Time // that RateTaken counts
	RateTaken        int
	BreakerOpenUntil *time.Time // no calls before: the provider fails
	BreakerResetAt   *time.Time // when somebody closed it by hand
	CaughtUpAt       *time.Time // until when lost webhooks were looked for
	RefusedAt        *time.Time // since when the provider refuses the credentials
	RefusedCode      string     // the provider's
}

// DefaultRateLimit is below what providers allow for one of their endpoints:
// Stripe allows 25 requests a second (https://docs.stripe.com/rate-limits).
const DefaultRateLimit = 20

// CarrierAccount is a merchant's account at a carrier.
type CarrierAccount struct {
	Account       `gorm:"embedded"`
	CarrierLimits `gorm:"embedded"`
	CarrierHealth `gorm:"embedded"`

	StoppedAt   *time.Time // after refused credentials, until an admin resumes it
	StopReason  string
	PausedAt    *time.Time // by a person
	PausedUntil *time.Time // nil: until somebody resumes it
	PauseReason string
	PausedBy    string
	BudgetDay   string // UTC day that CallsToday counts
	CallsToday  int
	UrgentToday int        // of these, for parcels that are out for delivery
	NextCallAt  *time.Time // when the rate allows the next call

	TestScopes    []string `gorm:"serializer:json"` // what the credentials are for, by the last test
	TestQuotaLeft *int     // calls or parcels left, by the last test; nil when the carrier did not say
}

// account gives generic code the common part of either kind.
type account interface {
	GatewayAccount | CarrierAccount
}

// GatewayAccounts lists payment accounts by merchant and position; there are few.
func (db *DB) GatewayAccounts(ctx context.Context, scope Scope) ([]GatewayAccount, error) {
	return accounts[GatewayAccount](db.q(ctx), scope)
}

// CarrierAccounts lists carrier accounts by merchant and position; there are few.
func (db *DB) CarrierAccounts(ctx context.Context, scope Scope) ([]CarrierAccount, error) {
	return accounts[CarrierAccount](db.q(ctx), scope)
}

func accounts[T account](q *gorm.DB, scope Scope) ([]T, error) {
	return all[T](scope.in(q, "merchant_id").Order("merchant_id, position, id"))
}

// GatewayAccount loads one payment account.
func (db *DB) GatewayAccount(ctx context.Context, scope Scope, id string) (*GatewayAccount, error) {
	return first[GatewayAccount](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
}

// CarrierAccount loads one carrier account.
func (db *DB) CarrierAccount(ctx context.Context, scope Scope, id string) (*CarrierAccount, error) {
	return first[CarrierAccount](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
}

// RouteGateway chooses the account of a new attempt: the one named, or the
// merchant's first enabled one.
func (tx *Tx) RouteGateway(merchantID, id string) (*GatewayAccount, error) {
	q := MerchantScope(merchantID).in(tx.q(), "merchant_id")
	if id != "" {
		a, err := first[GatewayAccount](q.Where("id = ?", id))
		if errors.Is(err, ErrNotFound) {
			return nil, Invalid("gateway", "unknown_gateway")
		}
		if err == nil && !a.Enabled {
			return nil, Invalid("gateway", "gateway_disabled")
		}
		return a, err
	}
	a, err := first[GatewayAccount](q.Where("enabled = ?", true).Order("position, id"))
	if errors.Is(err, ErrNotFound) {
		return nil, Invalid("gateway", "no_gateway")
	}
	return a, err
}

// EnabledGateways lists the merchant's enabled payment accounts in the order of
// its routing.
func (tx *Tx) EnabledGateways(merchantID string) ([]GatewayAccount, error) {
	return all[GatewayAccount](MerchantScope(merchantID).in(tx.q(), "merchant_id").
		Where("enabled = ?", true).Order("position, id"))
}

// RouteCarrier chooses the account that follows a parcel, by account id or by
// carrier code. It returns the code, and no account when the merchant has none
// for it. An id that is none of its accounts is not found.
func (tx *Tx) RouteCarrier(merchantID, carrier string, aggregators []string) (string, *CarrierAccount, error) {
	q := MerchantScope(merchantID).in(tx.q(), "merchant_id")
	if IsID(PrefixCarrierAccount, carrier) {
		a, err := first[CarrierAccount](q.Where("id = ?", carrier))
		if err != nil {
			return "", nil, err
		}
		return a.Kind, a, nil
	}
	a, err := first[CarrierAccount](q.Where("kind IN ? AND enabled = ?", append([]string{carrier}, aggregators...), true).
		Order(clause.OrderBy{Expression: clause.Expr{SQL: "CASE kind WHEN ? THEN 0 ELSE 1 END, position, id", Vars: []any{carrier}}}))
	if errors.Is(err, ErrNotFound) {
		return carrier, nil, nil
	}
	return carrier, a, err
}

// CreateGatewayAccount adds a payment account; its ID is made by the caller,
// because sealed secrets are bound to it.
func (tx *Tx) CreateGatewayAccount(a GatewayAccount) error {
	a.prepare(tx.now)
	a.RateLimit = cmp.Or(a.RateLimit, DefaultRateLimit)
	return tx.createAccount(&a)
}

// CreateCarrierAccount adds a carrier account; its ID is made by the caller.
// Parcels that nobody could ask about so far are followed from now on.
func (tx *Tx) CreateCarrierAccount(a CarrierAccount) error {
	a.prepare(tx.now)
	tx.Enqueue(FollowArgs{AccountID: a.ID})
	if a.TestScopes == nil {
		a.TestScopes = []string{}
	}
	return tx.createAccount(&a)
}

func (a *Account) prepare(now time.Time) {
	if a.Fields == nil {
		a.Fields = map[string]string{}
	}
	if a.Sealed == nil {
		a.Sealed = map[string]string{}
	}
	if a.Hints == nil {
		a.Hints = map[string]SecretHint{}
	}
	a.CreatedAt, a.UpdatedAt = now, now
}

func (tx *Tx) createAccount(row any) error {
	res := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(row)
	if res.Error != nil {
		return fmt.Errorf("create account: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return &Error{Kind: KindConflict, Code: "account_name_taken", Field: "name"}
	}
	return nil
}

// UpdateGatewayAccount writes an edited payment account. It leaves a refusal as
// it is: who brings new credentials ends it by NoteGatewayAccess.
func (tx *Tx) UpdateGatewayAccount(a *GatewayAccount) error { return tx.updateAccount(a, &a.Account) }

// UpdateCarrierAccount writes an edited carrier account. It leaves a stop as it
// is: who brings new credentials lifts it by ResumeCarrierAccount.
func (tx *Tx) UpdateCarrierAccount(a *CarrierAccount) error {
	tx.Enqueue(FollowArgs{AccountID: a.ID})
	return tx.updateAccount(a, &a.Account)
}

func (tx *Tx) updateAccount(row any, common *Account) error {
	common.UpdatedAt = tx.now
	err := tx.q().Model(row).
		Select("name", "base_url", "fields", "sealed", "hints", "position", "enabled", "updated_at").
		Updates(row).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return &Error{Kind: KindConflict, Code: "account_name_taken", Field: "name"}
	}
	if err != nil {
		return fmt.Errorf("update account %s: %w", common.ID, err)
	}
	tx.Announce(Hint{Topic: "account", ID: common.ID, MerchantID: common.MerchantID})
	return nil
}

// AccountTest is the result of Test connection.
type AccountTest struct {
	OK        bool
	Kind      string // of what was found, for people of every language; empty: Message has it
	Message   string
	LatencyMS int64
	Scopes    []string // of carriers: what the credentials are for
	QuotaLeft *int     // of carriers: calls or parcels left; nil when the carrier does not say
}

// NoteAccountTest stores the result of a test of either kind of account.
func (tx *Tx) NoteAccountTest(id string, t AccountTest) error {
	table := "gateway_accounts"
	set := map[string]any{
		"tested_at": tx.now, "test_ok": t.OK, "test_kind": t.Kind, "test_message": t.Message, "test_latency_ms": t.LatencyMS,
	}
	if IsID(PrefixCarrierAccount, id) {
		scopes, err := json.Marshal(append([]string{}, t.Scopes...))
		if err != nil {
			return fmt.Errorf("scopes of account %s: %w", id, err)
		}
		table, set["test_scopes"], set["test_quota_left"] = "carrier_accounts", string(scopes), t.QuotaLeft
	}
	_, err := tx.update(table, set, "id = ?", id)
	return err
}
