package carriers_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// A promised day ends where the parcel goes; elsewhere it is another moment.
func TestPromisedBy(t *testing.T) {
	t.Parallel()
	kl, err := time.LoadLocation("Asia/Kuala_Lumpur")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		to   models.Address
		want string
	}{
		{"to New York", models.Address{Country: "US", Region: "NY", PostalCode: "10001"}, "2026-01-21T04:59:59Z"},
		{"to Sydney", models.Address{Country: "AU", Region: "NSW", PostalCode: "2000"}, "2026-01-20T12:59:59Z"},
		{"to somewhere in the United States", models.Address{Country: "US"}, "2026-01-20T15:59:59Z"},
		{"to nobody knows where", models.Address{}, "2026-01-20T15:59:59Z"},
	} {
		if got, err := carriers.PromisedBy("2026-01-20", tt.to, kl); err != nil || got.Format(time.RFC3339) != tt.want {
			t.Errorf("%s: %v, %v, want %s", tt.name, got, err, tt.want)
		}
	}
	for _, bad := range []string{"", "20.1.2026", "2026-02-30", "0001-01-01"} {
		if got, err := carriers.PromisedBy(bad, models.Address{}, kl); err == nil {
			t.Errorf("%q is %v", bad, got)
		}
	}
}

// A day in a pasted table ends where its order goes.
func TestPastedPromise(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.CreateOrder(models.Order{
				MerchantID: d.shop.ID, Number: "NY1", Currency: "EUR", PlacedAt: tx.Now(),
				ShippingAddress: models.Address{Country: "US", Region: "NY", PostalCode: "10001"},
			}, []models.OrderItem{{Name: "Tea", Quantity: 1}})
			return err
		})
		kl, err := time.LoadLocation("Asia/Kuala_Lumpur")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := carriers.ReadLines("order_number,tracking_number,carrier,promised_at\nNY1,SBX1,sandbox,2026-01-20\nNY1,SBX2,sandbox,2026-01-20T15:00:00Z\n", kl)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := d.Plan(t.Context(), d.shop.ID, lines, "")
		if err != nil || len(plan) != 2 {
			t.Fatal(plan, err)
		}
		for i, want := range []string{"2026-01-21T04:59:59Z", "2026-01-20T15:00:00Z"} {
			if got := plan[i].PromisedAt; got == nil || got.Format(time.RFC3339) != want {
				t.Errorf("line %d is promised by %v, want %s", i, got, want)
			}
		}
	})
}

// What an account was asked about goes to another when it is disabled, and what
// nobody could ask about to a new one.
func TestDisabledAccountsParcelsGoOn(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		ids := d.addMany(t, d.account, 3)
		disable := func(id string) {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				a, err := tx.CarrierAccount(models.AllMerchants(), id)
				if err != nil {
					return err
				}
				a.Enabled = false
				return tx.UpdateCarrierAccount(a)
			})
		}
		owner := func(want string) {
			t.Helper()
			for _, id := range ids {
				if got := d.shipment(t, id).CarrierAccountID; got == nil || *got != want {
					t.Errorf("the account of %s is %v, want %s", id, got, want)
				}
			}
		}
		disable(d.account)
		if err := d.Follow(t.Context(), d.account); err != nil {
			t.Fatal(err)
		}
		owner(d.account) // there is no other
		second := models.NewID(models.PrefixCarrierAccount)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return tx.CreateCarrierAccount(models.CarrierAccount{Account: models.Account{
				ID: second, MerchantID: d.shop.ID, Kind: "sandbox", Name: "New contract", Enabled: true,
			}})
		})
		if err := d.Follow(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		owner(second)
		third := models.NewID(models.PrefixCarrierAccount)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return tx.CreateCarrierAccount(models.CarrierAccount{Account: models.Account{
				ID: third, MerchantID: d.shop.ID, Kind: "sandbox", Name: "Newest contract", Enabled: true,
			}})
		})
		if err := d.Follow(t.Context(), third); err != nil {
			t.Fatal(err)
		}
		owner(second) // its own account works
		disable(second)
		if err := d.Follow(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		owner(third)
	})
}
