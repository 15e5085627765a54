package models_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// What is past its retention goes with all that belongs to it; what is not stays.
func TestPrune(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		clock := db.Now
		shop := modelstest.Merchant(t, db)
		var endpoint *models.Endpoint
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			endpoint, err = tx.CreateEndpoint(models.Endpoint{
				ID: models.NewID(models.PrefixEndpoint), MerchantID: shop.ID, URL: "https://shop.example", Secret: "sealed",
			})
			return err
		})
		ping := func() string {
			var id string
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, d, err := tx.PingEndpoint(models.AllMerchants(), endpoint.ID)
				if err == nil {
					id = d.EventID
				}
				return err
			})
			return id
		}
		event := ping()
		lane := claim(t, db, models.ClaimRequest{Endpoints: []string{endpoint.ID}, Room: 1})[endpoint.ID]
		modelstest.FinishDelivery(t, db, &lane.Deliveries[0], models.DeliveryAttempt{
			StartedAt: db.Now(), Status: 200, Answer: "ok", RequestHeaders: models.SentHeaders{"Webhook-Id": event},
		}, models.DeliveryDelivered, nil)
		prune := func() (deleted int64) {
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				deleted, err = tx.Prune(10)
				return err
			})
			return deleted
		}
		if n := prune(); n != 0 {
			t.Errorf("%d fresh rows were deleted", n)
		}
		db.KeepAttempts = 7 * 24 * time.Hour
		db.Now = func() time.Time { return clock().Add(8 * 24 * time.Hour) }
		if n := prune(); n != 1 {
			t.Errorf("%d rows were emptied, want the attempt", n)
		}
		attempts, err := db.DeliveryAttempts(t.Context(), lane.Deliveries[0].ID)
		if err != nil || len(attempts) != 1 || attempts[0].Answer != "" || len(attempts[0].RequestHeaders) != 0 || attempts[0].Status != 200 {
			t.Errorf("attempts %+v, %v", attempts, err)
		}
		db.Now = func() time.Time { return clock().Add(91 * 24 * time.Hour) }
		if n := prune(); n != 4 {
			t.Errorf("%d rows were deleted, want the event with its delivery, its attempt and the hour's figures", n)
		}
		if _, err := db.Event(t.Context(), models.AllMerchants(), event); err == nil {
			t.Error("the event is still there")
		}
	})
}
