package handlers

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestAPIDetectCarrier(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		detected := func(number, country string) (best any, candidates []any, body string) {
			t.Helper()
			query := url.Values{"number": {number}}
			if country != "" {
				query.Set("country", country)
			}
			r := shop.get("/api/v1/carriers/detect?"+query.Encode()).want(t, http.StatusOK)
			o := r.object(t)
			return o["best"], o["candidates"].([]any), r.body
		}
		t.Run("the number alone", func(t *testing.T) {
			best, candidates, body := detected(" rb 123-456-785 gb", "")
			want := map[string]any{
				"carrier": "royalmail", "name": "Royal Mail", "score": 96.0, "checked": true, "format": "S10", "country": "GB",
			}
			if best != "royalmail" || len(candidates) != 1 || !strings.Contains(body, `"number":"RB123456785GB"`) {
				t.Errorf("detected %s", body)
			}
			if diff := cmp.Diff(want, candidates[0]); diff != "" {
				t.Errorf("candidate (-want +got):\n%s", diff)
			}
		})
		t.Run("nothing found", func(t *testing.T) {
			if _, _, body := detected("a b-c", "de"); body != `{"number":"AB-C","best":null,"candidates":[]}`+"\n" {
				t.Errorf("detected %s", body)
			}
		})
		t.Run("as docs/api.md says", func(t *testing.T) {
			docs, err := os.ReadFile("../docs/api.md")
			if err != nil {
				t.Fatal(err)
			}
			if _, _, body := detected("00340434161094015902", "DE"); !strings.Contains(string(docs), body) {
				t.Errorf("detected %s", body)
			}
		})
		t.Run("the shop's own accounts", func(t *testing.T) {
			if best, candidates, body := detected("05308801410058", "de"); best != nil || len(candidates) != 2 {
				t.Errorf("without an account %s", body)
			}
			modelstest.Write(t, db, func(tx *models.Tx) error {
				return tx.CreateCarrierAccount(models.CarrierAccount{Account: models.Account{
					ID: models.NewID(models.PrefixCarrierAccount), MerchantID: shop.merchant.ID, Kind: "dpd", Name: "DPD", Enabled: true,
				}})
			})
			if best, _, body := detected("05308801410058", "de"); best != "dpd" {
				t.Errorf("with an account %s", body)
			}
		})
		t.Run("refusals", func(t *testing.T) {
			for query, want := range map[string]struct{ code, field string }{
				"":                                   {"required", "number"},
				"number=":                            {"required", "number"},
				"number=%20":                         {"required", "number"},
				"number=1Z&country=QQ":               {"unknown_country", "country"},
				"number=1Z&country=DEU":              {"too_long", "country"},
				"number=1Z&carrier=dhl":              {"unknown_parameter", "carrier"},
				"number=" + strings.Repeat("1", 201): {"too_long", "number"},
			} {
				status := http.StatusUnprocessableEntity
				if want.code == "unknown_parameter" {
					status = http.StatusBadRequest
				}
				p := shop.get("/api/v1/carriers/detect?"+query).problem(t, status, want.code)
				if len(p.Errors) != 1 || p.Errors[0].Field != want.field {
					t.Errorf("?%s: errors %+v", query, p.Errors)
				}
			}
		})
	})
}

func TestAPIShipmentOfDetectedCarrier(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		shop.carrier()
		order := shop.order(4990)
		add := func(number string) reply {
			return shop.post("/api/v1/shipments", jsonOf(map[string]any{"order_id": order, "carrier": "auto", "tracking_number": number}))
		}
		s := add("1z-5r8-93903 5756 7127").want(t, http.StatusCreated).object(t)
		if s["carrier"] != "ups" || s["tracking_number"] != "1Z5R89390357567127" || s["next_sync_at"] != nil {
			t.Errorf("shipment is %v", s)
		}
		if s := add("sbx1000test0001").want(t, http.StatusCreated).object(t); s["carrier"] != "sandbox" || s["next_sync_at"] == nil {
			t.Errorf("shipment is %v", s)
		}
		add("1Z5R89390357567127").problem(t, http.StatusConflict, "shipment_exists")
		if p := add("RR123456784DE").problem(t, http.StatusUnprocessableEntity, "carrier_not_detected"); !strings.Contains(p.Detail, "check digit") {
			t.Errorf("problem %+v", p)
		}
		add("HELLO").problem(t, http.StatusUnprocessableEntity, "carrier_not_detected")
		p := add("287809468872").problem(t, http.StatusUnprocessableEntity, "carrier_unclear")
		if len(p.Errors) != 1 || p.Errors[0].Field != "carrier" || !strings.Contains(p.Errors[0].Message, "FedEx (fedex), Purolator (purolator)") {
			t.Errorf("problem %+v", p)
		}
	})
}
