package sandbox

import (
	"errors"
	"net/http"
	"slices"
	"time"
)

// dispute is a customer's objection to a charge.
type dispute struct {
	ID        string    `json:"id"`
	Charge    string    `json:"charge"`
	Account   string    `json:"account"`
	Amount    int64     `json:"amount"`
	Currency  string    `json:"currency"`
	Reason    string    `json:"reason"`
	Status    string    `json:"status"` // needs_response, under_review, won or lost
	CreatedAt time.Time `json:"created_at"`
	RespondBy time.Time `json:"respond_by"`
}

var errUnknownDispute = errors.New("no such dispute")

// respondWithin is how long a dispute may be answered.
const respondWithin = 7 * 24 * time.Hour

// dispute opens a dispute about all that a charge took.
func (b *bank) dispute(account, chargeID, reason string) (dispute, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, err := b.find(account, chargeID)
	if err != nil {
		return dispute{}, err
	}
	captured, refunded := c.money()
	if c.Status != statusSucceeded || captured == refunded || c.Dispute != nil {
		return dispute{}, errState
	}
	now := b.opts.Now().UTC()
	c.Dispute = &dispute{
		ID: formatOf(c.API).disputeID(), Charge: c.ID, Account: c.Account, Amount: captured - refunded, Currency: c.Currency,
		Reason: reason, Status: "needs_response", CreatedAt: now, RespondBy: now.Add(respondWithin),
	}
	return b.tellDispute(c, false), nil
}

// decideDispute moves a charge's dispute on: to under_review, won or lost.
func (b *bank) decideDispute(account, chargeID, status string) (dispute, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, err := b.find(account, chargeID)
	switch {
	case err != nil:
		return dispute{}, err
	case c.Dispute == nil:
		return dispute{}, errUnknownDispute
	case c.Dispute.Status == "won" || c.Dispute.Status == "lost":
		return dispute{}, errState
	}
	moved := *c.Dispute
	moved.Status = status
	c.Dispute = &moved
	return b.tellDispute(c, true), nil
}

func (b *bank) tellDispute(c *charge, again bool) dispute {
	b.journal.write(entry{Charge: c})
	b.webhooks.tell(news{What: happenedDispute, Charge: c.copy(), Dispute: c.Dispute, Again: again})
	return *c.Dispute
}

// putDispute opens a charge's dispute or moves it on, as its bank would.
func (s *Server) putDispute(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Charge string `json:"charge"`
		Status string `json:"status"`
		Reason string `json:"reason"`
	}
	if fault := readJSON(w, r, &in); fault != "" {
		writeReply(w, badRequest("parameter_invalid", fault))
		return
	}
	if !slices.Contains([]string{"needs_response", "under_review", "won", "lost"}, in.Status) {
		writeReply(w, badRequest("parameter_invalid", "status is needs_response, under_review, won or lost"))
		return
	}
	var (
		d   dispute
		err error
	)
	if in.Status == "needs_response" {
		d, err = s.bank.dispute("", in.Charge, in.Reason)
	} else {
		d, err = s.bank.decideDispute("", in.Charge, in.Status)
	}
	if err != nil {
		writeReply(w, nativeError(err, charge{}, ""))
		return
	}
	writeJSON(w, http.StatusOK, d)
}
