package handlers

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// An operator sees what waits in the database, and that it does not answer, on
// nodes without pages too.
func TestOpsHandler(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		modelstest.Write(t, db, func(tx *models.Tx) error {
			m, err := tx.CreateMerchant(models.Merchant{Name: "Shop", Currency: "EUR"})
			if err != nil {
				return err
			}
			return tx.CreateCarrierAccount(models.CarrierAccount{Account: models.Account{
				ID: models.NewID(models.PrefixCarrierAccount), MerchantID: m.ID, Kind: "sandbox", Name: "Parcels", Enabled: true,
			}})
		})
		if _, err := db.SQL().ExecContext(t.Context(), "UPDATE carrier_accounts SET stopped_at = created_at"); err != nil {
			t.Fatal(err)
		}
		ask := func(ops http.Handler, path string) (int, string) {
			shown := httptest.NewRecorder()
			ops.ServeHTTP(shown, httptest.NewRequest(http.MethodGet, path, http.NoBody))
			return shown.Code, shown.Body.String()
		}
		deps := Deps{DB: db, Log: slog.New(slog.DiscardHandler)}
		ops := OpsHandler(deps)
		status, text := ask(ops, "/metrics")
		for _, want := range []string{
			"tillpost_db_up 1", `tillpost_jobs{queue="upkeep",state="available"} 1`, `tillpost_jobs_oldest_seconds{queue="money"} 0`,
			`tillpost_attempts_open{status="unknown"} 0`, `tillpost_attention{what="payments_needs_review"} 0`,
			"tillpost_carrier_accounts_stopped 1", "tillpost_gateway_breakers_open 0", "go_goroutines ",
		} {
			if status != http.StatusOK || !strings.Contains(text, want) {
				t.Errorf("%d without %s", status, want)
			}
		}
		for path, want := range map[string]string{"/healthz": `{"status":"ok"}`, "/readyz": `{"status":"ready"}`} {
			if status, text := ask(ops, path); status != http.StatusOK || text != want {
				t.Errorf("%s answers %d %s", path, status, text)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if status, text := ask(OpsHandler(deps), "/metrics"); status != http.StatusOK || !strings.Contains(text, "tillpost_db_up 0") {
			t.Errorf("without a database: %d %s", status, fmt.Sprintf("%.200s", text))
		}
		if status, _ := ask(ops, "/readyz"); status != http.StatusServiceUnavailable {
			t.Errorf("without a database /readyz answers %d", status)
		}
	})
}
