package sandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

const maxBody = 64 << 10

// request is an API request whose caller is known and whose body is read.
type request struct {
	*http.Request

	format  format
	account string // the caller's secret key, as a fingerprint
	body    []byte
	key     string // Idempotency-Key; may be empty
}

// reply is an answer before it meets the wire.
type reply struct {
	status int
	body   []byte
	header map[string]string
	fault  Fault // what becomes of the answer on its way
	idle   bool  // nothing was executed: not to be kept for the idempotency key
}

// apiError is the error object of both payment formats.
type apiError struct {
	Type          string `json:"type"`
	Code          string `json:"code,omitempty"`
	Message       string `json:"message"`
	Param         string `json:"param,omitempty"`
	DeclineCode   string `json:"decline_code,omitempty"`
	AdviceCode    string `json:"advice_code,omitempty"`
	NetworkCode   string `json:"network_decline_code,omitempty"`
	ChargeID      string `json:"charge,omitempty"`
	PaymentIntent any    `json:"payment_intent,omitempty"`
	Object        any    `json:"object,omitempty"` // the charge as it stands; own format only
}

type endpoint func(q *request) reply

// api serves an endpoint of a format to callers that it knows.
func (s *Server) api(f format, serve endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Request-Id", "req_"+rand.Text()[:14])
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			kind := faultUnreadable
			if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
				kind = faultTooLarge
			}
			writeReply(w, f.fault(kind, err.Error()))
			return
		}
		fault := Fault(r.Header.Get("Sandbox-Fault"))
		if fault == "" {
			fault = s.chaos.draw()
		}
		if fault.before() {
			s.send(w, r, f, reply{}, fault)
			return
		}
		if fault == FaultLatency {
			s.wait(r, s.slow())
		}
		account, ok := f.caller(s, r, body)
		if !ok {
			writeReply(w, f.fault(faultCredentials, ""))
			return
		}
		rep := serve(&request{Request: r, format: f, account: account, body: body, key: r.Header.Get("Idempotency-Key")})
		if rep.fault == "" {
			rep.fault = fault
		}
		s.send(w, r, f, rep, rep.fault)
	}
}

// bySecretKey knows callers by a secret key that starts with one of the
// prefixes. Their account is a fingerprint that tells them apart and can be shown.
func bySecretKey(prefixes ...string) func(*Server, *http.Request, []byte) (string, bool) {
	return func(_ *Server, r *http.Request, _ []byte) (string, bool) { return secretKey(r, prefixes) }
}

func secretKey(r *http.Request, prefixes []string) (string, bool) {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		key, _, ok = r.BasicAuth()
	}
	if !ok {
		return "", false
	}
	for _, prefix := range prefixes {
		if len(key) > len(prefix) && strings.HasPrefix(key, prefix) {
			return accountOf(key), true
		}
	}
	return "", false
}

func problem(status int, e apiError) reply {
	rep := jsonReply(status, map[string]any{"error": e})
	rep.idle = status != http.StatusPaymentRequired && status < http.StatusInternalServerError
	return rep
}

func badRequest(code, message string) reply {
	return problem(http.StatusBadRequest, apiError{Type: "invalid_request_error", Code: code, Message: message})
}

// plainFault is an error of the API as a whole in Stripe's words, which the
// sandbox's own format shares.
func plainFault(kind apiFault, detail string) reply {
	e := apiError{Type: "invalid_request_error"}
	switch kind {
	case faultCredentials:
		e.Code, e.Message = "api_key_invalid", "Invalid API key provided."
		return problem(http.StatusUnauthorized, e)
	case faultRateLimited:
		e.Code, e.Message = "rate_limit", "Too many requests; slow down."
		return problem(http.StatusTooManyRequests, e)
	case faultKeyReused:
		e.Type = "idempotency_error"
		e.Message = "Keys for idempotent requests can only be used with the same parameters they were first used with."
	case faultKeyBusy:
		e.Code = "idempotency_key_in_use"
		e.Message = "There is currently another in-progress request using this Idempotency-Key."
		return problem(http.StatusConflict, e)
	case faultTooLarge:
		e.Message = "The body could not be read: " + detail
		return problem(http.StatusRequestEntityTooLarge, e)
	case faultUnreadable:
		e.Message = "The body could not be read: " + detail
	case faultInternal:
		e.Type, e.Message = "api_error", "Something went wrong on our side."
		return problem(http.StatusInternalServerError, e)
	}
	return problem(http.StatusBadRequest, e)
}

func jsonReply(status int, v any) reply {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // only plain structs and maps come here
	}
	return reply{status: status, body: body}
}

func writeReply(w http.ResponseWriter, rep reply) {
	w.Header().Set("Content-Type", "application/json")
	for name, value := range rep.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(rep.status)
	_, _ = w.Write(rep.body) // a client that has left is none of the sandbox's business
}

func writeJSON(w http.ResponseWriter, status int, v any) { writeReply(w, jsonReply(status, v)) }

func fingerprint(parts ...string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Join(parts, "\x00")))
}

// readJSON reads the body of a request to the sandbox itself; it says what is wrong with it.
func readJSON(w http.ResponseWriter, r *http.Request, into any) string {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return "the body is not what it should be: " + err.Error()
	}
	return ""
}
