package sandbox

import (
	"errors"
	"net/http"
	"slices"
	"strings"
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
	Status    string    `json:"status"` // one of disputeStatuses
	CreatedAt time.Time `json:"created_at"`
	RespondBy time.Time `json:"respond_by"`
}

// disputeStatuses are where a dispute can stand; an inquiry is a question that
// moves no money, and may become a dispute.
var disputeStatuses = []string{"inquiry", "inquiry_closed", "needs_response", "under_review", "won", "lost"}

// took reports whether the disputed amount is taken back as things stand.
func (d *dispute) took() bool {
	return d != nil && slices.Contains([]string{"needs_response", "under_review", "lost"}, d.Status)
}

var errUnknownDispute = errors.New("no such dispute")

// respondWithin is how long a dispute may be answered.
const respondWithin = 7 * 24 * time.Hour

// dispute opens a dispute about all that a charge took, or makes its inquiry one.
func (b *bank) dispute(account, chargeID, reason string) (dispute, error) {
	return b.object(account, chargeID, reason, "needs_response")
}

// inquire opens an inquiry about all that a charge took.
func (b *bank) inquire(account, chargeID, reason string) (dispute, error) {
	return b.object(account, chargeID, reason, "inquiry")
}

func (b *bank) object(account, chargeID, reason, status string) (dispute, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, err := b.find(account, chargeID)
	if err != nil {
		return dispute{}, err
	}
	captured, refunded := c.money()
	asked := c.Dispute != nil && c.Dispute.Status == "inquiry" && status == "needs_response"
	if c.Status != statusSucceeded || captured == refunded || c.Dispute != nil && !asked {
		return dispute{}, errState
	}
	if asked {
		moved := *c.Dispute
		moved.Status = status
		c.Dispute = &moved
		return b.tellDispute(c, true), nil
	}
	now := b.opts.Now().UTC()
	c.Dispute = &dispute{
		ID: formatOf(c.API).disputeID(), Charge: c.ID, Account: c.Account, Amount: captured - refunded, Currency: c.Currency,
		Reason: reason, Status: status, CreatedAt: now, RespondBy: now.Add(respondWithin),
	}
	return b.tellDispute(c, false), nil
}

// decideDispute moves a charge's dispute on: to under_review, won or lost, or an inquiry to its end.
func (b *bank) decideDispute(account, chargeID, status string) (dispute, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, err := b.find(account, chargeID)
	switch {
	case err != nil:
		return dispute{}, err
	case c.Dispute == nil:
		return dispute{}, errUnknownDispute
	case slices.Contains([]string{"won", "lost", "inquiry_closed"}, c.Dispute.Status),
		(c.Dispute.Status == "inquiry") != (status == "inquiry_closed"):
		return dispute{}, errState
	}
	moved := *c.Dispute
	moved.Status = status
	c.Dispute = &moved
	return b.tellDispute(c, true), nil
}

// disputed returns the charge of a dispute.
func (b *bank) disputed(account, disputeID string) (charge, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.charges {
		if c.Dispute != nil && c.Dispute.ID == disputeID && c.Account == account {
			return c.copy(), nil
		}
	}
	return charge{}, errUnknownDispute
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
	if !slices.Contains(disputeStatuses, in.Status) {
		writeReply(w, badRequest("parameter_invalid", "status is one of "+strings.Join(disputeStatuses, ", ")))
		return
	}
	var (
		d   dispute
		err error
	)
	switch in.Status {
	case "inquiry":
		d, err = s.bank.inquire("", in.Charge, in.Reason)
	case "needs_response":
		d, err = s.bank.dispute("", in.Charge, in.Reason)
	default:
		d, err = s.bank.decideDispute("", in.Charge, in.Status)
	}
	if err != nil {
		writeReply(w, nativeError(err, charge{}, ""))
		return
	}
	writeJSON(w, http.StatusOK, d)
}
