package handlers

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// client is a merchant's server that calls the API with a key.
type client struct {
	site     *site
	t        *testing.T
	merchant *models.Merchant
	gateway  *models.GatewayAccount
	key      string
}

// newClient makes a merchant with a payment account and a key of all scopes.
func (s *site) newClient(t *testing.T) *client {
	t.Helper()
	m := modelstest.Merchant(t, s.db)
	return &client{
		site: s, t: t, merchant: m, gateway: modelstest.Gateway(t, s.db, m.ID), key: s.apiKey(t, m.ID),
	}
}

func (s *site) apiKey(t *testing.T, merchantID string, scopes ...string) string {
	t.Helper()
	var key string
	modelstest.Write(t, s.db, func(tx *models.Tx) (err error) {
		_, key, err = tx.CreateAPIKey(merchantID, "test", scopes)
		return err
	})
	return key
}

// reply is what the API answered.
type reply struct {
	status int
	header http.Header
	body   string
}

// call sends a request with the shop's key; headers are pairs of name and value.
func (s *client) call(method, path, body string, headers ...string) reply {
	s.t.Helper()
	return s.site.call(s.t, method, path, body, append([]string{"Authorization", "Bearer " + s.key}, headers...)...)
}

func (s *site) call(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.app.Test(r, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{status: res.StatusCode, header: res.Header, body: string(text)}
}

func (s *client) get(path string) reply { s.t.Helper(); return s.call(http.MethodGet, path, "") }

// post sends a POST with a key of its own.
func (s *client) post(path, body string) reply {
	s.t.Helper()
	return s.call(http.MethodPost, path, body, idempotencyHeader, models.NewID("idk"))
}

// want fails the test unless the reply has the status.
func (r reply) want(t *testing.T, status int) reply {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

// object decodes the reply.
func (r reply) object(t *testing.T) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(r.body), &object); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	return object
}

// id is the id of the object in the reply.
func (r reply) id(t *testing.T) string {
	t.Helper()
	id, _ := r.object(t)["id"].(string)
	return id
}

// problem fails the test unless the reply is a problem with the code.
func (r reply) problem(t *testing.T, status int, code string) problem {
	t.Helper()
	r.want(t, status)
	if got := r.header.Get("Content-Type"); got != contentProblem {
		t.Fatalf("content type %q, want %q", got, contentProblem)
	}
	var p problem
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		t.Fatal(err)
	}
	if p.Code != code {
		t.Fatalf("code %q, want %q: %s", p.Code, code, r.body)
	}
	if p.Status != status || p.Title == "" || p.Detail == "" || p.RequestID == "" || p.RequestID != r.header.Get("X-Request-Id") {
		t.Fatalf("incomplete problem: %s", r.body)
	}
	return p
}

// order creates an order over the amount and returns its id.
func (s *client) order(amount int64) string {
	s.t.Helper()
	body := jsonOf(map[string]any{"number": models.NewID("no"), "currency": "EUR", "amount": amount})
	return s.post("/api/v1/orders", body).want(s.t, http.StatusCreated).id(s.t)
}

func paymentBody(orderID string, amount int64) string {
	return jsonOf(map[string]any{
		"order_id": orderID, "amount": amount, "currency": "EUR", "method": map[string]string{"type": "card", "token": "tok_success"},
	})
}

func jsonOf(v any) string {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(body)
}
