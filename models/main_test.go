package models_test

import (
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// TestMain runs all tests on a machine that stands in India, half an hour off
// everybody's hours: no time may depend on where the machine is.
func TestMain(m *testing.M) {
	time.Local = time.FixedZone("machine", 5*60*60+30*60)
	// Each check of a property is some dozens of transactions; -rapid.checks and -rapid.steps ask for more.
	for name, value := range map[string]string{"rapid.checks": "20", "rapid.steps": "12"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	if os.Getenv(crashEnv) != "" {
		crash()
	}
	os.Exit(m.Run())
}

// count counts the rows of a table, with a condition.
func count(t testing.TB, db *models.DB, table string, where ...any) int64 {
	t.Helper()
	var n int64
	q := db.Reads(context.Background()).Table(table)
	if len(where) > 0 {
		q = q.Where(where[0], where[1:]...)
	}
	if err := q.Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

// execute sends statements inside a transaction of their own.
func execute(t testing.TB, db *models.DB, sql string, args ...any) {
	t.Helper()
	modelstest.Write(t, db, func(tx *models.Tx) error { return tx.Gorm().Exec(sql, args...).Error })
}

// shop is a merchant with a gateway.
type shop struct {
	*models.Merchant

	scope   models.Scope
	gateway string
}

func newShop(t testing.TB, db *models.DB) shop {
	t.Helper()
	m := modelstest.Merchant(t, db)
	return shop{m, models.MerchantScope(m.ID), modelstest.Gateway(t, db, m.ID).ID}
}

// load reads one row by id, whoever owns it.
func load[T any](t testing.TB, db *models.DB, id string) T {
	t.Helper()
	var row T
	if err := db.Reads(context.Background()).Where("id = ?", id).First(&row).Error; err != nil {
		t.Fatalf("load %T %s: %v", row, id, err)
	}
	return row
}
