package handlers

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// described is an operation as the description tells of it.
type described struct {
	id, method, path string
	query            string // with examples of what must be there
	scopes           []string
	body             string // its example
	keyed            bool   // must carry an Idempotency-Key
}

// describedOperations reads all operations from /openapi.json.
func describedOperations(t *testing.T, s *site) []described {
	t.Helper()
	var spec struct {
		Paths map[string]map[string]struct {
			OperationID string
			Security    []map[string][]string
			Parameters  []struct {
				Name     string
				In       string
				Required bool
				Schema   struct{ Examples []string }
			}
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal([]byte(s.call(t, "GET", "/openapi.json", "").want(t, http.StatusOK).body), &spec); err != nil {
		t.Fatal(err)
	}
	var ops []described
	for path, methods := range spec.Paths {
		for method, op := range methods {
			d := described{id: op.OperationID, method: strings.ToUpper(method), path: path}
			for _, alternative := range op.Security {
				d.scopes = append(d.scopes, alternative[apiKeyScheme]...)
			}
			for _, p := range op.Parameters {
				d.keyed = d.keyed || p.Name == idempotencyHeader && p.Required
				if p.In == "query" && p.Required {
					d.query += "&" + p.Name + "=" + url.QueryEscape(p.Schema.Examples[0])
				}
			}
			d.body = string(op.RequestBody.Content["application/json"].Example)
			ops = append(ops, d)
		}
	}
	slices.SortFunc(ops, func(a, b described) int { return strings.Compare(a.id, b.id) })
	return ops
}

// call sends the operation's example about the object with the id.
func (d described) call(t *testing.T, s *site, key, id string) reply {
	t.Helper()
	headers := []string{"Authorization", "Bearer " + key}
	if d.method == http.MethodPost {
		headers = append(headers, idempotencyHeader, models.NewID("idk"))
	}
	path := strings.ReplaceAll(d.path, "{id}", id)
	if d.query != "" {
		path += "?" + d.query[1:]
	}
	return s.call(t, d.method, path, d.body, headers...)
}

// needed are the scopes of which an operation must need one, by what it is about.
var needed = map[string]string{
	"orders": "orders", "payments": "payments", "refunds": "payments", "shipments": "shipments", "webhook-endpoints": "webhooks", "events": "webhooks", "carriers": "shipments",
}

func TestAPIScopes(t *testing.T) {
	t.Parallel()
	site := newSite(t, modelstest.SQLite(t))
	m := modelstest.Merchant(t, site.db)
	keys := map[string]string{}
	for _, scope := range models.APIScopes {
		keys[scope] = site.apiKey(t, m.ID, scope)
	}
	ops := describedOperations(t, site)
	if len(ops) != 30 {
		t.Errorf("%d operations are described", len(ops))
	}
	for _, op := range ops {
		t.Run(op.id, func(t *testing.T) {
			resource := needed[strings.Split(op.path, "/")[3]]
			want := []string{resource}
			if op.method == http.MethodGet {
				want = []string{"read", resource}
			}
			if !slices.Equal(op.scopes, want) {
				t.Errorf("scopes are %v, want %v", op.scopes, want)
			}
			for scope, key := range keys {
				r := op.call(t, site, key, models.NewID("ord"))
				if allowed := r.status != http.StatusForbidden; allowed != slices.Contains(op.scopes, scope) {
					t.Errorf("with scope %s: %d %s", scope, r.status, r.body)
				}
				if r.status == http.StatusForbidden {
					r.problem(t, http.StatusForbidden, "insufficient_scope")
					if got := r.header.Get("WWW-Authenticate"); !strings.Contains(got, `error="insufficient_scope"`) {
						t.Errorf("WWW-Authenticate %q", got)
					}
				}
			}
			op.call(t, site, "tp_00000000_0000000000000000000000000000000000", models.NewID("ord")).
				problem(t, http.StatusUnauthorized, "invalid_api_key")
		})
	}
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		site := newSite(t, db)
		shop := site.newClient(t)
		const path = "/api/v1/orders"
		for _, tt := range []struct{ name, header, code string }{
			{"none", "", "missing_api_key"},
			{"another scheme", "Basic dGVzdDp0ZXN0", "missing_api_key"},
			{"no key", "Bearer ", "invalid_api_key"},
			{"nonsense", "Bearer nonsense", "invalid_api_key"},
			{"another's prefix with a wrong secret", "Bearer " + shop.key[:12] + strings.Repeat("0", len(shop.key)-12), "invalid_api_key"},
			{"SQL", "Bearer tp_' OR 1=1_x", "invalid_api_key"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				r := site.call(t, "GET", path, "", "Authorization", tt.header)
				r.problem(t, http.StatusUnauthorized, tt.code)
				if got := r.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer realm="tillpost"`) {
					t.Errorf("WWW-Authenticate %q", got)
				}
			})
		}
		t.Run("the scheme's case does not matter", func(t *testing.T) {
			site.call(t, "GET", path, "", "Authorization", "bearer "+shop.key).want(t, http.StatusOK)
		})
		t.Run("a revoked key ends", func(t *testing.T) {
			found, _, err := db.APIKeys(t.Context(), models.MerchantScope(shop.merchant.ID), models.Page{})
			if err != nil {
				t.Fatal(err)
			}
			modelstest.Write(t, db, func(tx *models.Tx) error { return tx.RevokeAPIKey(models.AllMerchants(), found[0].ID) })
			cache := newKeyCache(db)
			if _, err := cache.find(t.Context(), shop.key); err == nil {
				t.Error("a revoked key was found")
			}
		})
	})
}

func TestAPITenants(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		site := newSite(t, db)
		owner, stranger := site.newClient(t), site.newClient(t)
		owner.carrier()
		order := owner.order(4990)
		endpoint := owner.post("/api/v1/webhook-endpoints", `{"url":"https://shop.example.com"}`).want(t, http.StatusCreated).id(t)
		ids := map[string]string{
			"orders": order, "payments": owner.payment(order, 4990),
			"shipments":         owner.post("/api/v1/shipments", shipmentBody(order, "SB0001")).want(t, http.StatusCreated).id(t),
			"webhook-endpoints": endpoint, "refunds": owner.refund(owner.paid(700), 200).want(t, http.StatusAccepted).id(t),
		}
		events := owner.get("/api/v1/events").want(t, http.StatusOK).object(t)["data"].([]any)
		ids["events"] = events[0].(map[string]any)["id"].(string)
		before := map[string]string{}
		for kind, id := range ids {
			before[kind] = owner.get("/api/v1/"+kind+"/"+id).want(t, http.StatusOK).body
		}

		for _, op := range describedOperations(t, site) {
			t.Run(op.id, func(t *testing.T) {
				kind := strings.Split(op.path, "/")[3]
				switch {
				case strings.Contains(op.path, "{id}"):
					op.call(t, site, stranger.key, ids[kind]).problem(t, http.StatusNotFound, "not_found")
				case op.method == http.MethodGet:
					r := op.call(t, site, stranger.key, "").want(t, http.StatusOK)
					if ids[kind] != "" && strings.Contains(r.body, ids[kind]) {
						t.Errorf("the list shows the other merchant's: %s", r.body)
					}
				}
			})
		}
		t.Run("an order of another merchant cannot be named", func(t *testing.T) {
			stranger.post("/api/v1/payments", paymentBody(order, 1)).problem(t, http.StatusUnprocessableEntity, "unknown_order")
			stranger.post("/api/v1/shipments", shipmentBody(order, "SB0002")).problem(t, http.StatusUnprocessableEntity, "unknown_order")
			stranger.refund(ids["payments"], 1).problem(t, http.StatusUnprocessableEntity, "unknown_payment")
			number := owner.get("/api/v1/orders/" + order).object(t)["number"]
			stranger.post("/api/v1/payments", jsonOf(map[string]any{
				"order_number": number, "amount": 1, "currency": "EUR", "method": map[string]string{"type": "card", "token": "t"},
			})).problem(t, http.StatusUnprocessableEntity, "unknown_order")
		})
		t.Run("nor an account or endpoint", func(t *testing.T) {
			mine := stranger.order(100)
			stranger.post("/api/v1/payments", jsonOf(map[string]any{
				"order_id": mine, "amount": 1, "currency": "EUR", "gateway": owner.gateway.ID, "method": map[string]string{"type": "card", "token": "t"},
			})).problem(t, http.StatusUnprocessableEntity, "unknown_gateway")
			event := stranger.get("/api/v1/events").object(t)["data"].([]any)[0].(map[string]any)["id"].(string)
			stranger.post("/api/v1/events/"+event+"/redeliver", jsonOf(map[string]string{"endpoint_id": endpoint})).
				problem(t, http.StatusUnprocessableEntity, "unknown_endpoint")
		})
		t.Run("filters find nothing of another merchant", func(t *testing.T) {
			for _, path := range []string{
				"/payments?order_id=" + order, "/refunds?payment_id=" + ids["payments"], "/shipments?order_id=" + order, "/payments?gateway=" + owner.gateway.ID,
				"/orders?q=" + order, "/payments?q=" + ids["payments"], "/shipments?q=" + ids["shipments"], "/shipments?tracking_number=SB0001",
			} {
				if list := stranger.get(apiPrefix+path).want(t, http.StatusOK).object(t)["data"].([]any); len(list) != 0 {
					t.Errorf("%s finds %v", path, list)
				}
			}
		})
		for kind, id := range ids {
			if after := owner.get("/api/v1/"+kind+"/"+id).want(t, http.StatusOK).body; after != before[kind] {
				t.Errorf("a stranger changed %s:\n%s\nwas\n%s", kind, after, before[kind])
			}
		}
	})
}
