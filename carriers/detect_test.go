package carriers_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/detect"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// Numbers whose carrier the shop's habit decides.
const (
	fourteen = "05308801410058" // DPD or DHL
	twelve   = "287809468872"   // FedEx or Purolator, both check digits right
)

// open adds an account of a kind.
func (d *depot) open(t *testing.T, kind string, enabled bool) {
	t.Helper()
	modelstest.Write(t, d.db, func(tx *models.Tx) error {
		return tx.CreateCarrierAccount(models.CarrierAccount{Account: models.Account{
			ID: models.NewID(models.PrefixCarrierAccount), MerchantID: d.shop.ID, Kind: kind, Name: fmt.Sprint(kind, enabled), Enabled: enabled,
		}})
	})
}

// send adds parcels of a carrier.
func (d *depot) send(t *testing.T, carrier string, n int) {
	t.Helper()
	for i := range n {
		modelstest.Write(t, d.db, func(tx *models.Tx) error {
			_, err := d.Add(tx, d.shop.ID, carriers.New{
				OrderID: d.order.ID, Carrier: carrier, TrackingNumber: fmt.Sprintf("X%s%04d", carrier, i),
			})
			return err
		})
	}
}

func (d *depot) detect(ctx context.Context, t *testing.T, number, country string) (best string) {
	t.Helper()
	found, err := d.Detect(ctx, models.MerchantScope(d.shop.ID), number, country)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := detect.Best(found)
	return c.Carrier
}

func TestDetect(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		want := func(number, country, best string) {
			t.Helper()
			if got := d.detect(t.Context(), t, number, country); got != best {
				t.Errorf("%s: %q, want %q", number, got, best)
			}
		}
		want("1Z5R89390357567127", "", "ups")
		want("SBX1234", "", "sandbox")
		want(fourteen, "DE", "")
		d.open(t, "dpd", false)
		want(fourteen, "DE", "") // a disabled account is none
		d.open(t, "dpd", true)
		want(fourteen, "DE", "dpd")

		want(twelve, "CA", "")
		d.send(t, "purolator", 12)
		want(twelve, "CA", "purolator")

		want("00340434161094015902", "", "dhl")
		d.open(t, "dhl_parcel_de", true)
		want("00340434161094015902", "", "dhl_parcel_de")

		other := newDepot(t, db)
		if got := other.detect(t.Context(), t, twelve, "CA"); got != "" {
			t.Errorf("another merchant's habit decides: %s", got)
		}
		all, err := d.Detect(t.Context(), models.AllMerchants(), twelve, "CA")
		if _, ok := detect.Best(all); err != nil || ok {
			t.Errorf("the habit of all decides: %+v, %v", all, err)
		}
		var queries atomic.Int64
		d.detect(models.CountQueries(t.Context(), &queries), t, twelve, "CA")
		if queries.Load() != 2 {
			t.Errorf("%d queries, want one for the accounts and one for the parcels", queries.Load())
		}
	})
}

func TestAddDetected(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		add := func(number, carrier, direction string) (s *models.Shipment, refusal *models.Error) {
			t.Helper()
			err := db.Write(t.Context(), func(tx *models.Tx) (err error) {
				s, err = d.Add(tx, d.shop.ID, carriers.New{OrderID: d.order.ID, Carrier: carrier, TrackingNumber: number, Direction: direction})
				return err
			})
			if err != nil && !errors.As(err, &refusal) {
				t.Fatal(err)
			}
			return s, refusal
		}
		s, _ := add("sbx 1234", carriers.Auto, "")
		if s == nil || s.Carrier != "sandbox" || s.CarrierAccountID == nil || s.NextPollAt == nil {
			t.Errorf("of an account %+v", s)
		}
		s, _ = add("1ls7 1190 1361 8127-1", carriers.Auto, models.DirectionReturn)
		if s == nil || s.Carrier != "lasership" || s.TrackingNumber != "1LS7119013618127-1" || s.CarrierAccountID != nil {
			t.Errorf("without an account %+v", s)
		}
		for number, want := range map[string]models.Error{
			"RR123456784DE": {Kind: models.KindInvalid, Code: "carrier_not_detected", Field: "carrier", Cause: "wrong_check_digit"},
			"HELLO":         {Kind: models.KindInvalid, Code: "carrier_not_detected", Field: "carrier"},
			twelve:          {Kind: models.KindInvalid, Code: "carrier_unclear", Field: "carrier", Choices: "FedEx (fedex), Purolator (purolator), GLS (gls), SF Express (sf), DHL (dhl)"},
			"sbx1234":       {Kind: models.KindConflict, Code: "shipment_exists", Field: "tracking_number"},
			"x":             {Kind: models.KindInvalid, Code: "bad_tracking_number", Field: "tracking_number"},
		} {
			if _, refusal := add(number, carriers.Auto, ""); refusal == nil || *refusal != want {
				t.Errorf("%s: %+v, want %+v", number, refusal, want)
			}
		}
		if s, _ := add(twelve, "purolator", ""); s == nil || s.Carrier != "purolator" {
			t.Errorf("a carrier that was chosen is not kept: %+v", s)
		}
	})
}

func TestName(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"dhl_parcel_de": "DHL Parcel DE", "post_jp": "Japan Post", "olist": "olist", "post_xx": "post_xx",
	} {
		if got := detect.Name(code); got != want {
			t.Errorf("%s is %q, want %q", code, got, want)
		}
	}
	for _, kind := range credentials.Kinds(credentials.Carriers) {
		if detect.Name(kind.Name) == kind.Name {
			t.Errorf("the kind %s has no name", kind.Name)
		}
	}
	for word, want := range map[string]string{
		"STO Express": "sto", "sto": "sto", "Pos Malaysia": "post_my", "post malaysia": "post_my", "post my": "post_my", "POST_MY": "post_my",
		"Royal Mail": "royalmail", "Post Germany": "dhl", "nobody": "", "": "",
	} {
		if got := detect.Code(word); got != want {
			t.Errorf("%q is %q, want %q", word, got, want)
		}
	}
}
