package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tillpost/tillpost/models"
)

// The pace of the demo's traffic.
const (
	trafficEvery = 3 * time.Second
	openingRush  = 24 // orders at once, so that there is something to see
	parcelPace   = 900
)

// traffic plays the shops' systems: it uses the API as they would.
type traffic struct {
	keys    []demoKey
	api     string // base URL of the API
	outside string // base URL of the sandbox
	client  *http.Client
	log     *slog.Logger
	rnd     *rand.Rand
	serial  int64
}

func newTraffic(s *demoState, url, outside string, log *slog.Logger) *traffic {
	return &traffic{
		keys: s.APIKeys, api: url + "/api/v1", outside: outside,
		client: &http.Client{Timeout: 10 * time.Second}, log: log,
		rnd: rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1)), serial: time.Now().Unix() % 1_000_000 * 100,
	}
}

// run sends orders until the context ends.
func (t *traffic) run(ctx context.Context) {
	for range openingRush {
		t.order(ctx)
	}
	ticker := time.NewTicker(trafficEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			t.order(ctx)
		}
	}
}

// tokens are what customers pay with, by how often.
var tokens = []struct {
	token  string
	weight int
}{
	{"tok_success", 58}, {"tok_slow", 10}, {"tok_insufficient_funds", 6}, {"tok_declined_generic", 5},
	{"tok_declined_fix_data", 4}, {"tok_declined_never", 3}, {"tok_action_required", 4}, {"tok_processing", 4},
	{"tok_500_after_charge", 3}, {"tok_timeout_after_charge", 2}, {"tok_reset_before_send", 1},
}

func (t *traffic) token() string {
	total := 0
	for _, k := range tokens {
		total += k.weight
	}
	n := t.rnd.IntN(total)
	for _, k := range tokens {
		if n -= k.weight; n < 0 {
			return k.token
		}
	}
	return tokens[0].token
}

// order places an order, pays it, and mostly sends a parcel.
func (t *traffic) order(ctx context.Context) {
	if err := t.place(ctx); err != nil && ctx.Err() == nil {
		t.log.WarnContext(ctx, "demo traffic", "error", err)
	}
}

func (t *traffic) place(ctx context.Context) error {
	i := t.rnd.IntN(len(t.keys))
	shop, key := &demoShops[i], t.keys[i].Key
	t.serial++
	number := fmt.Sprintf("%s-%d", shop.prefix, t.serial)
	items := shop.basket(t.rnd)
	var amount int64
	for _, it := range items {
		amount += it.Amount
	}
	method := shop.method(t.rnd)
	pay := map[string]string{"type": method.kind}
	if len(method.endings) == 0 {
		pay["token"] = fmt.Sprintf("%s.%d", t.token(), t.serial) // each customer's own card
	} else { // a voucher makes the amount what decides
		amount += method.endings[t.rnd.IntN(len(method.endings))] - amount%100
	}
	person := shop.people[t.rnd.IntN(len(shop.people))]
	err := t.post(ctx, t.api+"/orders", key, number, map[string]any{
		"number": number, "currency": shop.merchant.Currency, "amount": amount, "items": items,
		"customer":         map[string]string{"name": person, "email": demoEmail(shop, int(t.serial))},
		"shipping_address": shop.address(person, t.rnd),
		"promised_at":      time.Now().UTC().Add(4 * 24 * time.Hour).Format(time.RFC3339),
	})
	if err != nil {
		return err
	}
	err = t.post(ctx, t.api+"/payments", key, "pay-"+number, map[string]any{
		"order_number": number, "amount": amount, "currency": shop.merchant.Currency,
		"method": pay,
	})
	if err != nil || t.rnd.IntN(10) < 3 {
		return err
	}
	return t.ship(ctx, shop, key, number)
}

// ship hands a parcel to the sandbox carrier, whose days pass in minutes.
func (t *traffic) ship(ctx context.Context, shop *demoShop, key, number string) error {
	tracking := fmt.Sprintf("SBX%d", 10_000_000+t.serial)
	err := t.post(ctx, t.outside+"/carrier/v1/parcels", "ct_sandbox_"+shop.merchant.Ref, "", map[string]any{
		"number": tracking, "pace": parcelPace,
	})
	if err != nil {
		return err
	}
	return t.post(ctx, t.api+"/shipments", key, "ship-"+number, map[string]any{
		"order_number": number, "carrier": "sandbox", "tracking_number": tracking, "items": []models.ShipmentItem{},
	})
}

func (t *traffic) post(ctx context.Context, url, bearer, idempotencyKey string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+bearer)
	request.Header.Set("Content-Type", "application/json")
	if idempotencyKey != "" {
		request.Header.Set("Idempotency-Key", idempotencyKey)
	}
	response, err := t.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s answered %d: %s", url, response.StatusCode, answer)
	}
	return nil
}

// shopServer plays the shops' webhook endpoint: it takes events and, every so
// often, is busy.
type shopServer struct{ count atomic.Int64 }

func (s *shopServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20)); err != nil {
		return // the sender is gone
	}
	const busyEvery = 40
	if s.count.Add(1)%busyEvery == 0 {
		http.Error(w, "busy, come back later", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
