package sandbox

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// adyenItem is an event on the wire.
type adyenItem struct {
	EventCode           string            `json:"eventCode"`
	Success             string            `json:"success"`
	EventDate           string            `json:"eventDate"`
	PSPReference        string            `json:"pspReference"`
	OriginalReference   string            `json:"originalReference,omitempty"`
	MerchantAccountCode string            `json:"merchantAccountCode"`
	MerchantReference   string            `json:"merchantReference"`
	Amount              adyenAmount       `json:"amount"`
	PaymentMethod       string            `json:"paymentMethod,omitempty"`
	Operations          []string          `json:"operations,omitempty"`
	Reason              string            `json:"reason"`
	AdditionalData      map[string]string `json:"additionalData"`
}

// adyenNews is a standard webhook of Adyen's.
func adyenNews(s *Server, n news) []byte {
	c := n.Charge
	i := adyenItem{
		Success: "true", EventDate: n.At.Format(time.RFC3339), MerchantAccountCode: c.Metadata[adyenMerchant],
		MerchantReference: c.Reference, OriginalReference: c.ID, Amount: adyenToWire(c.Amount, c.Currency), AdditionalData: map[string]string{},
	}
	switch n.What {
	case happenedCharge, happenedLater:
		if !i.authorisation(c) {
			return nil // not over yet
		}
	case happenedCapture, happenedVoid, happenedCanceled:
		if !i.modification(c) {
			return nil
		}
	case happenedRefund:
		if !i.refund(n) {
			return nil
		}
	case happenedDispute:
		i.dispute(n)
	}
	i.AdditionalData["hmacSignature"] = adyenSign(s.webhooks.target(c.Account, c.NotifyURL).Secret, i)
	body, err := json.Marshal(map[string]any{
		"live": "false", "notificationItems": []map[string]any{{"NotificationRequestItem": i}},
	})
	if err != nil {
		panic(err) // only plain structs and maps come here
	}
	return body
}

func (i *adyenItem) authorisation(c charge) bool {
	i.EventCode, i.PSPReference, i.OriginalReference, i.PaymentMethod = "AUTHORISATION", c.ID, "", "visa"
	for name, value := range c.Metadata {
		if !strings.HasPrefix(name, "sandbox_") {
			i.AdditionalData["metadata."+name] = value
		}
	}
	switch c.Status {
	case statusSucceeded, statusAuthorized:
		i.Operations, i.Reason = []string{"CANCEL", "CAPTURE", "REFUND"}, "044925:1111:03/2030"
	case statusFailed:
		r := adyenRefusalOf(c.Refusal)
		i.Success, i.Reason = "false", r.reason
		if r.raw != "" {
			i.AdditionalData["refusalReasonRaw"] = r.raw
		}
	default:
		return false
	}
	return true
}

// modification tells what came of one. What the bank canceled is told of by who
// had it canceled, with the cancel's own reference.
func (i *adyenItem) modification(c charge) bool {
	i.EventCode, i.PSPReference, i.MerchantReference = c.Metadata[adyenEvent], c.Metadata[adyenPSP], cmp.Or(c.ModifiedBy, c.Reference)
	if why, refused := c.Metadata[adyenRefused]; refused {
		i.Success, i.Reason = "false", why
	} else if i.EventCode == "CAPTURE" {
		captured, _ := c.money()
		i.Amount = adyenToWire(captured, c.Currency)
	}
	return i.EventCode != ""
}

// refund tells of a refund once it is made, and once more if it fails after that.
func (i *adyenItem) refund(n news) bool {
	i.EventCode, i.PSPReference = "REFUND", n.Refund.ID
	i.MerchantReference, i.Amount = cmp.Or(n.Refund.Reference, n.Charge.Reference), adyenToWire(n.Refund.Amount, n.Refund.Currency)
	if n.Refund.Status == "failed" {
		i.EventCode, i.Reason = "REFUND_FAILED", "Insufficient balance on payment"
	}
	return n.Refund.Status != "pending"
}

func (i *adyenItem) dispute(n news) {
	d := n.Dispute
	i.PSPReference, i.Reason, i.Amount = d.ID, d.Reason, adyenToWire(d.Amount, d.Currency)
	i.AdditionalData["chargebackReasonCode"], i.AdditionalData["defensePeriodEndsAt"] = "10.4", d.RespondBy.Format(time.RFC3339)
	stage := map[string][2]string{
		"needs_response": {"CHARGEBACK", "Undefended"}, "under_review": {"INFORMATION_SUPPLIED", "Pending"},
		"won": {"CHARGEBACK_REVERSED", "Won"}, "lost": {"SECOND_CHARGEBACK", "Lost"},
	}[d.Status]
	i.EventCode, i.AdditionalData["disputeStatus"] = stage[0], stage[1]
}

// adyenSign is the signature of an event with a key of 64 hexadecimal digits.
func adyenSign(key string, i adyenItem) string {
	secret, err := hex.DecodeString(key)
	if err != nil {
		return "" // nobody will believe it
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(strings.Join([]string{
		i.PSPReference, i.OriginalReference, i.MerchantAccountCode, i.MerchantReference,
		strconv.FormatInt(i.Amount.Value, 10), i.Amount.Currency, i.EventCode, i.Success,
	}, ":")))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
