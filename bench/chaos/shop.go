package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// shop sends orders and payments, each until it is accepted.
type shop struct {
	o      Options
	client *http.Client

	mu     sync.Mutex
	next   int
	ids    []string
	what   map[string]string // account's kind and outcome of each payment
	grown  chan struct{}     // closed and replaced when ids grew
	failed error
}

func newShop(o Options) *shop {
	return &shop{
		o: o, what: map[string]string{}, grown: make(chan struct{}),
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: o.Clients}},
	}
}

// take returns the number of the next payment to send.
func (s *shop) take() (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next >= s.o.Payments || s.failed != nil {
		return 0, false
	}
	s.next++
	return s.next, true
}

// send works through the payments that no other client has taken.
func (s *shop) send(ctx context.Context, client int) {
	for {
		i, more := s.take()
		if !more {
			return
		}
		id, what, err := s.pay(ctx, client, i)
		s.mu.Lock()
		if err != nil && s.failed == nil {
			s.failed = err
		}
		if err == nil {
			s.ids = append(s.ids, id)
			s.what[id] = what
		}
		close(s.grown)
		s.grown = make(chan struct{})
		s.mu.Unlock()
	}
}

// spread keeps the lanes at different outcomes, so that a short run meets most.
const spread = 5

func (s *shop) pay(ctx context.Context, client, i int) (id, what string, err error) {
	lane, round := s.o.Lanes[i%len(s.o.Lanes)], i/len(s.o.Lanes)+spread*(i%len(s.o.Lanes))
	number := fmt.Sprintf("chaos-%d-%d", client, i)
	amount := lane.amount(i, round)
	err = s.post(ctx, "/orders", number, map[string]any{
		"number": number, "currency": lane.Currency, "amount": amount,
		"items": []map[string]any{{"name": "thing", "quantity": 1, "amount": amount}},
	}, nil)
	if err != nil {
		return "", "", err
	}
	var p payment
	err = s.post(ctx, "/payments", "pay-"+number, map[string]any{
		"order_number": number, "amount": amount, "currency": lane.Currency, "gateway": lane.Gateway,
		"method": lane.method(round),
	}, &p)
	return p.ID, lane.what(amount, round), err
}

// payment is what the API says of one.
type payment struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Amount   int64  `json:"amount"`
	Captured int64  `json:"amount_captured"`
}

// post sends until the node takes it, with the same idempotency key each time.
func (s *shop) post(ctx context.Context, path, key string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		status, answer, err := s.call(ctx, http.MethodPost, path, key, text)
		switch {
		case err == nil && status < 300:
			if into == nil {
				return nil
			}
			return json.Unmarshal(answer, into)
		case err == nil && status < 500 && status != http.StatusConflict && status != http.StatusTooManyRequests:
			return fmt.Errorf("%s answered %d: %s", path, status, answer)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return ctx.Err()
}

func (s *shop) call(ctx context.Context, method, path, key string, body []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.o.API+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.o.Key)
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, errors.Join(err, response.Body.Close())
}

// waitFor waits until n payments were accepted; false when all were sent before.
func (s *shop) waitFor(ctx context.Context, n int, sent <-chan struct{}) bool {
	for {
		s.mu.Lock()
		have, grown := len(s.ids), s.grown
		s.mu.Unlock()
		if have >= n {
			return true
		}
		select {
		case <-grown:
		case <-sent:
			return s.count() >= n
		case <-ctx.Done():
			return false
		}
	}
}

func (s *shop) count() int { return len(s.accepted()) }

func (s *shop) accepted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.ids...)
}

func (s *shop) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// outcomes reads all payments, again and again, until all are settled or the
// time is up; the comparison then names those that are not.
func (s *shop) outcomes(ctx context.Context, limit time.Duration) (map[string]payment, error) {
	deadline := time.Now().Add(limit)
	for {
		payments, open, err := s.list(ctx)
		if err == nil && (open == 0 || time.Now().After(deadline)) {
			return payments, nil
		}
		if err != nil && time.Now().After(deadline) {
			return nil, err
		}
		s.o.Log("%d payments not settled yet", open)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
}

func (s *shop) list(ctx context.Context) (payments map[string]payment, open int, err error) {
	payments = map[string]payment{}
	cursor := ""
	for {
		path := "/payments?limit=200"
		if cursor != "" {
			path += "&cursor=" + cursor
		}
		status, answer, err := s.call(ctx, http.MethodGet, path, "", nil)
		if err != nil {
			return nil, 0, err
		}
		if status != http.StatusOK {
			return nil, 0, fmt.Errorf("list of payments answered %d: %s", status, answer)
		}
		var page struct {
			Data       []payment `json:"data"`
			NextCursor *string   `json:"next_cursor"`
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			return nil, 0, err
		}
		for _, p := range page.Data {
			payments[p.ID] = p
			if !settledStatuses[p.Status] {
				open++
			}
		}
		if page.NextCursor == nil {
			return payments, open, nil
		}
		cursor = *page.NextCursor
	}
}
