package models_test

import (
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// What a provider refused is forgotten when somebody edits the account or its
// test passes, so that the next refusal is news.
func TestGatewayAccessIsForgotten(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		refused := func() bool {
			t.Helper()
			a := load[models.GatewayAccount](t, db, s.gateway)
			return a.RefusedAt != nil
		}
		refuse := func(tx *models.Tx) error { return tx.NoteGatewayAccess(s.gateway, "invalid_api_key") }
		modelstest.Write(t, db, refuse)
		if !refused() {
			t.Fatal("a refusal is not kept")
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.NoteAccountTest(s.gateway, models.AccountTest{}) })
		if !refused() {
			t.Error("a test that failed takes a refusal back")
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.NoteAccountTest(s.gateway, models.AccountTest{OK: true}) })
		if refused() {
			t.Error("refused after a test that passed")
		}
		modelstest.Write(t, db, refuse)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			a := load[models.GatewayAccount](t, db, s.gateway)
			return tx.UpdateGatewayAccount(&a)
		})
		if refused() {
			t.Error("refused after somebody edited it")
		}
	})
}
