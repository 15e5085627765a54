package handlers

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views"
)

func TestEveryRouteIsWanted(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLite(t))
	wanted := map[string]bool{}
	for _, r := range parseRoutes(t) {
		wanted[r.method+" "+r.path] = true
	}
	for _, r := range s.app.GetRoutes(true) {
		name := r.Method + " " + r.Path
		if r.Method == fiber.MethodHead { // as GET, without the body
			name = fiber.MethodGet + " " + r.Path
		}
		if _, listed := wanted[name]; !listed {
			t.Errorf("%s %s is listed nowhere", r.Method, r.Path)
		}
		wanted[name] = false
	}
	for name, missing := range wanted {
		if missing {
			t.Errorf("%s does not exist", name)
		}
	}
}

// foreign are the ids of another merchant's things, by the start of the path.
func foreign(t *testing.T, s *site, m *models.Merchant) map[string]string {
	t.Helper()
	gateway := modelstest.Gateway(t, s.db, m.ID)
	endpoint, _ := s.endpoint(t, m.ID, "https://shop.example/hooks")
	order := modelstest.Order(t, s.db, m.ID, 4242)
	payment, _ := modelstest.Payment(t, s.db, order, gateway.ID)
	account := courier(t, s.db, m.ID)
	sh := parcel(t, s.db, models.Shipment{MerchantID: m.ID, TrackingNumber: "FOREIGN-1", CarrierAccountID: &account.ID})
	events, _, err := s.db.Events(t.Context(), models.MerchantScope(m.ID), "", models.Span{}, models.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	deliveries, _, err := s.db.Deliveries(t.Context(), models.MerchantScope(m.ID), models.DeliveryFilter{}, models.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"/orders": order.ID, "/payments": payment.ID, "/shipments": sh.ID, "/deliveries": deliveries[0].ID,
		views.IncidentsPath: wrong(t, s.db, alerts.EndpointDisabled, endpoint.ID, &m.ID).ID, "/alerts": channel(t, s.db, &m.ID).ID,
		"/endpoints": endpoint.ID, "/gateways": gateway.ID, "/carriers": account.ID, "/merchants": m.ID,
		"/refunds": refunded(t, s.db, m.ID, gateway.ID).ID, "/desk": payment.ID, "/inbound": heard(t, s.db, gateway, `{}`).ID, "/events": events[0].ID, "/webhook-endpoints": endpoint.ID,
		views.ReconciliationPath: settled(t, s.db, gateway, "FOREIGN-1"), views.BulkPath: bulk(t, s.db, payment).ID,
		views.ReplaysPath: replayed(t, s.db, endpoint.ID).ID,
		"/operations":     strconv.FormatInt(failedJob(t, s.db), 10),
		":call":           called(t, s.db, account, models.CarrierCall{URL: "https://carrier.example/FOREIGN-1"}).ID,
	}
}

// wrong opens an incident about a thing.
func wrong(t *testing.T, db *models.DB, kind, object string, merchantID *string) *models.Incident {
	t.Helper()
	r, ok := alerts.RuleOf(kind)
	if !ok {
		t.Fatalf("no rule %s", kind)
	}
	now := db.Now()
	i := models.Incident{
		Key: kind + ":" + object, Kind: kind, Severity: r.Severity, Shared: r.Shared, MerchantID: merchantID, ObjectID: object, NextTellAt: &now,
		Detail: map[string]string{"name": "Tea & <Co>", "count": "3"},
	}
	modelstest.Write(t, db, func(tx *models.Tx) error {
		_, err := tx.OpenIncident(&i)
		return err
	})
	return &i
}

// channel adds a channel without anything in it.
func channel(t *testing.T, db *models.DB, merchantID *string) *models.AlertChannel {
	t.Helper()
	c := models.AlertChannel{
		ID: models.NewID(models.PrefixAlertChannel), MerchantID: merchantID, Kind: alerts.KindMail, Name: "Ops", Enabled: true,
		Fields: map[string]string{"address": "ops@example.com"}, Sealed: map[string]string{}, Hints: map[string]models.SecretHint{},
	}
	modelstest.Write(t, db, func(tx *models.Tx) error { return tx.CreateAlertChannel(c) })
	return &c
}

// called stores a call of a carrier account.
func called(t *testing.T, db *models.DB, a *models.CarrierAccount, c models.CarrierCall) *models.CarrierCall {
	t.Helper()
	c.MerchantID, c.CarrierAccountID, c.Purpose, c.Method = a.MerchantID, a.ID, "poll", http.MethodGet
	c.Outcome = cmp.Or(c.Outcome, models.CallOK)
	if c.StartedAt.IsZero() {
		c.StartedAt = db.Now()
	}
	modelstest.Write(t, db, func(tx *models.Tx) error { return tx.AddCarrierCalls([]models.CarrierCall{c}) })
	found, _, err := db.CarrierCalls(t.Context(), models.AllMerchants(), models.CarrierCallFilter{AccountID: a.ID}, models.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	return &found[0]
}

// bulk starts to try payments again.
func bulk(t *testing.T, db *models.DB, payments ...*models.Payment) *models.BulkRetry {
	t.Helper()
	rows := make([]models.Payment, len(payments))
	for i := range payments {
		rows[i] = *payments[i]
	}
	var b *models.BulkRetry
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		b, err = tx.CreateBulkRetry(models.BulkRetry{ActorID: "usr_1", ActorName: "Aina", Reason: "the bank is back", PerMinute: 60}, rows)
		return err
	})
	return b
}

// heard stores something that the provider of an account told.
func heard(t *testing.T, db *models.DB, a *models.GatewayAccount, body string) *models.InboundEvent {
	t.Helper()
	e := models.InboundEvent{
		MerchantID: a.MerchantID, AccountID: a.ID, EventID: models.NewID("told"), Type: "charge.succeeded", Subject: "ch_1", Body: body,
	}
	modelstest.Write(t, db, func(tx *models.Tx) error {
		_, err := tx.ReceiveInbound([]models.InboundEvent{e})
		return err
	})
	found, _, err := db.InboundEvents(t.Context(), models.MerchantScope(a.MerchantID), models.InboundFilter{}, models.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	return &found[0]
}

// refunded makes a paid payment with a refund.
func refunded(t *testing.T, db *models.DB, merchantID, gatewayID string) *models.Refund {
	t.Helper()
	p, a := modelstest.Payment(t, db, modelstest.Order(t, db, merchantID, 700), gatewayID)
	var r *models.Refund
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		for _, status := range []models.AttemptStatus{models.AttemptSending, models.AttemptSucceeded} {
			if _, err = tx.MoveAttempt(a.ID, status, models.AttemptChange{}); err != nil {
				return err
			}
		}
		for _, status := range []models.PaymentStatus{models.PaymentProcessing, models.PaymentPaid} {
			if p, err = tx.MovePayment(p.ID, status, models.PaymentChange{Captured: 700}); err != nil {
				return err
			}
		}
		r, err = tx.CreateRefund(p, models.Refund{Amount: 100, Reason: "broken", Cause: models.CauseAPI})
		return err
	})
	return r
}

// address fills a pattern's ids in.
func address(pattern string, ids map[string]string) string {
	first := "/" + strings.Split(strings.TrimPrefix(pattern, apiPrefix), "/")[1]
	id := ids[first]
	if id == "" {
		id = models.NewID("none")
	}
	return strings.NewReplacer(":id", id, ":call", ids[":call"], ":account", id, ":key", models.NewID(models.PrefixAPIKey), ":hash", "0", ":name", "app.css").Replace(pattern)
}

func TestPagesLetInWhoMay(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		ids := foreign(t, s, other)
		stranger := &browser{site: s, t: t}
		for _, r := range parseRoutes(t) {
			path := address(r.path, ids)
			if len(r.scopes) > 0 {
				continue
			}
			if !slices.Contains(r.roles, "public") {
				a := stranger.send(r.method, path, nil)
				if r.path == livePath { // a stream leads nowhere: its page learns that the session has ended
					a.want(t, http.StatusUnauthorized)
				} else if to := a.header.Get(fiber.HeaderLocation); a.status != http.StatusSeeOther || !strings.HasPrefix(to, "/login") {
					t.Errorf("%s %s answers a stranger with %d to %q", r.method, r.path, a.status, to)
				}
			}
			for _, role := range []string{models.RoleMerchant, models.RoleSupport, models.RoleAdmin} {
				if r.path == livePath && slices.Contains(r.roles, role) {
					continue // never ends; TestLiveStream reads it
				}
				checkPage(t, s, r, path, role, m)
			}
		}
	})
}

// checkPage asks for a page as a role. It signs in anew, since some pages end
// sessions.
func checkPage(t *testing.T, s *site, r wantedRoute, path, role string, m *models.Merchant) {
	t.Helper()
	merchant := ""
	if role == models.RoleMerchant {
		merchant = m.ID
	}
	who := s.signIn(t, role, merchant)
	var a answer
	if r.method == http.MethodPost {
		a = who.post(path, nil)
	} else {
		a = who.get(path)
	}
	login := strings.HasPrefix(a.header.Get(fiber.HeaderLocation), "/login")
	switch {
	case a.status >= http.StatusInternalServerError:
		t.Errorf("%s %s answers %s with %d", r.method, r.path, role, a.status)
	case slices.Contains(r.roles, "public"):
	case !slices.Contains(r.roles, role):
		if a.status != http.StatusForbidden {
			t.Errorf("%s %s answers %s with %d, want 403", r.method, r.path, role, a.status)
		}
	case a.status == http.StatusForbidden || login:
		t.Errorf("%s %s turns %s away with %d", r.method, r.path, role, a.status)
	case role == models.RoleMerchant && strings.Contains(r.path, ":id"):
		if a.status != http.StatusNotFound {
			t.Errorf("%s %s answers another merchant with %d, want 404", r.method, r.path, a.status)
		}
	case r.method == http.MethodGet && strings.Contains(r.path, ":id") && !strings.Contains(r.path, ":key") && !strings.HasPrefix(r.path, "/users"):
		if a.status == http.StatusNotFound {
			t.Errorf("%s %s hides from %s what they may see", r.method, r.path, role)
		}
	}
	if role == models.RoleMerchant {
		for _, text := range []string{"FOREIGN-1", "42.42"} {
			if strings.Contains(a.body, text) {
				t.Errorf("%s %s shows a merchant what is another's: %s", r.method, r.path, text)
			}
		}
	}
}

func TestAPILetsInWhoMay(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		ids := foreign(t, s, other)
		own, _ := s.endpoint(t, m.ID, "https://own.example/hooks")
		full := s.apiKey(t, m.ID)
		cookie := s.signIn(t, models.RoleAdmin, "").cookie
		bodies := map[string]string{
			"/retry": `{"reason":"walk"}`, "/redeliver": `{"endpoint_id":"` + own.ID + `"}`, "PATCH": `{"description":"walk"}`,
		}
		for _, r := range parseRoutes(t) {
			if len(r.scopes) == 0 {
				continue
			}
			path, body := address(r.path, ids), ""
			for part, text := range bodies {
				if strings.HasSuffix(r.path, part) || r.method == part {
					body = text
				}
			}
			ask := func(headers ...string) int {
				return s.call(t, r.method, path, body, append([]string{"Idempotency-Key", models.NewID("walk")}, headers...)...).status
			}
			if got := ask(); got != http.StatusUnauthorized {
				t.Errorf("%s %s answers without a key with %d", r.method, r.path, got)
			}
			if got := ask("Cookie", cookieName("tillpost_session", false)+"="+cookie); got != http.StatusUnauthorized {
				t.Errorf("%s %s answers a cookie with %d", r.method, r.path, got)
			}
			for _, scope := range models.APIScopes {
				if !slices.Contains(r.scopes, scope) {
					if got := ask("Authorization", "Bearer "+s.apiKey(t, m.ID, scope)); got != http.StatusForbidden {
						t.Errorf("%s %s answers a key for %s with %d, want 403", r.method, r.path, scope, got)
					}
				}
			}
			got := ask("Authorization", "Bearer "+full)
			if strings.Contains(r.path, ":id") && got != http.StatusNotFound {
				t.Errorf("%s %s answers another merchant with %d, want 404", r.method, r.path, got)
			}
			if got >= http.StatusInternalServerError {
				t.Errorf("%s %s answers %d", r.method, r.path, got)
			}
		}
	})
}
