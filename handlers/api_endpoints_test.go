package handlers

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestAPIEndpointsAndEvents(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		const path = "/api/v1/webhook-endpoints"
		created := shop.post(path, `{"url":"https://shop.example.com/hooks","events":["order.created"],"description":" Production "}`).want(t, http.StatusCreated)
		id := created.id(t)
		if e := created.object(t); e["description"] != "Production" || e["enabled"] != true || created.header.Get("Location") != path+"/"+id {
			t.Errorf("endpoint is %s", created.body)
		}

		t.Run("refusals", func(t *testing.T) {
			for body, code := range map[string]string{
				`{"url":"ftp://shop.example.com"}`:                            "url_scheme",
				`{"url":"https://10.0.0.1/hooks"}`:                            "url_private_address",
				`{"url":"https://u:p@shop.example.com"}`:                      "url_userinfo",
				`{"url":"https://shop.example.com","events":["order.eaten"]}`: "unknown_event_type",
				`{"url":" "}`: "required",
				`{}`:          "required",
			} {
				shop.post(path, body).problem(t, http.StatusUnprocessableEntity, code)
			}
		})
		t.Run("change", func(t *testing.T) {
			changed := shop.call("PATCH", path+"/"+id, `{"description":"Old","enabled":false}`).want(t, http.StatusOK)
			if e := changed.object(t); e["description"] != "Old" || e["enabled"] != false || e["url"] != "https://shop.example.com/hooks" {
				t.Errorf("endpoint is %s", changed.body)
			}
			shop.post(path+"/"+id+"/test", "").problem(t, http.StatusConflict, "endpoint_disabled")
			shop.call("PATCH", path+"/"+id, `{"secret":"whsec_mine"}`).problem(t, http.StatusBadRequest, "unknown_field")
			shop.call("PATCH", path+"/"+id, `{"url":"nonsense"}`).problem(t, http.StatusUnprocessableEntity, "url_scheme")
			shop.call("PATCH", path+"/"+id, `{"enabled":true}`).want(t, http.StatusOK)
		})
		t.Run("headers, rate and pause", func(t *testing.T) {
			change := func(body string) map[string]any {
				r := shop.call("PATCH", path+"/"+id, body).want(t, http.StatusOK)
				if strings.Contains(r.body, "Bearer") {
					t.Errorf("a header's value is shown: %s", r.body)
				}
				return r.object(t)
			}
			e := change(`{"headers":{"authorization":"Bearer 1","X-Shop":"7"},"rate_per_second":5,"max_in_flight":2,"paused":true}`)
			if !cmp.Equal(e["header_names"], []any{"Authorization", "X-Shop"}) || e["rate_per_second"] != 5.0 || e["max_in_flight"] != 2.0 ||
				e["paused"] != true || e["enabled"] != true {
				t.Errorf("endpoint is %v", e)
			}
			if e := change(`{"headers":{"Authorization":""},"paused":false}`); !cmp.Equal(e["header_names"], []any{"Authorization"}) || e["paused"] != false {
				t.Errorf("endpoint is %v", e)
			}
			if e := change(`{"rate_per_second":0}`); !cmp.Equal(e["header_names"], []any{"Authorization"}) || e["rate_per_second"] != 0.0 {
				t.Errorf("endpoint is %v", e)
			}
			moved := shop.call("PATCH", path+"/"+id, `{"url":"https://other.example.com"}`).problem(t, http.StatusUnprocessableEntity, "secret_again")
			if !strings.Contains(moved.Detail, "send headers") {
				t.Errorf("a move without headers is told as %q", moved.Detail)
			}
			unknown := shop.call("PATCH", path+"/"+id, `{"events":["order.eaten"]}`).problem(t, http.StatusUnprocessableEntity, "unknown_event_type")
			if !strings.Contains(unknown.Detail, "order.created, ") {
				t.Errorf("an unknown type is told as %q", unknown.Detail)
			}
			for body, code := range map[string]string{
				`{"headers":{"Host":"x"}}`: "header_reserved", `{"headers":{"X-New":""}}`: "required",
				`{"rate_per_second":1001}`: "too_large", `{"max_in_flight":0}`: "too_small",
			} {
				shop.call("PATCH", path+"/"+id, body).problem(t, http.StatusUnprocessableEntity, code)
			}
			if e := change(`{"headers":{}}`); !cmp.Equal(e["header_names"], []any{}) {
				t.Errorf("endpoint is %v", e)
			}
			made := shop.post(path, `{"url":"https://shop.example.com","headers":{"X-Shop":"Bearer"},"rate_per_second":9}`).want(t, http.StatusCreated)
			if e := made.object(t); e["max_in_flight"] != 8.0 || e["rate_per_second"] != 9.0 || strings.Contains(made.body, "Bearer") {
				t.Errorf("endpoint is %s", made.body)
			}
			off := shop.call("PATCH", path+"/"+made.id(t), `{"enabled":false}`).want(t, http.StatusOK).object(t)
			if off["disabled_reason"] != "person" {
				t.Errorf("endpoint is %v", off)
			}
			shop.call("DELETE", path+"/"+made.id(t), "").want(t, http.StatusNoContent)
		})
		t.Run("test event", func(t *testing.T) {
			r := shop.post(path+"/"+id+"/test", "").want(t, http.StatusAccepted)
			event := shop.get(r.header.Get("Location")).want(t, http.StatusOK).object(t)
			deliveries := event["deliveries"].([]any)
			if event["type"] != "ping" || len(deliveries) != 1 || deliveries[0].(map[string]any)["id"] != r.id(t) {
				t.Errorf("event is %v", event)
			}
		})
		t.Run("events and their redelivery", func(t *testing.T) {
			order := shop.order(100)
			list := shop.get("/api/v1/events?type=order.created").want(t, http.StatusOK).object(t)["data"].([]any)
			event := list[0].(map[string]any)
			if len(list) != 1 || event["data"].(map[string]any)["id"] != order || event["deliveries"] != nil {
				t.Fatalf("events are %v", list)
			}
			redeliver := "/api/v1/events/" + event["id"].(string) + "/redeliver"
			to := func(endpoint string) string { return jsonOf(map[string]string{"endpoint_id": endpoint}) }
			shop.post(redeliver, to(id)).problem(t, http.StatusConflict, "delivery_running")
			shop.post(redeliver, to(exampleEndpointID)).problem(t, http.StatusUnprocessableEntity, "unknown_endpoint")
			shop.post(redeliver, `{}`).problem(t, http.StatusUnprocessableEntity, "required")

			got := shop.get("/api/v1/events/" + event["id"].(string)).object(t)["deliveries"].([]any)[0].(map[string]any)
			modelstest.FinishDelivery(t, db, modelstest.ClaimDelivery(t, db, got["id"].(string)),
				models.DeliveryAttempt{StartedAt: db.Now(), Status: 204, LatencyMS: 3}, models.DeliveryDelivered, nil)
			r := shop.post(redeliver, to(id)).want(t, http.StatusAccepted)
			if d := r.object(t); d["id"] != got["id"] || d["status"] != "pending" || len(d["attempts"].([]any)) != 1 {
				t.Errorf("delivery is %s", r.body)
			}
			second := shop.post(path, `{"url":"https://other.example.com"}`).want(t, http.StatusCreated).id(t)
			if d := shop.post(redeliver, to(second)).want(t, http.StatusAccepted).object(t); d["endpoint_id"] != second || d["id"] == got["id"] {
				t.Errorf("delivery is %v", d)
			}
			shop.call("DELETE", path+"/"+second, "").want(t, http.StatusNoContent)
		})
		t.Run("delete", func(t *testing.T) {
			gone := shop.call("DELETE", path+"/"+id, "").want(t, http.StatusNoContent)
			if gone.body != "" || gone.header.Get("Content-Type") != "" {
				t.Errorf("an answer without content has %q of %q", gone.body, gone.header.Get("Content-Type"))
			}
			shop.get(path+"/"+id).problem(t, http.StatusNotFound, "not_found")
			shop.call("DELETE", path+"/"+id, "").problem(t, http.StatusNotFound, "not_found")
			if list := shop.get(path).object(t)["data"].([]any); len(list) != 0 {
				t.Errorf("%d endpoints left", len(list))
			}
		})
	})
}
