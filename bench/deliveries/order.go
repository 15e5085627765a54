package deliveries

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// client keeps its connections: shops do.
var client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// refusal is the error of an order that was answered, but not accepted.
type refusal struct{ status int }

func (r *refusal) Error() string { return fmt.Sprintf("an order was answered with %d", r.status) }

// passing says whether the same order may be accepted later.
func (r *refusal) passing() bool {
	return r.status >= 500 || r.status == http.StatusConflict || r.status == http.StatusTooManyRequests
}

// order sends an order, which makes one event.
func (w *world) order(ctx context.Context, s shop) error {
	return w.post(ctx, s, int(w.made.Add(1)), "")
}

// post sends the order of a number, under an idempotency key if it may have been
// sent before.
func (w *world) post(ctx context.Context, s shop, n int, idempotency string) error {
	body := fmt.Sprintf(`{"number":"B-%d","currency":"EUR","amount":4200,"items":[{"sku":"TEA-1","name":"Earl Grey, 250 g","quantity":2,"amount":2100}],`+
		`"customer":{"name":"Grace Example","email":"grace@example.com"},"shipping_address":{"name":"Grace Example","line1":"1 Main Street",`+
		`"city":"Berlin","postal_code":"10115","country":"DE"},"metadata":{"channel":"web","basket":"8f14e45fceea167a5a36dedd4bea2543"}}`, n)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.Addr+"/api/v1/orders", strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.keys[n%len(s.keys)])
	if idempotency != "" {
		request.Header.Set("Idempotency-Key", idempotency)
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		return &refusal{response.StatusCode}
	}
	return nil
}
