package sandbox

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// nativeNews is a webhook of the sandbox's own format.
func nativeNews(_ *Server, n news) []byte {
	data := map[string]any{"charge": nativeView(n.Charge, "")}
	event := "charge." + string(n.Charge.Status)
	switch n.What {
	case happenedRefund:
		event, data["refund"] = "refund."+n.Refund.Status, refundView(*n.Refund)
	case happenedDispute:
		event, data["dispute"] = "dispute."+n.Dispute.Status, n.Dispute
	case happenedCharge:
		if n.Charge.Status == statusProcessing || n.Charge.Status == statusRequiresAction {
			return nil // not over yet
		}
	case happenedCapture:
		event = "charge.captured"
	case happenedLater, happenedVoid, happenedCanceled:
	}
	return nativeEvent(n.ID, event, n.At, data)
}

func nativeEvent(id, kind string, at time.Time, data map[string]any) []byte {
	body, err := json.Marshal(map[string]any{"id": "evt_" + id, "type": kind, "created": at.Unix(), "data": data})
	if err != nil {
		panic(err) // only plain structs and maps come here
	}
	return body
}

// listEvents returns the webhooks of an account, oldest first and 100 at a time:
// those after an event, or all since a time.
func (s *Server) listEvents(q *request) reply {
	since, err := strconv.ParseInt(cmp.Or(q.FormValue("since"), "0"), 10, 64)
	if err != nil {
		return badRequest("parameter_invalid", "since is a time in Unix seconds")
	}
	after, passed := q.FormValue("after"), q.FormValue("after") == ""
	data := []json.RawMessage{}
	for _, body := range s.webhooks.pastOf(nativeFormat(), q.account) {
		var event struct {
			ID      string `json:"id"`
			Created int64  `json:"created"`
		}
		if err := json.Unmarshal(body, &event); err != nil {
			panic(err) // nativeNews made it
		}
		if passed && event.Created >= since {
			data = append(data, body)
		}
		passed = passed || event.ID == after
	}
	if !passed {
		return badRequest("unknown_event", "after is no event that the sandbox knows")
	}
	more := len(data) > pageOfEvents
	return jsonReply(http.StatusOK, map[string]any{
		"object": "list", "data": data[:min(len(data), pageOfEvents)], "has_more": more,
	})
}

const pageOfEvents = 100

func (s *Server) registerWebhook(q *request) reply {
	var in settings
	if rep, ok := decode(q, &in); !ok {
		return rep
	}
	in.Account = q.account
	if in.URL == "" || !isWebURL(in.URL) || in.Secret == "" {
		return badRequest("parameter_invalid", "url must be an http or https address, and secret is required")
	}
	if !s.accounts.set(in) {
		return badRequest("too_many_webhooks", "no room for another webhook")
	}
	return jsonReply(http.StatusOK, map[string]string{"object": "webhook", "url": in.URL})
}

func signNative(s *Server, header http.Header, secret string, body []byte) {
	header.Set("Sandbox-Signature", Sign(secret, s.opts.Now(), body))
}

// Sign returns the Sandbox-Signature header of a webhook:
// t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
