package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
)

type paypalOrderRequest struct {
	Intent string `json:"intent"`
	Units  []struct {
		ReferenceID string      `json:"reference_id"`
		CustomID    string      `json:"custom_id"`
		InvoiceID   string      `json:"invoice_id"`
		Description string      `json:"description"`
		Amount      paypalMoney `json:"amount"`
	} `json:"purchase_units"`
	Source paypalSource `json:"payment_source"`
}

// paypalSource is what an order is paid with.
type paypalSource struct {
	Paypal *paypalMethod `json:"paypal"`
	Card   *paypalMethod `json:"card"`
}

type paypalMethod struct {
	VaultID    string `json:"vault_id"`
	Credential struct {
		Initiator string `json:"payment_initiator"`
	} `json:"stored_credential"`
	Experience struct {
		ReturnURL string `json:"return_url"`
	} `json:"experience_context"`
}

// method returns how an order is paid; nil when that is left open.
func (p paypalSource) method() (kind string, m *paypalMethod) {
	switch {
	case p.Card != nil:
		return paypalCard, p.Card
	case p.Paypal != nil && p.Paypal.VaultID != "":
		return paypalWallet, p.Paypal
	case p.Paypal != nil:
		return paypalPage, p.Paypal
	default:
		return "", nil
	}
}

var (
	errIntent   = errors.New("the order has another intent")
	errInvoice  = errors.New("the invoice id was paid before")
	errApproval = errors.New("the customer has not approved the order")
)

// check returns what PayPal says of a faulty order, and its amount.
func (in paypalOrderRequest) check(key string) (amount int64, rep reply, ok bool) {
	kind, method := in.Source.method()
	switch {
	case in.Intent != "CAPTURE" && in.Intent != "AUTHORIZE":
		return 0, paypalInvalid("INVALID_PARAMETER_VALUE", "intent is CAPTURE or AUTHORIZE"), false
	case len(in.Units) != 1:
		return 0, paypalInvalid("INVALID_ARRAY_MAX_ITEMS", "The sandbox takes one purchase unit."), false
	case kind == paypalCard && method.VaultID == "":
		return 0, paypalInvalid("MISSING_REQUIRED_PARAMETER", "The sandbox takes cards of the vault only."), false
	case method != nil && key == "":
		return 0, paypalInvalid("PAYPAL_REQUEST_ID_REQUIRED", "A PayPal-Request-Id is required."), false
	case len(in.Units[0].InvoiceID) > 127 || len(in.Units[0].CustomID) > 127 || len(key) > 108:
		return 0, paypalInvalid("INVALID_STRING_LENGTH", "An id is too long."), false
	}
	amount, issue := in.Units[0].Amount.minor()
	if issue != "" {
		return 0, paypalUnprocessable(issue, ""), false
	}
	return amount, reply{}, true
}

func (s *Server) createPaypalOrder(q *request) reply {
	var in paypalOrderRequest
	if err := json.Unmarshal(q.body, &in); err != nil {
		return paypalInvalid("MALFORMED_REQUEST_JSON", err.Error())
	}
	amount, rep, ok := in.check(q.Header.Get("PayPal-Request-Id"))
	if !ok {
		return rep
	}
	kind, method := in.Source.method()
	var fault Fault
	if method != nil {
		fault = outcomeOf(method.VaultID).Fault
	}
	unit := in.Units[0]
	return s.paypalOnce(q, fault, func() reply {
		c, err := s.bank.open(charge{
			API: apiPaypal, Account: q.account, Key: q.Header.Get("PayPal-Request-Id"), Reference: unit.CustomID, PaymentReference: unit.ReferenceID,
			Amount: amount, Currency: unit.Amount.Currency, Capture: in.Intent == "CAPTURE", Description: unit.Description,
			Metadata: map[string]string{"reference_id": unit.ReferenceID, "custom_id": unit.CustomID, "invoice_id": unit.InvoiceID},
		})
		if err != nil {
			return paypalUnprocessable("PAYMENT_SOURCE_CANNOT_BE_USED", err.Error())
		}
		s.paypal.file(c)
		if method == nil {
			return jsonReply(http.StatusCreated, paypalOrder(c, nil, origin(q.Request)))
		}
		return s.execPaypal(q, c, kind, method)
	}, func(kept []byte) (reply, bool) {
		var made struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(kept, &made) != nil {
			return reply{}, false
		}
		c, err := s.bank.charge(q.account, made.ID)
		if err != nil || s.opts.Now().Sub(c.CreatedAt) > paypalKeyLife {
			return reply{}, false
		}
		return s.paypalReply(q, http.StatusOK, c), true
	})
}

// file keeps which orders have an invoice id.
func (d *paypalDesk) file(c charge) {
	invoice := refID{c.Account, c.Metadata["invoice_id"]}
	if invoice.Reference == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.invoices) >= maxPaypalInvoices {
		clear(d.invoices)
	}
	if d.invoices[invoice] == nil {
		d.invoices[invoice] = make(map[string]bool)
	}
	d.invoices[invoice][c.ID] = true
}

// paid reports whether another order with the invoice id was paid; the bank is locked.
func (d *paypalDesk) paid(b *bank, c *charge) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.invoices[refID{c.Account, c.Metadata["invoice_id"]}] {
		if other := b.charges[id]; id != c.ID && other != nil && len(other.Taken) > 0 {
			return true
		}
	}
	return false
}

// execPaypal has an order paid. Where its customer is to approve it first the
// page decides, as with the token that asks them.
func (s *Server) execPaypal(q *request, c charge, kind string, method *paypalMethod) reply {
	by := confirmation{}
	if method != nil {
		by.token, by.returnURL, by.absent = method.VaultID, method.Experience.ReturnURL, method.Credential.Initiator == "MERCHANT"
	}
	if kind == paypalPage {
		by.token = "tok_action_required"
	}
	capture := c.Capture
	by.allow = func(now *charge) error {
		switch {
		case now.Capture != capture:
			return errIntent
		case paypalDeclined(*now):
			return errState
		case method == nil && now.Status != statusApproved:
			return errApproval
		case s.paypal.paid(s.bank, now):
			return errInvoice
		}
		if kind != "" {
			now.Metadata = maps.Clone(now.Metadata)
			now.Metadata["source"] = kind
		}
		return nil
	}
	c, err := s.bank.execute(q.account, c.ID, by)
	switch {
	case errors.Is(err, errState) && method == nil && c.Status == statusRequiresAction:
		return paypalRefusal(c, errApproval, origin(q.Request))
	case err != nil:
		return paypalRefusal(c, err, origin(q.Request))
	case c.Status == statusRequiresAction && kind != paypalPage:
		return paypalRefusal(c, errState, origin(q.Request))
	case c.Status == statusFailed && !paypalDeclined(c):
		return paypalUnprocessable(cmp.Or(walletIssues[c.Refusal.Class], "TRANSACTION_REFUSED"), c.Refusal.Message)
	}
	return s.paypalReply(q, http.StatusCreated, c)
}

// paypalRefusal says why an order is not paid.
func paypalRefusal(c charge, err error, host string) reply {
	switch {
	case errors.Is(err, errNotFound):
		return paypalNotFound()
	case errors.Is(err, errIntent):
		return paypalUnprocessable("ACTION_DOES_NOT_MATCH_INTENT", "The order was created with another intent.")
	case errors.Is(err, errInvoice):
		return paypalUnprocessable("DUPLICATE_INVOICE_ID", "Duplicate Invoice ID detected.")
	case errors.Is(err, errUnknownToken):
		return paypalUnprocessable("TOKEN_ID_NOT_FOUND", "Specified token was not found.")
	case c.Status == statusRequiresAction && errors.Is(err, errState):
		return paypalUnprocessable("PAYER_ACTION_REQUIRED", "Payer needs to perform an action.", paypalAction(c, host))
	case errors.Is(err, errApproval):
		return paypalUnprocessable("ORDER_NOT_APPROVED", "Payer has not yet approved the Order for payment.")
	case !c.Capture:
		return paypalUnprocessable("ORDER_ALREADY_AUTHORIZED", "Order already authorized.")
	default:
		return paypalUnprocessable("ORDER_ALREADY_CAPTURED", "Order already captured.")
	}
}

// payPaypalOrder captures or authorizes an order.
func (s *Server) payPaypalOrder(capture bool) endpoint {
	return func(q *request) reply {
		var in struct {
			Source paypalSource `json:"payment_source"`
		}
		if len(q.body) > 0 && json.Unmarshal(q.body, &in) != nil {
			return paypalInvalid("MALFORMED_REQUEST_JSON", "The request JSON is not well formed.")
		}
		c, ok := s.paypalCharge(q.account, q.PathValue("id"))
		if !ok {
			return paypalNotFound()
		}
		kind, method := in.Source.method()
		if kind == paypalPage {
			kind, method = "", nil
		}
		fault := outcomeOf(c.Token).Fault
		if method != nil {
			fault = outcomeOf(method.VaultID).Fault
		}
		return s.paypalOnce(q, fault, func() reply {
			c.Capture = capture // as the caller believes it to be; execution compares
			return s.execPaypal(q, c, kind, method)
		}, func([]byte) (reply, bool) {
			c, err := s.bank.charge(q.account, c.ID)
			return s.paypalReply(q, http.StatusOK, c), err == nil
		})
	}
}

// paypalCharge returns an order. One that was not paid in time is forgotten.
func (s *Server) paypalCharge(account, id string) (charge, bool) {
	c, err := s.bank.charge(account, id)
	if err != nil || c.API != apiPaypal {
		return charge{}, false
	}
	lapses := len(c.Taken) == 0 && c.Status != statusProcessing && !paypalDeclined(c)
	return c, !lapses || s.opts.Now().Sub(c.CreatedAt) <= paypalOrderLife
}

func (s *Server) paypalReply(q *request, status int, c charge) reply {
	refunds, err := s.bank.refundsOf(q.account, c.ID)
	if err != nil {
		return paypalNotFound()
	}
	return jsonReply(status, paypalOrder(c, refunds, origin(q.Request)))
}

func (s *Server) showPaypalOrder(q *request) reply {
	c, ok := s.paypalCharge(q.account, q.PathValue("id"))
	if !ok {
		return paypalNotFound()
	}
	return s.paypalReply(q, http.StatusOK, c)
}
