package carriers_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/secret"
)

// courier is a carrier that says what a test wants.
type courier struct {
	mu     sync.Mutex
	calls  int
	limits carriers.Limits
	answer func(p carriers.Parcel) carriers.Answer
}

func (c *courier) Track(_ context.Context, _ carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	out := make([]carriers.Answer, len(parcels))
	for i, p := range parcels {
		out[i] = c.answer(p)
	}
	return out
}

func (c *courier) Limits() carriers.Limits { return c.limits }

func (c *courier) say(answer carriers.Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = func(carriers.Parcel) carriers.Answer { return answer }
}

// depot is a service with a merchant, an account and an order.
type depot struct {
	*carriers.Service

	db      *models.DB
	keys    *secret.Keys
	courier *courier
	shop    *models.Merchant
	account string
	order   *models.Order
	offset  time.Duration
}

func newDepot(t *testing.T, db *models.DB) *depot {
	t.Helper()
	keys, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	d := &depot{db: db, keys: keys, courier: &courier{limits: carriers.Limits{Batch: 10, PerSecond: 1e6}}}
	clock := db.Now
	db.Now = func() time.Time { return clock().Add(d.offset) }
	d.shop = modelstest.Merchant(t, db)
	d.order = modelstest.Order(t, db, d.shop.ID, 900)
	d.account = models.NewID(models.PrefixCarrierAccount)
	modelstest.Write(t, db, func(tx *models.Tx) error {
		return tx.CreateCarrierAccount(models.CarrierAccount{Account: models.Account{
			ID: d.account, MerchantID: d.shop.ID, Kind: "sandbox", Name: "Sandbox", Enabled: true,
		}})
	})
	d.use(d.courier)
	return d
}

// use makes the service anew with another carrier.
func (d *depot) use(c carriers.Carrier) {
	d.Service = carriers.NewService(d.db, credentials.New(d.keys), map[string]carriers.Carrier{"sandbox": c},
		carriers.Options{}, slog.New(slog.DiscardHandler))
}

func (d *depot) add(t *testing.T) string {
	t.Helper()
	var id string
	modelstest.Write(t, d.db, func(tx *models.Tx) error {
		s, err := d.Add(tx, d.shop.ID, carriers.New{
			OrderID: d.order.ID, Carrier: "sandbox", TrackingNumber: "sbx 1234",
		})
		if err == nil {
			id = s.ID
		}
		return err
	})
	return id
}

// poll asks for a parcel that has come due again.
func (d *depot) poll(t *testing.T, id string) time.Duration {
	t.Helper()
	modelstest.Due(t, d.db, id)
	wait, err := d.Poll(t.Context(), models.PollArgs{AccountID: d.account, ShipmentIDs: []string{id}})
	if err != nil {
		t.Fatal(err)
	}
	return wait
}

func (d *depot) shipment(t *testing.T, id string) *models.Shipment {
	t.Helper()
	s, err := d.db.Shipment(t.Context(), models.MerchantScope(d.shop.ID), id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func scan(status carriers.Status, at time.Time) carriers.Event {
	return carriers.Event{
		RawTime: at.Format(time.RFC3339), LocalTime: at.UTC().Format("2006-01-02T15:04:05"), OccurredAt: &at,
		Precision: carriers.PrecisionSecond, Status: status, Description: string(status), Location: "Hamburg",
	}
}

func tracking(events ...carriers.Event) carriers.Answer {
	return carriers.Answer{Tracking: &carriers.Tracking{Events: events, Raw: []byte("{}\x00")}}
}
