package settlement_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/settlement"
)

// manyLines is how many lines the benchmark's file has.
const manyLines = 100_000

// BenchmarkImport reads a file of 100,000 charges, each of a payment that is
// stored; one line in a thousand differs.
func BenchmarkImport(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *models.DB{"sqlite": modelstest.SQLite, "postgres": modelstest.Postgres} {
		b.Run(name, func(b *testing.B) {
			db := open(b)
			m := modelstest.Merchant(b, db)
			account := modelstest.Gateway(b, db, m.ID)
			seed(b, db, m.ID, account.ID)
			text := manyCharges(0)
			for n := 0; b.Loop(); n++ {
				r, err := settlement.Import(context.Background(), db, account, strings.NewReader(text+strings.Repeat("\n", n)), settlement.Options{
					Name: "many.csv", Format: settlement.FormatStripe, Actor: modelstest.Actor(),
				})
				if err != nil {
					b.Fatal(err)
				}
				if n == 0 && (r.Lines != manyLines || r.Differences[models.AmountDiffers] != manyLines/1000 || len(r.Differences) != 1) {
					b.Fatalf("%+v", r)
				}
			}
		})
	}
}

// seed stores payments with their attempts in a few statements.
func seed(b *testing.B, db *models.DB, merchantID, accountID string) {
	b.Helper()
	id := func(prefix string) string {
		if db.Dialect == models.Postgres {
			return "'" + prefix + "_' || lpad(i::text, 26, '0')"
		}
		return "'" + prefix + "_' || printf('%026d', i)"
	}
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)", manyLines-1)
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Format("2006-01-02 15:04:05+00:00")
	for _, sql := range []string{
		`INSERT INTO orders (id, merchant_id, number, status, currency, amount, shipping_address, metadata, placed_at, amount_paid, created_at, updated_at) ` +
			numbers + ` SELECT ` + id("ord") + `, '` + merchantID + `', 'N' || i, 'open', 'EUR', 1000, '{}', '{}', '` + now + `', 1000, '` + now + `', '` + now + `' FROM n`,
		`INSERT INTO payments (id, merchant_id, order_id, gateway_account_id, status, amount, amount_captured, currency, capture, method_type, metadata,
			next_action, created_at, updated_at) ` + numbers + ` SELECT ` + id("pay") + `, '` + merchantID + `', ` + id("ord") + `, '` + accountID + `', 'paid', 1000, 1000,
			'EUR', 'automatic', 'card', '{}', '{}', '` + now + `', '` + now + `' FROM n`,
		`INSERT INTO attempts (id, merchant_id, payment_id, gateway_account_id, number, kind, status, cause, idempotency_key, provider_reference, created_at, finished_at) ` +
			numbers + ` SELECT ` + id("att") + `, '` + merchantID + `', ` + id("pay") + `, '` + accountID + `', 1, 'charge', 'succeeded', 'api', 'k' || i, 'pi_' || i,
			'` + now + `', '` + now + `' FROM n`,
		`ANALYZE`,
	} {
		if _, err := db.SQL().ExecContext(context.Background(), sql); err != nil {
			b.Fatal(err)
		}
	}
}

func manyCharges(from int) string {
	var text strings.Builder
	text.WriteString("balance_transaction_id,created_utc,currency,gross,fee,reporting_category,source_id,payment_intent_id\n")
	for i := from; i < from+manyLines; i++ {
		amount := "10.00"
		if i%1000 == 0 {
			amount = "9.99"
		}
		fmt.Fprintf(&text, "txn_%d,%s,eur,%s,0.40,charge,ch_%d,pi_%d\n", i,
			time.Date(2026, 11, 1, 0, 0, i, 0, time.UTC).Format("2006-01-02 15:04:05"), amount, i, i)
	}
	return text.String()
}
