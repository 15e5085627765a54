package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

func TestShipmentLink(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		r := newRecipient(t, db)
		owner := r.signIn(t, models.RoleMerchant, r.merchant.ID)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			sh, err := tx.Shipment(models.AllMerchants(), r.parcel.ID)
			if err != nil {
				return err
			}
			return tx.MoveShipment(sh, models.ShipmentChange{Status: models.ShipmentDelivered})
		})
		path := "/shipments/" + r.parcel.ID
		page := owner.get(path).want(t, http.StatusOK)
		uitest.Check(t, page.Document)
		if got := page.Find("[data-testid=public-link]").AttrOr("href", ""); got != "http://tillpost.test"+publicPath(r.parcel) {
			t.Errorf("link %q", got)
		}
		if got := page.texts("[data-testid=customer-mail]"); len(got) != 1 || !strings.Contains(got[0], "g…@example.com") || !strings.Contains(got[0], "Waiting") {
			t.Errorf("mails %q", got)
		}
		uitest.Check(t, owner.get(path+"/link").want(t, http.StatusOK).Document)
		owner.post(path+"/link", url.Values{"act": {"dance"}}).want(t, http.StatusBadRequest)
		owner.post(path+"/link", url.Values{"act": {"revoke"}}).want(t, http.StatusSeeOther)
		if page := owner.get(path); page.Find("[data-testid=public-link]").Length() != 0 {
			t.Error("a revoked link is shown")
		}
		owner.post(path+"/link", url.Values{"act": {"renew"}}).want(t, http.StatusSeeOther)
		sh, err := db.Shipment(t.Context(), models.AllMerchants(), r.parcel.ID)
		if err != nil || sh.PublicToken == "" || sh.PublicToken == r.parcel.PublicToken {
			t.Errorf("token %q, %v", sh.PublicToken, err)
		}
		entries, _, err := db.AuditEntries(t.Context(), models.AllMerchants(), models.AuditFilter{ObjectID: r.parcel.ID}, models.Page{})
		if err != nil || len(entries) != 2 || entries[0].Action != "shipment.link_renew" || entries[1].Action != "shipment.link_revoke" || entries[0].ActorID != owner.user.ID {
			t.Errorf("audit %+v, %v", entries, err)
		}
		if strings.Contains(fmt.Sprint(entries), sh.PublicToken) {
			t.Error("the audit log holds the address")
		}
		for _, e := range entries {
			if len(e.Detail) != 0 {
				t.Errorf("detail %v", e.Detail)
			}
		}
	})
}
