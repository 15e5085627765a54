package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
)

// What the sandbox keeps with a charge beside the caller's own metadata.
const (
	adyenMerchant = "sandbox_merchant_account"
	adyenPSP      = "sandbox_psp_reference" // of the modification that it is told of
	adyenEvent    = "sandbox_event"         // that tells of it
	adyenRefused  = "sandbox_refused"       // why it was not made
)

type adyenAmount struct {
	Value    int64  `json:"value"`
	Currency string `json:"currency"`
}

// adyenPayment is the body of a payment.
type adyenPayment struct {
	Amount          adyenAmount `json:"amount"`
	Reference       string      `json:"reference"`
	MerchantAccount string      `json:"merchantAccount"`
	PaymentMethod   struct {
		Type                  string `json:"type"`
		StoredPaymentMethodID string `json:"storedPaymentMethodId"`
	} `json:"paymentMethod"`
	ReturnURL                string            `json:"returnUrl"`
	ShopperReference         string            `json:"shopperReference"`
	ShopperInteraction       string            `json:"shopperInteraction"`
	RecurringProcessingModel string            `json:"recurringProcessingModel"`
	CaptureDelayHours        *int              `json:"captureDelayHours"`
	Metadata                 map[string]string `json:"metadata"`
	AdditionalData           map[string]string `json:"additionalData"`
}

func (in adyenPayment) check() (code, message string) {
	switch {
	case in.Reference == "" || len(in.Reference) > 80:
		return "130", "Reference Missing"
	case in.Amount.Value < 1 || in.Amount.Value > maxAmount:
		return "137", "Invalid amount specified"
	case !isCurrency(in.Amount.Currency):
		return "138", "Unsupported currency specified"
	case in.ReturnURL == "" || !isWebURL(in.ReturnURL):
		return "14_030", "Return URL is missing."
	case in.PaymentMethod.StoredPaymentMethodID == "":
		return "14_004", "Missing payment method details"
	case in.ShopperInteraction != "ContAuth":
		return "14_005", "The sandbox knows saved cards only, with the shopperInteraction ContAuth."
	}
	return "", ""
}

// charge is the payment as the bank keeps it.
func (in adyenPayment) charge(q *request, value int64) charge {
	metadata := maps.Clone(in.Metadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	metadata[adyenMerchant] = in.MerchantAccount
	const never = -1
	manual := in.AdditionalData["manualCapture"] == "true" || in.CaptureDelayHours != nil && *in.CaptureDelayHours == never
	return charge{
		API: apiAdyen, Account: q.account, Key: q.key, Reference: in.Reference, PaymentReference: in.Metadata["payment_id"],
		Amount: value, Currency: in.Amount.Currency, Token: in.PaymentMethod.StoredPaymentMethodID,
		Capture: !manual, ReturnURL: in.ReturnURL, Metadata: metadata,
	}
}

func (s *Server) createAdyenPayment(q *request) reply {
	var in adyenPayment
	if rep, ok := adyenBody(q, &in, &in.MerchantAccount); !ok {
		return rep
	}
	code, fault := in.check()
	value, whole := adyenFromWire(in.Amount)
	if fault == "" && !whole {
		code, fault = "137", "Invalid amount specified"
	}
	if fault != "" {
		return adyenError(http.StatusUnprocessableEntity, code, "validation", fault)
	}
	return s.once(q, outcomeOf(in.PaymentMethod.StoredPaymentMethodID).Fault, func() reply {
		c, err := s.bank.open(in.charge(q, value))
		if err == nil {
			c, err = s.bank.execute(q.account, c.ID, confirmation{absent: in.RecurringProcessingModel != "CardOnFile"})
		}
		if errors.Is(err, errUnknownToken) {
			return adyenError(http.StatusUnprocessableEntity, "800", "validation", "Contract not found")
		}
		if err != nil {
			return adyenFault(faultInternal, "")
		}
		return jsonReply(http.StatusOK, adyenPaymentView(c, origin(q.Request)))
	})
}

// adyenPaymentView is the answer to a payment; a refusal is one as any other.
func adyenPaymentView(c charge, host string) map[string]any {
	view := map[string]any{
		"pspReference": c.ID, "merchantReference": c.Reference, "amount": adyenToWire(c.Amount, c.Currency),
	}
	switch c.Status {
	case statusSucceeded, statusAuthorized:
		view["resultCode"] = "Authorised"
		view["additionalData"] = map[string]string{"refusalReasonRaw": "AUTHORISED", "authCode": "044925"}
	case statusFailed:
		r := adyenRefusalOf(c.Refusal)
		view["resultCode"], view["refusalReason"], view["refusalReasonCode"] = "Refused", r.reason, r.code
		view["additionalData"] = map[string]string{"refusalReasonRaw": r.raw}
	case statusRequiresAction:
		view["resultCode"] = "RedirectShopper"
		view["action"] = map[string]string{
			"type": "redirect", "method": http.MethodGet, "paymentMethodType": "scheme", "url": host + "/v1/charges/" + c.ID + "/action",
		}
	default:
		view["resultCode"] = "Received"
	}
	return view
}

// adyenBody reads a body; each names its merchant account.
func adyenBody(q *request, into any, merchant *string) (reply, bool) {
	decoder := json.NewDecoder(bytes.NewReader(q.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return adyenError(http.StatusBadRequest, "702", "validation", "Structure of the request is not valid: "+err.Error()), false
	}
	if *merchant == "" {
		return adyenError(http.StatusForbidden, "901", "security", "Invalid Merchant Account"), false
	}
	return reply{}, true
}
