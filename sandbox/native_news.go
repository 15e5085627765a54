package sandbox

import (
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
	case happenedLater, happenedCapture, happenedVoid, happenedCanceled:
	}
	body, err := json.Marshal(map[string]any{"id": "evt_" + n.ID, "type": event, "created": n.At.Unix(), "data": data})
	if err != nil {
		panic(err) // only plain structs and maps come here
	}
	return body
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
