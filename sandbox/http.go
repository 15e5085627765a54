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

// api serves an endpoint to callers whose secret key starts with one of the prefixes.
func (s *Server) api(prefixes []string, serve endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Request-Id", "req_"+rand.Text()[:14])
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			status := http.StatusBadRequest
			if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
				status = http.StatusRequestEntityTooLarge
			}
			writeReply(w, problem(status, apiError{Type: "invalid_request_error", Message: "The body could not be read: " + err.Error()}))
			return
		}
		fault := Fault(r.Header.Get("Sandbox-Fault"))
		if fault == "" {
			fault = s.chaos.draw()
		}
		if fault.before() {
			s.send(w, r, reply{}, fault)
			return
		}
		if fault == FaultLatency {
			s.wait(r, s.slow())
		}
		account, ok := authenticate(r, prefixes)
		if !ok {
			writeReply(w, problem(http.StatusUnauthorized, apiError{
				Type: "invalid_request_error", Code: "api_key_invalid", Message: "Invalid API key provided.",
			}))
			return
		}
		rep := serve(&request{Request: r, account: account, body: body, key: r.Header.Get("Idempotency-Key")})
		if rep.fault == "" {
			rep.fault = fault
		}
		s.send(w, r, rep, rep.fault)
	}
}

// authenticate returns the account of the request's key: a fingerprint that
// tells accounts apart and can be shown.
func authenticate(r *http.Request, prefixes []string) (string, bool) {
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

func internalError() reply {
	return problem(http.StatusInternalServerError, apiError{Type: "api_error", Message: "Something went wrong on our side."})
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
