package models

import (
	"context"
	"fmt"
	"time"
)

// SettlementByDigest finds a file of an account that was read before.
func (db *DB) SettlementByDigest(ctx context.Context, accountID, digest string) (*SettlementFile, error) {
	return first[SettlementFile](db.q(ctx).
		Where("gateway_account_id = ? AND digest = ? AND status = ?", accountID, digest, SettlementDone))
}

// SettlementFiles lists the files that were read or are being read, newest
// first, with the next page's cursor.
func (db *DB) SettlementFiles(ctx context.Context, scope Scope, accountID string, p Page) ([]SettlementFile, string, error) {
	q := equal(scope.in(db.q(ctx), "merchant_id"), "gateway_account_id", accountID)
	return page(q, p, PrefixSettlement, func(f SettlementFile) string { return f.ID })
}

// SettlementFile loads one file that was read.
func (db *DB) SettlementFile(ctx context.Context, scope Scope, id string) (*SettlementFile, error) {
	return first[SettlementFile](scope.in(db.q(ctx), "merchant_id").Where("id = ? AND status = ?", id, SettlementDone))
}

// neighborsAtOnce is how many files before and after another one are looked at.
const neighborsAtOnce = 20

// EarlierSettlements loads the files of an account, other than this one, that
// begin before a moment, those that reach furthest first.
func (db *DB) EarlierSettlements(ctx context.Context, accountID, fileID string, from time.Time) ([]SettlementFile, error) {
	return all[SettlementFile](db.q(ctx).
		Where("gateway_account_id = ? AND status = ? AND covers_from < ? AND id <> ?", accountID, SettlementDone, from, fileID).
		Order("covers_to DESC").Limit(neighborsAtOnce))
}

// LaterSettlements loads those that begin then or after it, the earliest first.
func (db *DB) LaterSettlements(ctx context.Context, accountID, fileID string, from time.Time) ([]SettlementFile, error) {
	return all[SettlementFile](db.q(ctx).
		Where("gateway_account_id = ? AND status = ? AND covers_from >= ? AND id <> ?", accountID, SettlementDone, from, fileID).
		Order("covers_from").Limit(neighborsAtOnce))
}

// SettledCurrencies are those of the charges and refunds of files.
func (db *DB) SettledCurrencies(ctx context.Context, fileIDs []string) ([]string, error) {
	var out []string
	err := db.q(ctx).Table("settlement_sums").Distinct("currency").
		Where("file_id IN ? AND kind IN ?", fileIDs, []SettlementKind{SettledCharge, SettledRefund}).Pluck("currency", &out).Error
	if err != nil {
		return nil, fmt.Errorf("load currencies of settlement files: %w", err)
	}
	return out, nil
}

// SettlementSums loads the sums of a file that the caller has loaded already,
// by kind and currency.
func (db *DB) SettlementSums(ctx context.Context, fileID string) ([]SettlementSum, error) {
	return all[SettlementSum](db.q(ctx).Where("file_id = ?", fileID).Order("kind, currency"))
}

// SettlementRefusals loads lines that could not be read of a file that the
// caller has loaded already.
func (db *DB) SettlementRefusals(ctx context.Context, fileID string, limit int) ([]SettlementRefusal, error) {
	return all[SettlementRefusal](db.q(ctx).Where("file_id = ?", fileID).Order("position").Limit(limit))
}

// DifferenceFilter chooses among the differences of a file.
type DifferenceFilter struct {
	Difference Difference
	Kind       SettlementKind
}

// SettlementDifferences lists the differences of a file that the caller has
// loaded already, from the position after on, by their place in the file.
func (db *DB) SettlementDifferences(
	ctx context.Context, fileID string, f DifferenceFilter, after int64, limit int,
) ([]SettlementLine, error) {
	// The literal condition lets SQLite choose the index, which has it too.
	q := db.q(ctx).Where("file_id = ? AND difference <> '' AND position > ?", fileID, after)
	q = equal(q, "difference", string(f.Difference))
	q = equal(q, "kind", string(f.Kind))
	return all[SettlementLine](q.Order("position").Limit(limit))
}

// CountDifferences counts a file's lines by difference; the file's own count is
// their sum.
func (db *DB) CountDifferences(ctx context.Context, fileID string) (map[Difference]int64, error) {
	var rows []struct {
		Difference Difference
		N          int64
	}
	err := db.q(ctx).Table("settlement_lines").Select("difference, COUNT(*) AS n").
		Where("file_id = ? AND difference <> ''", fileID).Group("difference").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count differences: %w", err)
	}
	counts := make(map[Difference]int64, len(rows))
	for _, row := range rows {
		counts[row.Difference] = row.N
	}
	return counts, nil
}
