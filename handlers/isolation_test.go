package handlers

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views"
)

// TestRolesAndForeignIDs walks the routes of payments, parcels, deliveries,
// endpoints and accounts: who may not be there is turned away, and what is another merchant's
// does not exist.
func TestRolesAndForeignIDs(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		e, _ := s.endpoint(t, other.ID, "https://shop.example/hooks")
		account := courier(t, db, other.ID)
		sh := parcel(t, db, models.Shipment{MerchantID: other.ID, TrackingNumber: "SBX-1", CarrierAccountID: &account.ID})
		gateway := modelstest.Gateway(t, db, other.ID)
		payment, _ := modelstest.Payment(t, db, modelstest.Order(t, db, other.ID, 900), gateway.ID)
		found, _, err := db.Deliveries(t.Context(), models.AllMerchants(), models.DeliveryFilter{}, models.Page{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]string{
			"/shipments": sh.ID, "/deliveries": found[0].ID, "/endpoints": e.ID,
			views.GatewaysPath: gateway.ID, views.CarriersPath: account.ID,
			"/payments": payment.ID, "/desk": payment.ID, "/refunds": refunded(t, db, other.ID, gateway.ID).ID, "/inbound": heard(t, db, gateway, "{}").ID,
			views.ReconciliationPath: settled(t, db, gateway, "ch_1"), views.BulkPath: bulk(t, db, payment).ID, views.ReplaysPath: replayed(t, db, e.ID).ID,
		}
		call := called(t, db, account, models.CarrierCall{}).ID
		people := map[string]*browser{
			models.RoleMerchant: s.signIn(t, models.RoleMerchant, m.ID), models.RoleSupport: s.signIn(t, models.RoleSupport, ""),
			models.RoleAdmin: s.signIn(t, models.RoleAdmin, ""),
		}
		stranger := &browser{site: s, t: t}
		table := &server{}
		routes := slices.Concat(
			table.paymentRoutes(), table.refundRoutes(), table.deskRoutes(), table.bulkRoutes(), table.inboundRoutes(), table.shipmentRoutes(),
			table.deliveryRoutes(), table.replayRoutes(), table.reconciliationRoutes(), table.endpointRoutes(), table.gatewayRoutes(), table.carrierRoutes(),
		)
		for _, r := range routes {
			list := r.path[:1+strings.IndexAny(r.path[1:]+"/", "/")]
			path := strings.NewReplacer(":id", ids[list], ":call", call).Replace(r.path)
			if got := stranger.send(r.method, path, nil).status; got != http.StatusSeeOther && got != http.StatusForbidden {
				t.Errorf("%s %s answers a stranger with %d", r.method, r.path, got)
			}
			for role, who := range people {
				ask := func() int {
					if r.method == http.MethodPost {
						return who.post(path, nil).status
					}
					return who.get(path).status
				}
				switch {
				case !r.access.allows(role):
					if got := ask(); got != http.StatusForbidden {
						t.Errorf("%s %s answers %s with %d", r.method, r.path, role, got)
					}
				case role == models.RoleMerchant && path != r.path:
					if got := ask(); got != http.StatusNotFound {
						t.Errorf("%s %s shows another merchant's to a merchant: %d", r.method, r.path, got)
					}
				case r.method == http.MethodGet:
					if got := ask(); got != http.StatusOK {
						t.Errorf("%s %s answers %s with %d", r.method, r.path, role, got)
					}
				}
			}
		}
	})
}

// TestNoPageShowsASecret reads every page of everybody for the secrets that
// were entered, and for their sealed form.
func TestNoPageShowsASecret(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		base := outside(t)
		pages := []string{
			"/", "/orders", "/payments", "/shipments", "/deliveries", "/endpoints", "/gateways", "/carriers", "/merchants",
			"/merchants/" + m.ID, "/users", "/audit",
		}
		forbidden := []string{}
		for _, text := range canaries {
			forbidden = append(forbidden, text)
		}
		for path, secretField := range secretFields {
			address := addAccount(t, admin, path, m, secretField, base)
			admin.post(address+"/test", nil).want(t, http.StatusSeeOther)
			pages = append(pages, address, address+"/disable")
			if path == views.CarriersPath {
				pages = append(pages, address+"/calls", address+"/pause")
				for _, c := range callsOf(t, db, strings.TrimPrefix(address, path+"/")) {
					pages = append(pages, address+"/calls/"+c.ID)
				}
			}
			for _, sealed := range accountsOf(t, db, path, m.ID)[0].Sealed {
				forbidden = append(forbidden, sealed)
			}
		}
		e, secret := s.endpoint(t, m.ID, "https://shop.example/hooks")
		forbidden = append(forbidden, secret, e.Secret)
		modelstest.Order(t, db, m.ID, 900)
		pages = append(pages, "/endpoints/"+e.ID, "/endpoints/"+e.ID+"/edit", "/endpoints/"+e.ID+"/rotate")
		people := []*browser{admin, s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, m.ID)}
		for _, who := range people {
			for _, path := range pages {
				a := who.get(path)
				for _, text := range forbidden {
					if strings.Contains(a.body, text) {
						t.Errorf("%s shows %s the secret %q", path, who.user.Role, text)
					}
				}
			}
		}
	})
}
