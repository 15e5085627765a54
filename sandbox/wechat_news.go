package sandbox

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// wechatNews is a notice of WeChat Pay's: of an order that was paid, and of a
// refund that has come to its end. It is encrypted with the API v3 key that the
// merchant has set, and not sent without one.
func wechatNews(s *Server, n news) []byte {
	set, _ := s.accounts.of(n.Charge.Account)
	if len(set.Secret) != 32 {
		return nil
	}
	event, kind, view := "", "transaction", wechatTrade(n.Charge)
	switch n.What {
	case happenedLater:
		if n.Charge.Status == statusSucceeded {
			event = "TRANSACTION.SUCCESS"
		}
	case happenedRefund:
		kind, view = "refund", wechatRefundNews(n.Charge, *n.Refund)
		if state, _ := view["refund_status"].(string); state != "PROCESSING" {
			event = "REFUND." + state
		}
	default:
	}
	if event == "" {
		return nil
	}
	body, err := json.Marshal(map[string]any{
		"id": n.ID, "create_time": wechatTime(n.At), "event_type": event, "resource_type": "encrypt-resource", "summary": event,
		"resource": wechatSeal(set.Secret, kind, view),
	})
	if err != nil {
		panic(err) // only plain structs and maps come here
	}
	return body
}

// wechatRefundNews is a refund as a notice tells it: in other words than an answer.
func wechatRefundNews(c charge, r refund) map[string]any {
	view := wechatRefund(c, r)
	return map[string]any{
		"mchid": strings.TrimPrefix(c.Account, wechatAccount("")), "out_trade_no": c.Reference, "transaction_id": c.ID,
		"out_refund_no": r.Reference, "refund_id": r.ID, "refund_status": view["status"], "success_time": view["success_time"],
		"user_received_account": view["user_received_account"],
		"amount":                map[string]int64{"total": c.Amount, "refund": r.Amount, "payer_total": c.Amount, "payer_refund": r.Amount},
	}
}

// wechatSeal encrypts what a notice tells.
func wechatSeal(key, kind string, view any) map[string]string {
	text, err := json.Marshal(view)
	if err != nil {
		panic(err) // only plain maps come here
	}
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		panic(err) // the key's length was checked
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the block size that it takes
	}
	nonce := rand.Text()[:gcm.NonceSize()]
	return map[string]string{
		"algorithm": "AEAD_AES_256_GCM", "original_type": kind, "associated_data": kind, "nonce": nonce,
		"ciphertext": base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(nonce), text, []byte(kind))),
	}
}

func signWeChatNews(s *Server, header http.Header, _ string, body []byte) {
	for name, value := range s.wechat.sign(s.opts.Now(), body) {
		header.Set(name, value)
	}
}
