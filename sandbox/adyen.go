package sandbox

import (
	"encoding/hex"
	"net/http"
	"strings"
)

const apiAdyen = "adyen"

// adyenKeyPrefix is what Adyen's API keys start with.
const adyenKeyPrefix = "AQE"

// adyenFormat is Adyen's Checkout API v71 under /adyen: payments of saved cards
// and their modifications. Its keys and references are Adyen's: a reference may
// be charged any number of times, a key once; there is no inquiry; modifications
// are received, and webhooks tell what came of them.
func adyenFormat() format {
	return format{
		name: apiAdyen, chargeID: upper(16), refundID: upper(16), disputeID: upper(16),
		account: adyenAccount, caller: adyenCaller, fault: adyenFault, news: adyenNews, ack: "[accepted]",
		sign: func(*Server, http.Header, string, []byte) {}, // the signature is in the body
	}
}

func (s *Server) adyenRoutes(mux *http.ServeMux) {
	handle := func(path string, serve endpoint) { mux.HandleFunc("POST /adyen/v71"+path, s.api(adyenFormat(), serve)) }
	handle("/paymentMethods", adyenMethods)
	handle("/payments", s.createAdyenPayment)
	handle("/payments/{id}/captures", s.captureAdyenPayment)
	handle("/payments/{id}/cancels", s.voidAdyenPayment)
	handle("/payments/{id}/refunds", s.refundAdyenPayment)
	handle("/cancels", s.cancelAdyenReference)
	mux.HandleFunc("/adyen/", func(w http.ResponseWriter, r *http.Request) {
		writeReply(w, adyenError(http.StatusNotFound, "000", "validation", "No such path: "+r.Method+" "+r.URL.Path))
	})
}

// adyenAccount names an account by its API key without giving the key away.
func adyenAccount(key string) string {
	sum := fingerprint(key)
	return "adyen_" + hex.EncodeToString(sum[:4])
}

func adyenCaller(_ *Server, r *http.Request, _ []byte) (string, bool) {
	key := r.Header.Get("X-Api-Key")
	return adyenAccount(key), len(key) > len(adyenKeyPrefix) && strings.HasPrefix(key, adyenKeyPrefix)
}

// adyenError is an error in Adyen's words. Those of the request itself leave its
// idempotency key free.
func adyenError(status int, code, kind, message string) reply {
	rep := jsonReply(status, map[string]any{"status": status, "errorCode": code, "message": message, "errorType": kind})
	rep.idle = status < http.StatusInternalServerError
	return rep
}

func adyenFault(kind apiFault, detail string) reply {
	switch kind {
	case faultCredentials:
		return adyenError(http.StatusUnauthorized, "000", "security", "HTTP Status Response - Unauthorized")
	case faultRateLimited:
		return adyenError(http.StatusTooManyRequests, "029", "validation", "Too many requests.")
	case faultInternal:
		return adyenError(http.StatusInternalServerError, "000", "internal", "Internal error.")
	case faultKeyReused:
		return adyenError(http.StatusUnprocessableEntity, "704", "validation", "request already processed or in progress")
	case faultKeyBusy:
		rep := adyenError(http.StatusUnprocessableEntity, "704", "validation", "request already processed or in progress")
		rep.header = map[string]string{"Transient-Error": "true"}
		return rep
	case faultTooLarge:
		return adyenError(http.StatusRequestEntityTooLarge, "702", "validation", "The body could not be read: "+detail)
	case faultUnreadable:
	}
	return adyenError(http.StatusBadRequest, "702", "validation", "The body could not be read: "+detail)
}

func adyenMethods(q *request) reply {
	var in struct {
		MerchantAccount string `json:"merchantAccount"`
	}
	if rep, ok := adyenBody(q, &in, &in.MerchantAccount); !ok {
		return rep
	}
	return jsonReply(http.StatusOK, map[string]any{"paymentMethods": []map[string]string{{"name": "Cards", "type": "scheme"}}})
}
