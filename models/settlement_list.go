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

// SettlementFiles lists the files that were read, newest first, with the next
// page's cursor.
func (db *DB) SettlementFiles(ctx context.Context, scope Scope, accountID string, p Page) ([]SettlementFile, string, error) {
	q := equal(scope.in(db.q(ctx), "merchant_id"), "gateway_account_id", accountID)
	return page(q.Where("status = ?", SettlementDone), p, PrefixSettlement, func(f SettlementFile) string { return f.ID })
}

// SettlementFile loads one file that was read.
func (db *DB) SettlementFile(ctx context.Context, scope Scope, id string) (*SettlementFile, error) {
	return first[SettlementFile](scope.in(db.q(ctx), "merchant_id").Where("id = ? AND status = ?", id, SettlementDone))
}

// EarlierSettlements loads the last files of an account, other than this one,
// that begin before a moment, those that reach furthest first.
func (db *DB) EarlierSettlements(ctx context.Context, accountID, fileID string, before time.Time) ([]SettlementFile, error) {
	return all[SettlementFile](db.q(ctx).
		Where("gateway_account_id = ? AND status = ? AND covers_from < ? AND id <> ?", accountID, SettlementDone, before, fileID).
		Order("covers_to DESC").Limit(20))
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
