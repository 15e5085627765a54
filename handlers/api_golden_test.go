package handlers

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

var update = flag.Bool("update", false, "write golden files anew")

// golden compares a reply with a file: the same on both databases, ids apart.
func golden(t *testing.T, name string, r reply) {
	t.Helper()
	ids := map[string]string{}
	body := objectIDs.ReplaceAllStringFunc(r.body, func(id string) string {
		if ids[id] == "" {
			ids[id] = id[:4] + string(rune('a'+len(ids)))
		}
		return ids[id]
	})
	body = publicPages.ReplaceAllString(body, "/t/secret")
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(body), "", "  "); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "api", name+".json")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// publicPages are parcels' addresses for their recipients, whose end is random.
var publicPages = regexp.MustCompile(`/t/[0-9a-z]{32}`)

var objectIDs = regexp.MustCompile(`[a-z]{3}_[0-9a-z]{26}`)

func TestAPIGolden(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := time.Date(2026, 1, 15, 9, 30, 0, 0, time.UTC)
		db.Now = func() time.Time { return now }
		db.PublicURL = "https://parcels.example.com"
		shop := newSite(t, db).newClient(t)
		shop.carrier()
		order := shop.post("/api/v1/orders", `{"number":"1001","currency":"EUR","amount":4990,
			"items":[{"sku":"TEA-1","name":"Darjeeling <250 g>","quantity":2,"amount":4990}],
			"customer":{"name":"Grace O'Neil","email":"grace@example.com"},
			"shipping_address":{"line1":"Lindenstraße 4","city":"Berlin","postal_code":"10969","country":"DE"},
			"promised_at":"2026-01-20T18:00:00Z","metadata":{"channel":"web"}}`).want(t, http.StatusCreated).id(t)
		payment := shop.payment(order, 4990)
		shop.move(payment, models.PaymentFailed, models.AttemptDeclined, models.PaymentChange{
			Failure: models.Failure{Code: "insufficient_funds", Class: "later", Message: "The card has insufficient funds."},
		})
		refund := shop.refund(shop.paid(700), 200).want(t, http.StatusAccepted).id(t)
		captured := shop.post("/api/v1/payments/"+shop.authorized(900)+"/capture", `{"amount":400}`).want(t, http.StatusAccepted)
		shipment := shop.post("/api/v1/shipments", shipmentBody(order, "SB0001")).want(t, http.StatusCreated).id(t)
		endpoint := shop.post("/api/v1/webhook-endpoints", `{"url":"https://shop.example.com/hooks","events":["payment.paid"]}`).want(t, http.StatusCreated).id(t)

		golden(t, "order", shop.get("/api/v1/orders/"+order))
		golden(t, "payment", shop.get("/api/v1/payments/"+payment))
		golden(t, "payment_capture", captured)
		golden(t, "refund", shop.get("/api/v1/refunds/"+refund))
		golden(t, "shipment", shop.get("/api/v1/shipments/"+shipment))
		golden(t, "endpoint", shop.get("/api/v1/webhook-endpoints/"+endpoint))
		golden(t, "event_shipment", shop.get("/api/v1/events?type=shipment.created"))
		golden(t, "event", shop.get("/api/v1/events?type=payment.failed"))
		fixed := []string{"X-Request-Id", "request-of-a-test"}
		golden(t, "problem", shop.call("POST", "/api/v1/orders", `{"number":"1","currency":"EUR","amount":-1,"items":[{"name":"","quantity":0,"amount":1}]}`, fixed...))
		golden(t, "problem_conflict", shop.call("POST", "/api/v1/orders/"+order+"/cancel", "", fixed...))
	})
}

func TestAPILists(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		var want []string
		for range 7 {
			want = append([]string{shop.order(100)}, want...)
		}
		var got []string
		for path, pages := "/api/v1/orders?limit=3", 0; ; pages++ {
			if pages > 3 {
				t.Fatal("the list does not end")
			}
			list := shop.get(path).want(t, http.StatusOK).object(t)
			for _, order := range list["data"].([]any) {
				got = append(got, order.(map[string]any)["id"].(string))
			}
			cursor, more := list["next_cursor"].(string)
			if !more {
				if _, there := list["next_cursor"]; !there {
					t.Error("next_cursor is left out at the end")
				}
				break
			}
			path = "/api/v1/orders?limit=3&cursor=" + cursor
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages (-want +got):\n%s", diff)
		}
		shop.post("/api/v1/orders/"+want[0]+"/cancel", "").want(t, http.StatusOK)
		hour := time.Hour
		past, future := time.Now().Add(-hour).UTC().Format(time.RFC3339), time.Now().Add(hour).UTC().Format(time.RFC3339)
		for query, n := range map[string]int{
			"status=canceled": 1, "status=open": 6, "payment_state=unpaid": 7, "payment_state=paid": 0, "shipping_state=unshipped": 7,
			"created_from=" + past: 7, "created_to=" + past: 0, "created_from=" + future: 0, "created_from=" + past + "&created_to=" + future: 7,
			"q=" + want[3]: 1, "number=none": 0,
		} {
			if list := shop.get("/api/v1/orders?"+query).want(t, http.StatusOK).object(t)["data"].([]any); len(list) != n {
				t.Errorf("?%s: %d orders, want %d", query, len(list), n)
			}
		}
		if r := shop.get("/api/v1/payments"); r.body != `{"data":[],"next_cursor":null}`+"\n" {
			t.Errorf("an empty list is %s", r.body)
		}
	})
}
