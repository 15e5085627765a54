package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// SettlementKind is what a line of a settlement file is about.
type SettlementKind string

// The kinds of lines. Fees, payouts and others are added up and match nothing.
const (
	SettledCharge  SettlementKind = "charge"
	SettledRefund  SettlementKind = "refund"
	SettledDispute SettlementKind = "dispute"
	SettledFee     SettlementKind = "fee"
	SettledPayout  SettlementKind = "payout"
	SettledOther   SettlementKind = "other"
)

// SettlementKinds lists all, in the order in which sums are shown.
var SettlementKinds = []SettlementKind{
	SettledCharge, SettledRefund, SettledDispute, SettledFee, SettledPayout, SettledOther,
}

// Difference is how a line and what is stored disagree.
type Difference string

// The differences; a line without one agrees, or has nothing to agree with.
const (
	NoDifference  Difference = ""
	MissingHere   Difference = "missing_here"   // a line that matches nothing
	MissingThere  Difference = "missing_there"  // settled here, and no line tells of it
	AmountDiffers Difference = "amount_differs" // amount or currency
	Duplicate     Difference = "duplicate"      // charged or refunded once more than here
)

// Differences lists all, the gravest first.
var Differences = []Difference{Duplicate, AmountDiffers, MissingHere, MissingThere}

// States of a settlement file.
const (
	SettlementReading = "reading"
	SettlementDone    = "done"
)

// settlementLease is how long a reader may take over one batch of lines.
const settlementLease = 2 * time.Minute

// SettlementFile is a provider's account of what it settled, as it was read.
type SettlementFile struct {
	ID               string `gorm:"primaryKey"`
	MerchantID       string
	GatewayAccountID string
	Name             string
	Format           string
	Digest           string // SHA-256 of its bytes: the same file is read once
	Status           string
	LeaseUntil       *time.Time
	Lines            int64 // that could be read
	Refused          int64 // that could not
	Differences      int64
	Unchecked        int64 // settled here in currencies that the file does not have
	ImportedBy       string
	CoversFrom       *time.Time // the first and last moment that lines tell of
	CoversTo         *time.Time
	CreatedAt        time.Time
}

// SettlementLine is one line of a file or, where a difference is missing_there,
// what one would expect there. Amounts are minor units as the provider booked
// them: what it gave is above zero, what it took is below.
type SettlementLine struct {
	FileID            string `gorm:"primaryKey"`
	Position          int64  `gorm:"primaryKey;autoIncrement:false"` // line number; after the last one where no line is
	MerchantID        string
	Kind              SettlementKind
	LineID            string // the provider's id of the line
	ProviderReference string
	ParentReference   string // of the payment, on lines about something else of it
	Reference         string // our id, if the provider repeats it
	Amount            int64
	Fee               int64
	Currency          string
	PaidAmount        int64 // what the customer paid, where it was converted
	PaidCurrency      string
	OccurredAt        *time.Time
	PaymentID         *string
	RefundID          *string
	DisputeID         *string
	ExpectedAmount    int64 // with ExpectedCurrency, what is stored here
	ExpectedCurrency  string
	Difference        Difference
}

// Compared is the amount that must agree with what is stored.
func (l *SettlementLine) Compared() (amount int64, currency string) {
	if l.PaidCurrency != "" {
		return l.PaidAmount, l.PaidCurrency
	}
	return l.Amount, l.Currency
}

// SettlementSum is what a file's lines of one kind and currency come to.
type SettlementSum struct {
	FileID   string         `gorm:"primaryKey" json:"-"`
	Kind     SettlementKind `gorm:"primaryKey" json:"kind"`
	Currency string         `gorm:"primaryKey" json:"currency"`
	Lines    int64          `json:"lines"`
	Amount   int64          `json:"amount"` // minor units
	Fee      int64          `json:"fee"`
}

// SettlementRefusal is a line of a file that could not be read.
type SettlementRefusal struct {
	FileID   string `gorm:"primaryKey" json:"-"`
	Position int64  `gorm:"primaryKey;autoIncrement:false" json:"line"`
	Reason   string `json:"reason"`
}

// TakeDeadSettlement takes over what an account's last reader left half-read, if
// its lease has ended. It must be dropped before another file can be opened.
func (tx *Tx) TakeDeadSettlement(accountID string) (*SettlementFile, error) {
	f, err := first[SettlementFile](tx.q().
		Where("gateway_account_id = ? AND status = ? AND lease_until < ?", accountID, SettlementReading, tx.now))
	if err != nil {
		return nil, err
	}
	lease := tx.now.Add(settlementLease)
	ok, err := tx.update("settlement_files", map[string]any{"lease_until": lease},
		"id = ? AND status = ? AND lease_until = ?", f.ID, SettlementReading, f.LeaseUntil)
	if err == nil && !ok {
		err = ErrRaced
	}
	f.LeaseUntil = &lease
	return f, err
}

// OpenSettlement begins to read a file. A file that was read before comes back
// done. An account's files are read one at a time, since each is compared with
// those before it: while another one is read there is a conflict,
// settlement_running.
func (tx *Tx) OpenSettlement(f SettlementFile) (*SettlementFile, error) {
	lease := tx.now.Add(settlementLease)
	f.ID, f.Status, f.LeaseUntil, f.CreatedAt = NewID(PrefixSettlement), SettlementReading, &lease, tx.now
	res := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(&f)
	if res.Error != nil {
		return nil, fmt.Errorf("open settlement file: %w", res.Error)
	}
	if res.RowsAffected == 1 {
		tx.announceSettlement(&f, true)
		return &f, nil
	}
	known, err := first[SettlementFile](tx.q().
		Where("gateway_account_id = ? AND digest = ? AND status = ?", f.GatewayAccountID, f.Digest, SettlementDone))
	if errors.Is(err, ErrNotFound) {
		return nil, Conflict("settlement_running", SettlementReading)
	}
	return known, err
}

func (tx *Tx) announceSettlement(f *SettlementFile, isNew bool) {
	tx.Announce(Hint{Topic: "settlement", ID: f.ID, MerchantID: f.MerchantID, New: isNew})
}

// AddSettlementLines stores lines of a file that is being read, with how many
// were read until now, and renews its lease. Whoever has lost it gets a conflict, settlement_running.
func (tx *Tx) AddSettlementLines(f *SettlementFile, lines []SettlementLine, refusals []SettlementRefusal) (*time.Time, error) {
	lease := tx.now.Add(settlementLease)
	ok, err := tx.update("settlement_files", map[string]any{"lease_until": lease, "lines": f.Lines},
		"id = ? AND status = ? AND lease_until = ?", f.ID, SettlementReading, f.LeaseUntil)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, Conflict("settlement_running", SettlementReading)
	}
	if err := insertMany(tx, lines); err != nil {
		return nil, err
	}
	tx.announceSettlement(f, false)
	return &lease, insertMany(tx, refusals)
}

// FinishedSettlement is what is known when all lines of a file were read.
type FinishedSettlement struct {
	File     SettlementFile // its counts and the time that it covers
	Sums     []SettlementSum
	Differs  map[Difference][]int64 // positions, of what only all lines together show
	Payments []string               // that lines of charges tell of
	Refunds  []string               // that lines of refunds tell of
}

// FinishSettlement stores what becomes known at the end of a file. Payments and
// refunds that earlier files of the account lacked are no longer missing there.
func (tx *Tx) FinishSettlement(in *FinishedSettlement) error {
	f := &in.File
	for difference, positions := range in.Differs {
		for part := range slices.Chunk(positions, lookUpAtOnce) {
			if _, err := tx.update("settlement_lines", map[string]any{"difference": difference},
				"file_id = ? AND position IN ?", f.ID, part); err != nil {
				return err
			}
		}
	}
	if err := tx.answerMissing(f, "payment_id", SettledCharge, in.Payments); err != nil {
		return err
	}
	if err := tx.answerMissing(f, "refund_id", SettledRefund, in.Refunds); err != nil {
		return err
	}
	for i := range in.Sums {
		in.Sums[i].FileID = f.ID
	}
	if err := insertMany(tx, in.Sums); err != nil {
		return err
	}
	ok, err := tx.update("settlement_files", map[string]any{
		"status": SettlementDone, "lease_until": nil, "lines": f.Lines, "refused": f.Refused, "differences": f.Differences,
		"unchecked": f.Unchecked, "covers_from": f.CoversFrom, "covers_to": f.CoversTo,
	}, "id = ? AND status = ? AND lease_until = ?", f.ID, SettlementReading, f.LeaseUntil)
	if err == nil && !ok {
		return Conflict("settlement_running", SettlementReading)
	}
	tx.announceSettlement(f, false)
	return err
}

// answerMissing takes back that other files lack what this one has.
func (tx *Tx) answerMissing(f *SettlementFile, column string, kind SettlementKind, ids []string) error {
	for part := range slices.Chunk(ids, lookUpAtOnce) {
		var answered []struct {
			FileID string
			N      int64
		}
		err := tx.q().Table("settlement_lines AS l").Joins("JOIN settlement_files f ON f.id = l.file_id").
			Select("l.file_id, COUNT(*) AS n").Group("l.file_id").
			Where("l."+column+" IN ? AND l.kind = ? AND l.difference = ? AND f.gateway_account_id = ? AND f.id <> ?",
				part, kind, MissingThere, f.GatewayAccountID, f.ID).Scan(&answered).Error
		if err != nil {
			return fmt.Errorf("look up what other files lack: %w", err)
		}
		for _, other := range answered {
			err := tx.q().Where("file_id = ? AND "+column+" IN ? AND kind = ? AND difference = ?", other.FileID, part, kind, MissingThere).
				Delete(&SettlementLine{}).Error
			if err != nil {
				return fmt.Errorf("answer settlement file %s: %w", other.FileID, err)
			}
			if _, err := tx.update("settlement_files", map[string]any{"differences": gorm.Expr("differences - ?", other.N)},
				"id = ?", other.FileID); err != nil {
				return err
			}
		}
	}
	return nil
}

// DropSettlement forgets a file that was not read to its end, in short
// transactions. Whoever has lost its lease drops nothing: it is another's.
func (db *DB) DropSettlement(ctx context.Context, f *SettlementFile) error {
	const held = "SELECT 1 FROM settlement_files WHERE id = ? AND status = ? AND lease_until = ?"
	for _, table := range []string{"settlement_lines", "settlement_refusals"} {
		for more := true; more; {
			err := db.Write(ctx, func(tx *Tx) error {
				res := tx.q().Exec("DELETE FROM "+table+" WHERE file_id = ? AND position IN (SELECT position FROM "+table+
					" WHERE file_id = ? ORDER BY position LIMIT ?) AND EXISTS ("+held+")",
					f.ID, f.ID, 10*lookUpAtOnce, f.ID, SettlementReading, f.LeaseUntil)
				more = res.RowsAffected > 0
				return res.Error
			})
			if err != nil {
				return fmt.Errorf("drop lines of settlement file %s: %w", f.ID, err)
			}
		}
	}
	return db.Write(ctx, func(tx *Tx) error {
		err := tx.q().Where("id = ? AND status = ? AND lease_until = ?", f.ID, SettlementReading, f.LeaseUntil).Delete(&SettlementFile{}).Error
		if err != nil {
			return fmt.Errorf("drop settlement file %s: %w", f.ID, err)
		}
		tx.announceSettlement(f, false)
		return nil
	})
}
