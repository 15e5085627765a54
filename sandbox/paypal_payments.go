package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
)

// capturePaypal takes an authorized amount, or a part of it.
func (s *Server) capturePaypal(q *request) reply {
	var in struct {
		Amount    *paypalMoney `json:"amount"`
		InvoiceID string       `json:"invoice_id"`
	}
	if len(q.body) > 0 && json.Unmarshal(q.body, &in) != nil {
		return paypalInvalid("MALFORMED_REQUEST_JSON", "The request JSON is not well formed.")
	}
	c, ok := s.paypalPart(q, paypalHoldPrefix)
	if !ok {
		return paypalNotFound()
	}
	amount := c.Amount
	if in.Amount != nil {
		var issue string
		if amount, issue = in.Amount.minor(); issue != "" {
			return paypalUnprocessable(issue, "")
		}
		if in.Amount.Currency != c.Currency {
			return paypalUnprocessable("AUTH_CAPTURE_CURRENCY_MISMATCH", "")
		}
	}
	show := func(status int) reply {
		c, err := s.bank.charge(q.account, c.ID)
		if err != nil {
			return paypalNotFound()
		}
		return jsonReply(status, paypalCapture(c))
	}
	return s.paypalOnce(q, "", func() reply {
		after, err := s.bank.captureFor(q.account, c.ID, in.InvoiceID, amount)
		switch {
		case err == nil:
			return show(http.StatusCreated)
		case errors.Is(err, errAmount):
			return paypalUnprocessable("MAX_CAPTURE_AMOUNT_EXCEEDED", "Capture amount exceeds allowable limit.")
		case after.Status == statusVoided:
			return paypalUnprocessable("AUTHORIZATION_VOIDED", "A voided authorization cannot be captured.")
		case after.Status == statusSucceeded:
			return paypalUnprocessable("AUTHORIZATION_ALREADY_CAPTURED", "Authorization has previously been captured.")
		default:
			return paypalUnprocessable("AUTHORIZATION_DENIED", "A denied authorization cannot be captured.")
		}
	}, func([]byte) (reply, bool) { return show(http.StatusOK), true })
}

// captureFor is capture with the invoice id that the caller gave it.
func (b *bank) captureFor(account, id, invoice string, amount int64) (charge, error) {
	return b.move(account, id, happenedCapture, func(c *charge) error {
		switch {
		case c.Status != statusAuthorized:
			return errState
		case amount > c.Amount:
			return errAmount
		}
		c.Status = statusSucceeded
		c.Taken[len(c.Taken)-1].Captured = amount
		c.Metadata = maps.Clone(c.Metadata)
		c.Metadata["capture_invoice_id"] = invoice
		return nil
	})
}

func (s *Server) voidPaypal(q *request) reply {
	c, ok := s.paypalPart(q, paypalHoldPrefix)
	if !ok {
		return paypalNotFound()
	}
	c, err := s.bank.void(q.account, c.ID)
	switch {
	case err != nil && c.Status == statusVoided:
		return paypalUnprocessable("PREVIOUSLY_VOIDED", "Authorization has been previously voided.")
	case err != nil:
		return paypalUnprocessable("PREVIOUSLY_CAPTURED", "Authorization has been previously captured.")
	case q.Header.Get("Prefer") == "return=representation":
		return jsonReply(http.StatusOK, paypalHold(c))
	default:
		return reply{status: http.StatusNoContent}
	}
}

// refundPaypal gives back a capture, or a part of it.
func (s *Server) refundPaypal(q *request) reply {
	var in struct {
		Amount    *paypalMoney `json:"amount"`
		CustomID  string       `json:"custom_id"`
		InvoiceID string       `json:"invoice_id"`
		Note      string       `json:"note_to_payer"`
	}
	if len(q.body) > 0 && json.Unmarshal(q.body, &in) != nil {
		return paypalInvalid("MALFORMED_REQUEST_JSON", "The request JSON is not well formed.")
	}
	c, ok := s.paypalPart(q, paypalCapturePrefix)
	if !ok {
		return paypalNotFound()
	}
	var amount int64
	if in.Amount != nil {
		var issue string
		if amount, issue = in.Amount.minor(); issue != "" {
			return paypalUnprocessable(issue, "")
		}
		if in.Amount.Currency != c.Currency {
			return paypalUnprocessable("REFUND_CAPTURE_CURRENCY_MISMATCH", "")
		}
	}
	if in.InvoiceID == "" {
		in.InvoiceID = rand.Text() // none: it stands for this refund only
	}
	return s.paypalOnce(q, "", func() reply {
		r, err := s.bank.refundAs(q.account, c.ID, in.InvoiceID+" "+in.CustomID, amount, in.Note)
		if err != nil {
			return s.paypalRefundRefusal(q, c, err)
		}
		return jsonReply(http.StatusCreated, paypalRefund(r, origin(q.Request)))
	}, func(kept []byte) (reply, bool) {
		var made struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(kept, &made) != nil {
			return reply{}, false
		}
		r, err := s.bank.refundByID(q.account, made.ID)
		return jsonReply(http.StatusOK, paypalRefund(r, origin(q.Request))), err == nil
	})
}

func (s *Server) paypalRefundRefusal(q *request, c charge, err error) reply {
	if now, found := s.bank.charge(q.account, c.ID); found == nil {
		c = now
	}
	captured, refunded := c.money()
	switch {
	case errors.Is(err, errTaken):
		return paypalUnprocessable("DUPLICATE_INVOICE_ID", "Invoice ID was previously used to refund a capture.")
	case c.Status == statusProcessing:
		return paypalUnprocessable("PENDING_CAPTURE", "Cannot initiate a refund as the capture is pending.")
	case captured > 0 && refunded == captured:
		return paypalUnprocessable("CAPTURE_FULLY_REFUNDED", "The capture has already been fully refunded.")
	case errors.Is(err, errAmount):
		return paypalUnprocessable("REFUND_AMOUNT_EXCEEDED", "The refund amount is more than what is left.")
	case c.Dispute != nil:
		return paypalUnprocessable("TRANSACTION_DISPUTED", "There is an open case on this transaction.")
	default:
		return paypalUnprocessable("REFUND_NOT_ALLOWED", "Capture cannot be refunded.")
	}
}

func (s *Server) showPaypalCapture(q *request) reply {
	c, ok := s.paypalPart(q, paypalCapturePrefix)
	if !ok {
		return paypalNotFound()
	}
	return jsonReply(http.StatusOK, paypalCapture(c))
}

func (s *Server) showPaypalRefund(q *request) reply {
	r, err := s.bank.refundByID(q.account, q.PathValue("id"))
	if err != nil {
		return paypalNotFound()
	}
	return jsonReply(http.StatusOK, paypalRefund(r, origin(q.Request)))
}

// paypalPart finds the order of an authorization or a capture that it shows.
func (s *Server) paypalPart(q *request, prefix string) (charge, bool) {
	id, ours := strings.CutPrefix(q.PathValue("id"), prefix)
	c, ok := s.paypalCharge(q.account, id)
	part := map[string]string{paypalHoldPrefix: "authorizations", paypalCapturePrefix: "captures"}[prefix]
	return c, ours && ok && paypalPayments(c, nil)[part] != nil
}
