package models_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// patiently executes a statement however long it takes.
func patiently(t testing.TB, db *models.DB, statement string, args ...any) {
	t.Helper()
	modelstest.Write(t, db, func(tx *models.Tx) error {
		if db.Dialect == models.Postgres {
			if err := tx.Gorm().Exec("SET LOCAL statement_timeout = 0").Error; err != nil {
				return err
			}
		}
		return tx.Gorm().Exec(statement, args...).Error
	})
}

// queriesOf runs fn and returns the SELECTs that it sends, ready to be explained.
func queriesOf(t *testing.T, fn func(ctx context.Context) error) []string {
	t.Helper()
	var (
		found []string
		ctx   = context.WithValue(t.Context(), recordKey{}, &found)
	)
	if err := fn(ctx); err != nil {
		t.Error(err)
	}
	return found
}

type recordKey struct{}

// record keeps the statements of contexts that queriesOf made.
func record(t *testing.T, db *models.DB) {
	t.Helper()
	recordOf(t, db.Reads(t.Context()))
	if db.Dialect == models.SQLite { // whose writer is another pool
		modelstest.Write(t, db, func(tx *models.Tx) error {
			recordOf(t, tx.Gorm())
			return nil
		})
	}
}

func recordOf(t *testing.T, pool *gorm.DB) {
	t.Helper()
	err := pool.Callback().Query().After("gorm:query").Register("test:record", func(g *gorm.DB) {
		if found, ok := g.Statement.Context.Value(recordKey{}).(*[]string); ok {
			*found = append(*found, g.Dialector.Explain(g.Statement.SQL.String(), g.Statement.Vars...))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// small tables may be read whole, and so may what a query has itself made.
var small = []string{
	"merchants", "users", "tracking_settings", "gateway_accounts", "carrier_accounts", "webhook_endpoints", "found", "s", "CONSTANT",
}

// explain returns the lines of the query's plan that read a table or an index
// from end to end. A list without a filter may go down an index, since it stops
// at its limit; one with a filter would not.
func explain(t *testing.T, db *models.DB, sql string, filtered bool) (whole []string) {
	t.Helper()
	prefix, column := "EXPLAIN ", "QUERY PLAN"
	if db.Dialect == models.SQLite {
		prefix, column = "EXPLAIN QUERY PLAN ", "detail"
	}
	var rows []map[string]any
	if err := db.Reads(t.Context()).Raw(prefix + strings.ReplaceAll(sql, "?", "??")).Scan(&rows).Error; err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = strings.TrimSpace(fmt.Sprint(row[column]))
	}
	for i, line := range lines {
		table, ordered := scanned(line)
		below := strings.Join(lines[i+1:min(i+3, len(lines))], " ")
		walks := strings.Contains(line, "_pkey") && strings.HasPrefix(below, "Filter:")
		if table != "" && !slices.Contains(small, table) && (!ordered || filtered) || filtered && walks {
			whole = append(whole, line)
		}
	}
	return whole
}

var (
	seqScan    = regexp.MustCompile(`Seq Scan on (\w+)`)
	sqliteScan = regexp.MustCompile(`^SCAN (\w+)`)
	// fewRows are indexes that hold alone what waits for somebody.
	fewRows = regexp.MustCompile(`shipments_late|shipments_returns|shipments_unsynced|shipments_unasked|payments_issue|payments_desk|disputes_open`)
)

// scanned names the table that a line of a plan reads whole, in the order of an
// index or not.
func scanned(line string) (table string, ordered bool) {
	if m := seqScan.FindStringSubmatch(line); m != nil {
		return m[1], false
	}
	if m := sqliteScan.FindStringSubmatch(line); m != nil {
		if fewRows.MatchString(line) {
			return "", false
		}
		return m[1], strings.Contains(line, "USING")
	}
	return "", false
}
