package models_test

import (
	"errors"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// A merchant has a number of endpoints and of channels at most, also when many
// are added at once; one that is deleted makes room.
func TestWhatAMerchantMayHaveIsLimited(t *testing.T) {
	t.Parallel()
	kinds := map[string]struct {
		most   int
		code   string
		add    func(tx *models.Tx, merchantID, id string) error
		remove func(tx *models.Tx, id string) error
	}{
		"webhook_endpoints": {
			models.MaxEndpoints, "too_many_endpoints",
			func(tx *models.Tx, merchantID, id string) error {
				_, err := tx.CreateEndpoint(models.Endpoint{ID: id, MerchantID: merchantID, URL: "https://shop.example/"})
				return err
			},
			func(tx *models.Tx, id string) error { return tx.DeleteEndpoint(models.AllMerchants(), id) },
		},
		"alert_channels": {
			models.MaxAlertChannels, "too_many_channels",
			func(tx *models.Tx, merchantID, id string) error {
				return tx.CreateAlertChannel(models.AlertChannel{
					ID: id, MerchantID: &merchantID, Kind: "webhook", Fields: map[string]string{}, Sealed: map[string]string{},
					Hints: map[string]models.SecretHint{},
				})
			},
			func(tx *models.Tx, id string) error { return tx.DeleteAlertChannel(models.AllMerchants(), id) },
		},
	}
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		for table, kind := range kinds {
			m := modelstest.Merchant(t, db)
			var last string
			add := func() error {
				id := models.NewID("row")
				err := db.Write(t.Context(), func(tx *models.Tx) error { return kind.add(tx, m.ID, id) })
				if err == nil {
					last = id
				}
				return err
			}
			refused := func(err error) bool {
				var refusal *models.Error
				return errors.As(err, &refusal) && refusal.Code == kind.code
			}
			for range kind.most - 2 {
				if err := add(); err != nil {
					t.Fatal(err)
				}
			}
			spare := last
			good := together(t, 6, func(int) error {
				return db.Write(t.Context(), func(tx *models.Tx) error { return kind.add(tx, m.ID, models.NewID("row")) })
			})
			if n := count(t, db, table, "merchant_id = ?", m.ID); good != 2 || n != int64(kind.most) {
				t.Errorf("%s: %d of the last were added, there are %d", table, good, n)
			}
			modelstest.Write(t, db, func(tx *models.Tx) error { return kind.remove(tx, spare) })
			if err := add(); err != nil {
				t.Errorf("%s: a deleted one makes no room: %v", table, err)
			}
			if err := add(); !refused(err) {
				t.Errorf("%s: one too many: %v", table, err)
			}
		}
	})
}
