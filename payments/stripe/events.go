package stripe

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"github.com/tillpost/tillpost/payments"
)

// eventPage is how many events are asked for at once.
const eventPage = 100

// eventTypes are the types that mean something here; Stripe takes up to 20.
var eventTypes = []string{
	"payment_intent.processing", "payment_intent.requires_action", "payment_intent.amount_capturable_updated",
	"payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled",
	"charge.captured", "charge.expired",
	"refund.created", "refund.updated", "refund.failed", "charge.refund.updated",
	"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
	"charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
}

// Webhooks lists the events of the past; the cursor is the id of the last one
// that was read. Stripe lists the newest first, so that the first call goes all
// the way back, and the next ones come forward from there.
func (p *Provider) Webhooks(
	ctx context.Context, account payments.Account, since time.Time, cursor string,
) (bodies [][]byte, next string, err error) {
	if cursor != "" {
		page, err := p.events(ctx, account, since, "", cursor)
		if err != nil {
			return nil, "", err
		}
		return page.oldestFirst(page.More)
	}
	page, err := p.events(ctx, account, since, "", "")
	newer := false
	for err == nil && page.More && len(page.Data) > 0 {
		var last string
		if last, err = eventID(page.Data[len(page.Data)-1]); err == nil {
			newer = true
			page, err = p.events(ctx, account, since, last, "")
		}
	}
	if err != nil {
		return nil, "", err
	}
	return page.oldestFirst(newer)
}

// eventList is a page of events, newest first, as they are sent to webhooks.
type eventList struct {
	Data []json.RawMessage `json:"data"`
	More bool              `json:"has_more"`
}

// oldestFirst turns a page round; newer says that there are events after it.
func (l eventList) oldestFirst(newer bool) (bodies [][]byte, next string, err error) {
	for _, one := range slices.Backward(l.Data) {
		bodies = append(bodies, one)
	}
	if !newer || len(l.Data) == 0 {
		return bodies, "", nil
	}
	next, err = eventID(l.Data[0])
	return bodies, next, err
}

func eventID(body []byte) (string, error) {
	var e wireEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return "", fmt.Errorf("list events: %w", err)
	}
	return e.ID, nil
}

func (p *Provider) events(
	ctx context.Context, account payments.Account, since time.Time, after, before string,
) (eventList, error) {
	if _, _, err := base(account); err != nil {
		return eventList{}, fmt.Errorf("list events: %w", err)
	}
	params := &stripe.EventListParams{
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
		Types:        stripe.StringSlice(eventTypes),
	}
	params.Single = true
	params.Limit = stripe.Int64(eventPage)
	if after != "" {
		params.StartingAfter = stripe.String(after)
	}
	if before != "" {
		params.EndingBefore = stripe.String(before)
	}
	x := newExchange(account)
	list := x.api(p.client).V1Events.List(ctx, params)
	x.finish(list.Err(), "list")
	if x.err != nil {
		return eventList{}, fmt.Errorf("list events: %s", p.failed(x).Message)
	}
	var page eventList
	if err := json.Unmarshal(x.body, &page); err != nil {
		return eventList{}, fmt.Errorf("list events: %w", err)
	}
	return page, nil
}
