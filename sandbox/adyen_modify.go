package sandbox

import (
	"errors"
	"maps"
	"net/http"
	"slices"
)

// adyenModification is the body of a capture, a cancel or a refund.
type adyenModification struct {
	MerchantAccount      string       `json:"merchantAccount"`
	Reference            string       `json:"reference"`
	Amount               *adyenAmount `json:"amount"`
	MerchantRefundReason string       `json:"merchantRefundReason"`
	PaymentReference     string       `json:"paymentReference"`
}

// adyenJob is a modification that was received.
type adyenJob struct {
	adyenModification

	id     string // Adyen's own reference of it
	event  string // what its webhook is called
	charge charge
}

// note is what the bank is to keep of it with the charge.
func (j adyenJob) note(c *charge) {
	c.ModifiedBy, c.Metadata = j.Reference, maps.Clone(c.Metadata)
	c.Metadata[adyenPSP], c.Metadata[adyenEvent] = j.id, j.event
}

func (s *Server) captureAdyenPayment(q *request) reply {
	return s.adyenModify(q, "CAPTURE", func(j adyenJob) error {
		value, err := j.asked()
		if err == nil {
			_, err = s.bank.capture(q.account, j.charge.ID, value, j.note)
		}
		return err
	})
}

func (s *Server) voidAdyenPayment(q *request) reply {
	return s.adyenModify(q, "CANCELLATION", func(j adyenJob) error {
		_, err := s.bank.void(q.account, j.charge.ID, j.note)
		return err
	})
}

func (s *Server) refundAdyenPayment(q *request) reply {
	return s.adyenModify(q, "REFUND", func(j adyenJob) error {
		value, err := j.asked()
		if err == nil {
			_, err = s.bank.refund(q.account, j.charge.ID, value, j.MerchantRefundReason, func(r *refund) {
				r.ID, r.Key, r.Reference = j.id, q.key, j.Reference
			})
		}
		return err
	})
}

// asked is the amount of a capture or a refund, which have to name it.
func (j adyenJob) asked() (int64, error) {
	value, whole := adyenFromWire(*j.Amount)
	if j.Amount.Currency != j.charge.Currency || !whole {
		return 0, errAmount
	}
	return value, nil
}

// adyenModify receives a modification. It is executed at once, and a webhook
// tells what came of it: the bank's own, or that it was refused.
func (s *Server) adyenModify(q *request, event string, do func(adyenJob) error) reply {
	j := adyenJob{id: upper(16)(), event: event}
	if rep, ok := adyenBody(q, &j.adyenModification, &j.MerchantAccount); !ok {
		return rep
	}
	if event != "CANCELLATION" && (j.Amount == nil || j.Amount.Value < 1) {
		return adyenError(http.StatusUnprocessableEntity, "100", "validation", "No amount specified")
	}
	return s.once(q, "", func() reply {
		var err error
		j.charge, err = s.bank.charge(q.account, q.PathValue("id"))
		if err != nil || j.charge.API != apiAdyen || j.charge.Metadata[adyenMerchant] != j.MerchantAccount {
			return adyenError(http.StatusUnprocessableEntity, "167", "validation", "Original pspReference required for this operation")
		}
		if err := do(j); err != nil {
			s.adyenRefuse(j, err)
		}
		answer := map[string]any{
			"merchantAccount": j.MerchantAccount, "paymentPspReference": j.charge.ID, "pspReference": j.id,
			"reference": j.Reference, "status": "received",
		}
		if j.Amount != nil {
			answer["amount"] = j.Amount
		}
		return jsonReply(http.StatusCreated, answer)
	})
}

// adyenRefuse tells that a modification was not made.
func (s *Server) adyenRefuse(j adyenJob, why error) {
	c := j.charge
	j.note(&c)
	c.Metadata[adyenRefused] = "Transaction hasn't been authorised or captured as this needs"
	if errors.Is(why, errAmount) {
		c.Metadata[adyenRefused] = "Insufficient balance on payment"
	}
	if j.Amount != nil {
		c.Amount, _ = adyenFromWire(*j.Amount) // what was asked for, whole or not
	}
	s.webhooks.tell(news{What: happenedCapture, Charge: c})
}

// cancelAdyenReference is the technical cancel: it ends the payments with a
// reference that took no money yet. What arrives later is none of its business.
func (s *Server) cancelAdyenReference(q *request) reply {
	var in adyenModification
	if rep, ok := adyenBody(q, &in, &in.MerchantAccount); !ok {
		return rep
	}
	if in.PaymentReference == "" {
		return adyenError(http.StatusUnprocessableEntity, "14_028", "validation", "Required field 'paymentReference' is not provided.")
	}
	return s.once(q, "", func() reply {
		id := upper(16)()
		told := charge{
			API: apiAdyen, Account: q.account, Reference: in.PaymentReference, ModifiedBy: in.Reference, Currency: "EUR",
			Metadata: map[string]string{
				adyenMerchant: in.MerchantAccount, adyenPSP: id, adyenEvent: "TECHNICAL_CANCEL",
				adyenRefused: "Transaction not found, or in no state to be canceled",
			},
		}
		for _, c := range s.bank.referred(apiAdyen, q.account, in.PaymentReference) {
			told.ID, told.Amount, told.Currency = c.ID, c.Amount, c.Currency
			if c.Status == statusFailed {
				continue // there is nothing to be canceled
			}
			if _, err := s.bank.cancel(q.account, c.ID); err == nil {
				delete(told.Metadata, adyenRefused)
				break
			}
		}
		s.webhooks.tell(news{What: happenedCanceled, Charge: told})
		return jsonReply(http.StatusCreated, map[string]any{
			"merchantAccount": in.MerchantAccount, "paymentReference": in.PaymentReference, "pspReference": id,
			"reference": in.Reference, "status": "received",
		})
	})
}

// referred returns the charges of an account with a reference, newest first.
func (b *bank) referred(api, account, reference string) []charge {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []charge
	for _, id := range slices.Backward(b.order) {
		if c := b.charges[id]; c.API == api && c.Account == account && c.Reference == reference {
			all = append(all, c.copy())
		}
	}
	return all
}
