package models_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestPublicParcel(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := newMailing(t, db)
		token := m.parcel.PublicToken
		if len(token) != 32 || strings.Trim(token, "0123456789abcdefghjkmnpqrstvwxyz") != "" {
			t.Errorf("token %q", token)
		}
		find := func(token string) error {
			p, err := db.PublicParcel(t.Context(), token)
			if err == nil && (p.Shipment.ID != m.parcel.ID || p.Order.ID != m.parcel.OrderID || p.Merchant.ID != m.shop.ID) {
				t.Errorf("found %+v", p)
			}
			return err
		}
		if err := find(token); err != nil {
			t.Fatal(err)
		}
		missing := func(what, token string) {
			t.Helper()
			if err := find(token); !errors.Is(err, models.ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		missing("none", "")
		missing("another", strings.Repeat("0", 32))
		missing("nonsense", "' OR 1=1")
		missing("in capitals", strings.ToUpper(token))

		m.move(models.ShipmentChange{Status: models.ShipmentDelivered})
		if err := find(token); err != nil {
			t.Errorf("the address changes as the parcel moves: %v", err)
		}
		m.set(models.TrackingSettings{Page: false})
		missing("a page that is off", token)
		m.set(models.TrackingSettings{Page: true})

		var renewed *models.Shipment
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			renewed, err = tx.RenewPublicToken(models.AllMerchants(), m.parcel.ID)
			return err
		})
		missing("a renewed one's old address", token)
		if err := find(renewed.PublicToken); err != nil {
			t.Errorf("the new address: %v", err)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.RevokePublicToken(models.AllMerchants(), m.parcel.ID)
			return err
		})
		missing("a revoked address", renewed.PublicToken)
		missing("a revoked address", "")
	})
}

// A poll that was under way while somebody revoked the address does not bring
// it back.
func TestMovingAParcelLeavesItsAddress(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := newMailing(t, db)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			s, err := tx.Shipment(models.AllMerchants(), m.parcel.ID)
			if err != nil {
				return err
			}
			if _, err := tx.RevokePublicToken(models.AllMerchants(), m.parcel.ID); err != nil {
				return err
			}
			return tx.MoveShipment(s, models.ShipmentChange{Status: models.ShipmentDelivered})
		})
		s, err := db.Shipment(t.Context(), models.AllMerchants(), m.parcel.ID)
		if err != nil || s.PublicToken != "" || s.Status != models.ShipmentDelivered {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestObjectsNameThePublicPage(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := newMailing(t, db)
		object := func() string {
			o, err := db.ShipmentObject(t.Context(), models.AllMerchants(), m.parcel.ID)
			if err != nil {
				t.Fatal(err)
			}
			return o.PublicURL
		}
		if got := object(); got != "" {
			t.Errorf("%q although nobody said where pages are", got)
		}
		db.PublicURL = "https://pages.example"
		if got, want := object(), "https://pages.example/t/"+m.parcel.PublicToken; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		m.set(models.TrackingSettings{Page: false})
		if got := object(); got != "" {
			t.Errorf("%q although the page is off", got)
		}
	})
}
