package models_test

import (
	"errors"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// A merchant has a number of endpoints at most, also when many are added at once;
// one that is deleted makes room.
func TestEndpointsOfAMerchantAreLimited(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := modelstest.Merchant(t, db)
		add := func() error {
			return db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := tx.CreateEndpoint(models.Endpoint{ID: models.NewID(models.PrefixEndpoint), MerchantID: m.ID, URL: "https://shop.example/"})
				return err
			})
		}
		refused := func(err error) bool {
			var refusal *models.Error
			return errors.As(err, &refusal) && refusal.Code == "too_many_endpoints"
		}
		for range models.MaxEndpoints - 2 {
			if err := add(); err != nil {
				t.Fatal(err)
			}
		}
		good := together(t, 6, func(int) error {
			err := add()
			if err != nil && !refused(err) {
				t.Error(err)
			}
			return err
		})
		if n := count(t, db, "webhook_endpoints", "merchant_id = ?", m.ID); good != 2 || n != models.MaxEndpoints {
			t.Errorf("%d of the last were added, there are %d", good, n)
		}
		endpoints, _, err := db.Endpoints(t.Context(), models.MerchantScope(m.ID), models.Page{Limit: 1})
		if err != nil || len(endpoints) != 1 {
			t.Fatalf("%+v, %v", endpoints, err)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.DeleteEndpoint(models.AllMerchants(), endpoints[0].ID) })
		if err := add(); err != nil {
			t.Errorf("a deleted one makes no room: %v", err)
		}
		if err := add(); !refused(err) {
			t.Errorf("one too many: %v", err)
		}
	})
}
