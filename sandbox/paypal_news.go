package sandbox

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// maxPaypalEvents bounds the events that can be listed.
const maxPaypalEvents = 10_000

// paypalEvent is a webhook that was told, for the list.
type paypalEvent struct {
	account string
	at      time.Time
	body    json.RawMessage
}

// paypalNews is a webhook in PayPal's format.
func paypalNews(s *Server, n news) []byte {
	kind, resourceType, resource := paypalHappening(s, n)
	if kind == "" {
		return nil
	}
	body, err := json.Marshal(map[string]any{
		"id": "WH-" + n.ID, "event_version": "1.0", "create_time": n.At.Format(time.RFC3339Nano), "resource_type": resourceType,
		"resource_version": "2.0", "event_type": kind, "summary": kind, "resource": resource,
	})
	if err != nil {
		panic(err) // only plain structs and maps come here
	}
	d := s.paypal
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, paypalEvent{n.Charge.Account, n.At, body})
	if len(d.events) > maxPaypalEvents {
		d.events = slices.Clone(d.events[len(d.events)-maxPaypalEvents/2:])
	}
	return body
}

// paypalHappening names an event; no name is no event.
func paypalHappening(_ *Server, n news) (kind, resourceType string, resource any) {
	c := n.Charge
	switch n.What {
	case happenedRefund:
		kind = map[string]string{
			"succeeded": "PAYMENT.CAPTURE.REFUNDED", "pending": "PAYMENT.REFUND.PENDING", "failed": "PAYMENT.REFUND.FAILED",
		}[n.Refund.Status]
		return kind, "refund", paypalRefund(*n.Refund, "")
	case happenedDispute:
		return paypalDispute(c, *n.Dispute)
	case happenedVoid:
		return "PAYMENT.AUTHORIZATION.VOIDED", "authorization", paypalHold(c)
	case happenedCharge, happenedLater, happenedCapture, happenedCanceled:
	}
	switch {
	case c.Status == statusApproved:
		return "CHECKOUT.ORDER.APPROVED", "checkout-order", paypalOrder(c, nil, "")
	case c.Status == statusAuthorized:
		return "PAYMENT.AUTHORIZATION.CREATED", "authorization", paypalHold(c)
	case !c.Capture && c.Status != statusSucceeded:
		return "", "", nil
	case c.Status == statusSucceeded:
		return "PAYMENT.CAPTURE.COMPLETED", "capture", paypalCapture(c)
	case c.Status == statusProcessing:
		return "PAYMENT.CAPTURE.PENDING", "capture", paypalCapture(c)
	case paypalDeclined(c):
		return "PAYMENT.CAPTURE.DENIED", "capture", paypalCapture(c)
	}
	return "", "", nil
}

func paypalDispute(c charge, d dispute) (kind, resourceType string, resource any) {
	movement := func(way string) map[string]any {
		return map[string]any{"affected_party": "SELLER", "type": way, "amount": paypalAmount(d.Amount, d.Currency)}
	}
	view := map[string]any{
		"dispute_id": d.ID, "create_time": paypalTime(d.CreatedAt), "reason": "UNAUTHORISED", "dispute_life_cycle_stage": "CHARGEBACK",
		"dispute_amount": paypalAmount(d.Amount, d.Currency), "seller_response_due_date": paypalTime(d.RespondBy),
		"disputed_transactions": []any{map[string]any{
			"seller_transaction_id": paypalCapturePrefix + c.ID, "custom": c.Metadata["custom_id"], "invoice_number": c.Metadata["invoice_id"],
		}},
		"money_movements": []any{movement("DEBIT")},
	}
	kind, view["status"] = "CUSTOMER.DISPUTE.RESOLVED", "RESOLVED"
	switch d.Status {
	case "won":
		view["dispute_outcome"] = map[string]string{"outcome_code": "RESOLVED_SELLER_FAVOUR"}
		view["money_movements"] = []any{movement("DEBIT"), movement("CREDIT")}
	case "lost":
		view["dispute_outcome"] = map[string]string{"outcome_code": "RESOLVED_BUYER_FAVOUR"}
	case "under_review":
		kind, view["status"] = "CUSTOMER.DISPUTE.UPDATED", "UNDER_REVIEW"
	default:
		kind, view["status"] = "CUSTOMER.DISPUTE.CREATED", "WAITING_FOR_SELLER_RESPONSE"
	}
	return kind, "dispute", view
}

// paypalCertURL is no address of PayPal's: only the sandbox can verify what it signed.
const paypalCertURL = "https://sandbox.invalid/v1/notifications/certs/CERT-SANDBOX"

// signPaypal signs a webhook for the webhook id that is the account's secret.
func signPaypal(s *Server, header http.Header, webhookID string, body []byte) {
	id, at := rand.Text(), s.opts.Now().UTC().Format(time.RFC3339)
	digest := sha256.Sum256(paypalMessage(id, at, webhookID, body))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.paypal.key(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err) // the digest has the right size
	}
	header.Set("Paypal-Transmission-Id", id)
	header.Set("Paypal-Transmission-Time", at)
	header.Set("Paypal-Transmission-Sig", base64.StdEncoding.EncodeToString(signature))
	header.Set("Paypal-Cert-Url", paypalCertURL)
	header.Set("Paypal-Auth-Algo", "SHA256withRSA")
}

func paypalMessage(id, at, webhookID string, body []byte) []byte {
	return fmt.Appendf(nil, "%s|%s|%s|%d", id, at, webhookID, crc32.ChecksumIEEE(body))
}

func (s *Server) verifyPaypal(q *request) reply {
	var in struct {
		Algo      string          `json:"auth_algo"`
		CertURL   string          `json:"cert_url"`
		ID        string          `json:"transmission_id"`
		Signature []byte          `json:"transmission_sig"`
		Time      string          `json:"transmission_time"`
		WebhookID string          `json:"webhook_id"`
		Event     json.RawMessage `json:"webhook_event"`
	}
	if err := json.Unmarshal(q.body, &in); err != nil || in.Event == nil {
		return paypalError(http.StatusBadRequest, "VALIDATION_ERROR", "", "")
	}
	digest := sha256.Sum256(paypalMessage(in.ID, in.Time, in.WebhookID, in.Event))
	status := "FAILURE"
	if in.Algo == "SHA256withRSA" && in.CertURL == paypalCertURL &&
		rsa.VerifyPKCS1v15(&s.paypal.key().PublicKey, crypto.SHA256, digest[:], in.Signature) == nil {
		status = "SUCCESS"
	}
	return jsonReply(http.StatusOK, map[string]string{"verification_status": status})
}

// listPaypalEvents lists what was told, the newest first.
func (s *Server) listPaypalEvents(q *request) reply {
	query := q.URL.Query()
	bound := func(name string, otherwise time.Time) (time.Time, bool) {
		if !query.Has(name) {
			return otherwise, true
		}
		at, err := time.Parse(time.RFC3339, query.Get(name))
		return at, err == nil
	}
	now := s.opts.Now()
	from, ok1 := bound("start_time", now.Add(-30*24*time.Hour))
	until, ok2 := bound("end_time", now)
	size, offset := paypalNumber(query, "page_size", 10), paypalNumber(query, "offset", 0)
	if !ok1 || !ok2 || size < 1 || offset < 0 {
		return paypalError(http.StatusBadRequest, "VALIDATION_ERROR", "", "")
	}
	found := []json.RawMessage{}
	s.paypal.mu.Lock()
	for _, e := range slices.Backward(s.paypal.events) {
		if e.account == q.account && !e.at.Before(from) && !e.at.After(until) {
			found = append(found, e.body)
		}
	}
	s.paypal.mu.Unlock()
	page := found[min(offset, len(found)):min(offset+size, len(found))]
	links := []paypalLink{}
	if offset+size < len(found) {
		query.Set("offset", strconv.Itoa(offset+size))
		links = append(links, paypalLink{origin(q.Request) + q.URL.Path + "?" + query.Encode(), "next", http.MethodGet})
	}
	return jsonReply(http.StatusOK, map[string]any{"events": page, "count": len(page), "links": links})
}

func paypalNumber(query url.Values, name string, otherwise int) int {
	if !query.Has(name) {
		return otherwise
	}
	n, err := strconv.Atoi(query.Get(name))
	if err != nil || n > 1000 {
		return -1
	}
	return n
}
