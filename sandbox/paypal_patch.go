package sandbox

import (
	"encoding/json"
	"net/http"
)

// patchPaypalOrder changes the intent of an order that was not paid.
func (s *Server) patchPaypalOrder(q *request) reply {
	var in []struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value string `json:"value"`
	}
	switch {
	case json.Unmarshal(q.body, &in) != nil || len(in) != 1:
		return paypalInvalid("MALFORMED_REQUEST_JSON", "The sandbox takes one operation.")
	case in[0].Op != "replace" || in[0].Path != "/intent":
		return paypalUnprocessable("NOT_PATCHABLE", "The sandbox changes the intent only.")
	case in[0].Value != "CAPTURE" && in[0].Value != "AUTHORIZE":
		return paypalUnprocessable("UNSUPPORTED_PATCH_PARAMETER_VALUE", "")
	}
	c, ok := s.paypalCharge(q.account, q.PathValue("id"))
	if !ok {
		return paypalNotFound()
	}
	if s.bank.intend(c.ID, in[0].Value == "CAPTURE") != nil {
		return paypalUnprocessable("ORDER_ALREADY_COMPLETED", "The order cannot be patched after it is completed.")
	}
	return reply{status: http.StatusNoContent}
}

// intend says anew whether a charge is to take the money or to reserve it,
// unless it did either.
func (b *bank) intend(id string, capture bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.charges[id]
	if c == nil || len(c.Taken) > 0 || c.Status == statusProcessing || paypalDeclined(*c) {
		return errState
	}
	c.Capture = capture
	b.journal.write(entry{Charge: c})
	return nil
}
