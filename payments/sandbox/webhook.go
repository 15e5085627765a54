package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// wireEvent is a webhook's body.
type wireEvent struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Created int64  `json:"created"`
	Data    struct {
		Charge  *wireCharge  `json:"charge"`
		Refund  *wireRefund  `json:"refund"`
		Dispute *wireDispute `json:"dispute"`
	} `json:"data"`
}

type wireDispute struct {
	ID        string    `json:"id"`
	Amount    int64     `json:"amount"`
	Currency  string    `json:"currency"`
	Reason    string    `json:"reason"`
	Status    string    `json:"status"`
	RespondBy time.Time `json:"respond_by"`
}

// Acknowledge answers with an empty 200.
func (p *Provider) Acknowledge() payments.Acknowledgment { return payments.Acknowledgment{} }

// Read returns the one thing that a webhook tells.
func (p *Provider) Read(account payments.Account, body []byte) ([]payments.Notice, error) {
	var e wireEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	if e.ID == "" || e.Type == "" {
		return nil, errors.New("read event: it has no id or no type")
	}
	x := newExchange(account)
	x.body = body
	n := payments.Notice{ID: e.ID, Type: e.Type, Subject: payments.SubjectNone, Result: x.about()}
	if e.Created != 0 {
		n.OccurredAt = time.Unix(e.Created, 0).UTC()
	}
	charge := e.Data.Charge
	if charge == nil || charge.ID == "" {
		return []payments.Notice{n}, nil
	}
	switch {
	case e.Data.Refund != nil:
		readRefund(&n, *e.Data.Refund)
	case e.Data.Dispute != nil:
		readDispute(&n, *e.Data.Dispute)
	default:
		x.readCharge(&n, *charge)
	}
	if n.Subject != payments.SubjectNone {
		n.ChargeReference = charge.ID
	}
	if n.Subject != payments.SubjectCapture && n.Subject != payments.SubjectVoid && n.Subject != payments.SubjectNone {
		n.AttemptID = charge.Reference
	}
	return []payments.Notice{n}, nil
}

// readCharge reads what became of a charge, or of its capture or void, which
// have an attempt of their own.
func (x *exchange) readCharge(n *payments.Notice, c wireCharge) {
	stands(&n.Result, c)
	n.Result.ProviderReference = c.ID
	switch n.Type {
	case "charge.captured":
		n.Subject, n.AttemptID = payments.SubjectCapture, c.ModifiedBy
	case "charge.voided":
		n.Subject, n.AttemptID = payments.SubjectVoid, c.ModifiedBy
		n.Result = x.about()
		n.Result.Outcome, n.Result.Amount, n.Result.ProviderReference = payments.OutcomeSucceeded, c.Amount, c.ID
	case "charge.failed":
		n.Subject = payments.SubjectCharge
		x.refuse(&n.Result, c.Failure)
	case "charge.succeeded", "charge.authorized", "charge.canceled":
		n.Subject = payments.SubjectCharge
	}
}

func readRefund(n *payments.Notice, r wireRefund) {
	n.Subject, n.RefundID, n.ProviderReference = payments.SubjectRefund, r.Reference, r.ID
	refundStands(&n.Result, r)
	n.Result.ProviderReference = r.ID
}

// disputes are the sandbox's statuses of disputes.
var disputes = map[string]payments.DisputeStatus{
	"needs_response": payments.DisputeNeedsResponse, "under_review": payments.DisputeUnderReview,
	"won": payments.DisputeWon, "lost": payments.DisputeLost,
	"inquiry": payments.DisputeInquiry, "inquiry_closed": payments.DisputeInquiryClosed,
}

func readDispute(n *payments.Notice, d wireDispute) {
	status, known := disputes[d.Status]
	if !known {
		return
	}
	n.Subject, n.ProviderReference = payments.SubjectDispute, d.ID
	n.Dispute = &payments.Dispute{
		Status: status, Amount: d.Amount, Currency: d.Currency, Reason: d.Reason, RespondBy: d.RespondBy,
	}
	switch status {
	case payments.DisputeNeedsResponse, payments.DisputeUnderReview, payments.DisputeLost:
		n.Dispute.MoneyMoved = true
	default: // an inquiry moves nothing, and what was won is back
	}
}

// Webhooks lists the webhooks of the past; the cursor is the id of the last one that was read.
func (p *Provider) Webhooks(
	ctx context.Context, account payments.Account, since time.Time, cursor string,
) (bodies [][]byte, next string, err error) {
	query := url.Values{"since": {strconv.FormatInt(since.Unix(), 10)}, "after": {cursor}}
	x := p.call(ctx, account, http.MethodGet, "/v1/events?"+query.Encode(), "", nil)
	var list struct {
		Data []json.RawMessage `json:"data"`
		More bool              `json:"has_more"`
	}
	if !x.decode("list", &list) {
		r := x.failed()
		return nil, "", fmt.Errorf("list events: %s", cmp.Or(r.Message, "the answer cannot be used"))
	}
	for _, one := range list.Data {
		bodies = append(bodies, one)
	}
	if !list.More || len(bodies) == 0 {
		return bodies, "", nil
	}
	var last wireEvent
	if err := json.Unmarshal(bodies[len(bodies)-1], &last); err != nil {
		return nil, "", fmt.Errorf("list events: %w", err)
	}
	return bodies, last.ID, nil
}
