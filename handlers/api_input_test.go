package handlers

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// minimal is an order with a field replaced; an empty value leaves it out.
func minimal(field, value string) string {
	fields := map[string]string{"number": `"1001"`, "currency": `"EUR"`, "amount": "4990"}
	fields[field] = value
	var parts []string
	for _, name := range sortedKeys(fields) {
		if fields[name] != "" {
			parts = append(parts, `"`+name+`":`+fields[name])
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestAPIOrderInput(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 501)
	many := make([]string, 51)
	for i := range many {
		many[i] = `"k` + strings.Repeat("i", i+1)[:min(i+1, 30)] + string(rune('a'+i%26)) + `":"v"`
	}
	tests := []struct {
		name, body string
		status     int
		code       string
		field      string
	}{
		{"malformed JSON", `{"number":`, 400, "malformed_json", ""},
		{"two values", minimal("", "") + "{}", 400, "malformed_json", ""},
		{"not UTF-8", minimal("number", "\"\xff\""), 400, "malformed_json", ""},
		{"array for an object", `[]`, 400, "wrong_type", "body"},
		{"null for an object", `null`, 400, "wrong_type", "body"},
		{"no body", ``, 400, "body_required", ""},
		{"unknown field", minimal("nubmer", `"1"`), 400, "unknown_field", "nubmer"},
		{"unknown field inside", minimal("customer", `{"e_mail":"a@b.c"}`), 400, "unknown_field", "customer.e_mail"},
		{"other case", minimal("Number", `"1"`), 400, "unknown_field", "Number"},
		{"field named twice", `{"number":"1","currency":"EUR","amount":1,"amount":99}`, 400, "duplicate_field", "amount"},
		{"field named twice in other letters", `{"number":"1","currency":"EUR","amount":1,"\u0061mount":99}`, 400, "duplicate_field", "amount"},
		{"field named twice inside", minimal("items", `[{"name":"a:\"{","quantity":1,"amount":1},{"name":"b","name":"c","quantity":1,"amount":1}]`), 400, "duplicate_field", "items[1].name"},
		{"object named twice", minimal("customer", `{"name":"a"},"customer":{"name":"b"}`), 400, "duplicate_field", "customer"},
		{"text for a number", minimal("amount", `"4990"`), 400, "wrong_type", "amount"},
		{"fraction", minimal("amount", `49.9`), 400, "wrong_type", "amount"},
		{"exponent", minimal("amount", `1e3`), 400, "wrong_type", "amount"},
		{"beyond 64 bits", minimal("amount", `92233720368547758080`), 400, "wrong_type", "amount"},
		{"number for a text", minimal("number", `1001`), 400, "wrong_type", "number"},
		{"too deep", minimal("metadata", strings.Repeat(`{"a":`, 40)+"1"+strings.Repeat("}", 40)), 400, "too_deep", ""},
		{"missing number", minimal("number", ""), 422, "required", "number"},
		{"missing currency", minimal("currency", ""), 422, "required", "currency"},
		{"missing amount", minimal("amount", ""), 422, "required", "amount"},
		{"empty number", minimal("number", `""`), 422, "too_short", "number"},
		{"blank number", minimal("number", `"   "`), 422, "required", "number"},
		{"long number", minimal("number", `"`+strings.Repeat("9", 65)+`"`), 422, "too_long", "number"},
		{"NUL in a text", minimal("number", `"10\u000001"`), 422, "control_character", "number"},
		{"control character inside", minimal("items", `[{"name":"a\u0007","quantity":1,"amount":1}]`), 422, "control_character", "items[0].name"},
		{"negative amount", minimal("amount", `-1`), 422, "too_small", "amount"},
		{"huge amount", minimal("amount", `1000000000000`), 422, "too_large", "amount"},
		{"unknown currency", minimal("currency", `"EUX"`), 422, "unknown_currency", "currency"},
		{"currency in small letters", minimal("currency", `"eur"`), 422, "unknown_currency", "currency"},
		{"currency too short", minimal("currency", `"EU"`), 422, "too_short", "currency"},
		{"no quantity", minimal("items", `[{"name":"Tea","quantity":0,"amount":1}]`), 422, "too_small", "items[0].quantity"},
		{"item without a name", minimal("items", `[{"name":"Tea","quantity":1,"amount":1},{"quantity":1,"amount":1}]`), 422, "required", "items[1].name"},
		{"negative item", minimal("items", `[{"name":"Tea","quantity":1,"amount":-1}]`), 422, "too_small", "items[0].amount"},
		{"no e-mail address", minimal("customer", `{"email":"grace"}`), 422, "bad_email", "customer.email"},
		{"e-mail address with a name", minimal("customer", `{"email":"Grace <g@example.com>"}`), 422, "bad_email", "customer.email"},
		{"unknown country", minimal("shipping_address", `{"country":"XX"}`), 422, "unknown_country", "shipping_address.country"},
		{"three letters of country", minimal("shipping_address", `{"country":"DEU"}`), 422, "too_long", "shipping_address.country"},
		{"no time", minimal("placed_at", `"yesterday"`), 422, "bad_time", "placed_at"},
		{"time without a zone", minimal("placed_at", `"2026-01-15T09:30:00"`), 422, "bad_time", "placed_at"},
		{"placed in the future", minimal("placed_at", `"2999-01-01T00:00:00Z"`), 422, "time_out_of_range", "placed_at"},
		{"placed before the web", minimal("placed_at", `"1001-01-01T00:00:00Z"`), 422, "time_out_of_range", "placed_at"},
		{"promised too late", minimal("promised_at", `"2999-01-01T00:00:00Z"`), 422, "time_out_of_range", "promised_at"},
		{"metadata of numbers", minimal("metadata", `{"a":1}`), 400, "wrong_type", "metadata.a"},
		{"metadata too long", minimal("metadata", `{"a":"`+long+`"}`), 422, "too_long", "metadata.a"},
		{"metadata of too many", minimal("metadata", "{"+strings.Join(many, ",")+"}"), 422, "too_many", "metadata"},
		{"card number for a name", minimal("customer", `{"name":"4242 4242 4242 4242 12/30"}`), 422, "card_number_refused", "customer.name"},
		{"card number for a phone", minimal("customer", `{"phone":"4242424242424242"}`), 422, "card_number_refused", "customer.phone"},
		{"card number in an address", minimal("shipping_address", `{"line2":"card 4242-4242-4242-4242"}`), 422, "card_number_refused", "shipping_address"},
		{"card number for an article", minimal("items", `[{"name":"4242.4242.4242.4242","quantity":1,"amount":1}]`), 422, "card_number_refused", "items[0].name"},
		{"card number in metadata", minimal("metadata", `{"note":"1-4242424242424242"}`), 422, "card_number_refused", "metadata.note"},
		{"card number for a key", minimal("metadata", `{"4242\u00a04242\u00a04242\u00a04242":"1"}`), 422, "card_number_refused", "metadata"},
		{"metadata without a key", minimal("metadata", `{"":"a"}`), 422, "metadata_key", "metadata"},
	}
	shop := newSite(t, modelstest.SQLite(t)).newClient(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := shop.post("/api/v1/orders", tt.body).problem(t, tt.status, tt.code)
			if tt.field != "" && (len(p.Errors) != 1 || p.Errors[0].Field != tt.field || p.Errors[0].Message == "") {
				t.Errorf("errors are %+v, want one of %s", p.Errors, tt.field)
			}
		})
	}
	t.Run("nothing was stored", func(t *testing.T) {
		orders, _, err := shop.site.db.Orders(t.Context(), models.AllMerchants(), models.OrderFilter{}, models.Page{})
		if err != nil || len(orders) != 0 {
			t.Errorf("%d orders, %v", len(orders), err)
		}
	})
	t.Run("all that is wrong is told", func(t *testing.T) {
		p := shop.post("/api/v1/orders", `{"amount":-1,"currency":"EUX","items":[{"name":"","quantity":0,"amount":0}]}`).
			problem(t, http.StatusUnprocessableEntity, "invalid_input")
		if len(p.Errors) != 4 {
			t.Errorf("%d errors: %+v", len(p.Errors), p.Errors)
		}
	})
}

// What is wrong is told in words that help, in detail too.
func TestAPIInputIsExplained(t *testing.T) {
	t.Parallel()
	shop := newSite(t, modelstest.SQLite(t)).newClient(t)
	for body, want := range map[string]string{
		minimal("amount", `49.5`):     "amount: Must be an integer of at most 64 bits, without fraction and exponent.",
		minimal("amount", `"4950"`):   "amount: Must be an integer.",
		`[]`:                          "body: Must be an object.",
		minimal("currency", `"EURO"`): "currency: Must be a currency code of ISO 4217, in capitals.",
		minimal("currency", `"EU"`):   "currency: Must be a currency code of ISO 4217, in capitals.",
		minimal("currency", `5`):      "currency: Must be a text.",
		minimal("shipping_address", `{"country":"Germany"}`):       "shipping_address.country: Must be a country code of ISO 3166-1, two letters.",
		minimal("shipping_address", `{"country":"DE","county":1}`): "shipping_address.county: There is no such field. The reference at /docs lists those that there are.",
	} {
		p := problem{}
		r := shop.post("/api/v1/orders", body)
		if err := json.Unmarshal([]byte(r.body), &p); err != nil || p.Detail != want {
			t.Errorf("%s is told %q, want %q (%v)", body, p.Detail, want, err)
		}
	}
}

func TestAPIRequestForm(t *testing.T) {
	t.Parallel()
	shop := newSite(t, modelstest.SQLite(t)).newClient(t)
	order := minimal("", "")
	tests := []struct {
		name         string
		method, path string
		body         string
		headers      []string
		status       int
		code         string
	}{
		{"form instead of JSON", "POST", "/orders", "number=1", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"},
		{"JSON of another kind", "POST", "/orders", order, []string{"Content-Type", "application/vnd.api+json"}, 415, "unsupported_media_type"},
		{"JSON in Latin 1", "POST", "/orders", order, []string{"Content-Type", "application/json; charset=iso-8859-1"}, 415, "unsupported_media_type"},
		{"compressed", "POST", "/orders", order, []string{"Content-Encoding", "gzip"}, 415, "unsupported_encoding"},
		{"one megabyte", "POST", "/orders", minimal("number", `"`+strings.Repeat("x", 1_000_000)+`"`), nil, 413, "body_too_large"},
		{"body where there is none", "POST", "/orders/" + exampleOrderID + "/cancel", `{"reason":"x"}`, nil, 400, "body_not_expected"},
		{"unknown parameter", "GET", "/orders?nubmer=1", "", nil, 400, "unknown_parameter"},
		{"unknown parameter of a POST", "POST", "/orders?dry=1", order, nil, 400, "unknown_parameter"},
		{"malformed query", "GET", "/orders?q=%zz", "", nil, 400, "malformed_request"},
		{"NUL in the query", "GET", "/orders?q=%00", "", nil, 400, "malformed_request"},
		{"query not UTF-8", "GET", "/orders?q=%ff", "", nil, 400, "malformed_request"},
		{"limit of none", "GET", "/orders?limit=0", "", nil, 422, "too_small"},
		{"limit too large", "GET", "/payments?limit=201", "", nil, 422, "too_large"},
		{"limit in words", "GET", "/shipments?limit=ten", "", nil, 400, "wrong_type"},
		{"cursor of another list", "GET", "/orders?cursor=" + examplePaymentID, "", nil, 422, "bad_cursor"},
		{"cursor made up", "GET", "/events?cursor=42", "", nil, 422, "bad_cursor"},
		{"time without a zone", "GET", "/orders?created_from=2026-01-15", "", nil, 422, "bad_time"},
		{"unknown status", "GET", "/orders?status=opne", "", nil, 422, "unknown_value"},
		{"unknown type of event", "GET", "/events?type=order.eaten", "", nil, 422, "unknown_event_type"},
		{"unknown path", "GET", "/ordres", "", nil, 404, "not_found"},
		{"unknown path below", "GET", "/orders/" + exampleOrderID + "/items", "", nil, 404, "not_found"},
		{"unknown method", "PUT", "/orders", order, nil, 405, "method_not_allowed"},
		{"delete of what stays", "DELETE", "/orders/" + exampleOrderID, "", nil, 405, "method_not_allowed"},
		{"no id", "GET", "/orders/42", "", nil, 404, "not_found"},
		{"bytes for an id", "GET", "/orders/ord_%00%ff", "", nil, 404, "not_found"},
		{"no idempotency key for a payment", "POST", "/payments", paymentBody(exampleOrderID, 1), nil, 400, "idempotency_key_required"},
		{"no idempotency key for a retry", "POST", "/payments/" + examplePaymentID + "/retry", `{"reason":"again"}`, nil, 400, "idempotency_key_required"},
		{"idempotency key too long", "POST", "/orders", order, []string{idempotencyHeader, strings.Repeat("k", 256)}, 400, "bad_idempotency_key"},
		{"idempotency key not ASCII", "POST", "/orders", order, []string{idempotencyHeader, "schlüssel"}, 400, "bad_idempotency_key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shop.call(tt.method, apiPrefix+tt.path, tt.body, tt.headers...).problem(t, tt.status, tt.code)
		})
	}
	t.Run("405 lists the methods", func(t *testing.T) {
		if got := shop.call("PUT", "/api/v1/orders", order).header.Get("Allow"); got != "GET, POST" {
			t.Errorf("Allow %q", got)
		}
	})
	t.Run("a sane request id is kept", func(t *testing.T) {
		if got := shop.call("GET", "/api/v1/orders", "", "X-Request-Id", "trace-12345").header.Get("X-Request-Id"); got != "trace-12345" {
			t.Errorf("id %q", got)
		}
		if got := shop.call("GET", "/api/v1/orders", "", "X-Request-Id", "a b\"").header.Get("X-Request-Id"); !strings.HasPrefix(got, "req_") {
			t.Errorf("id %q", got)
		}
	})
	t.Run("JSON with its charset, or without a type, is taken", func(t *testing.T) {
		shop.call("POST", "/api/v1/orders", minimal("number", `"a"`), "Content-Type", "application/json; charset=UTF-8").want(t, 201)
		shop.call("POST", "/api/v1/orders", minimal("number", `"b"`), "Content-Type", "").want(t, 201)
	})
}
