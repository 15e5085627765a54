package carriers

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
)

// Bounds of what is kept of the calls of one question.
const (
	keptCalls  = 100
	keptLogged = 8 << 10 // of what was sent, and of the answer
)

type recordKey struct{}

// callLog collects the requests that Call makes for one question to a carrier.
// They are masked when all secrets are known: an access token is one only after
// the answer that brought it.
type callLog struct {
	now     func() time.Time
	carrier string
	figures *monitor.Figures
	numbers []string // of the parcels that are asked for
	// take takes a further call of the account's budget, as for a token or when
	// each parcel is asked for by itself, or says how long there is none. nil: all
	// are let out at once, and counted afterwards.
	take func(ctx context.Context) (wait time.Duration, err error)

	mu      sync.Mutex
	secrets []string
	made    []*madeCall
	calls   int
	over    bool // no further call is let out
}

// answerRoom is how much time a call must have left for its answer to be let out.
const answerRoom = 5 * time.Second

// extra is how many calls the question took beside the one that was taken of
// the account's budget.
func (log *callLog) extra() int {
	log.mu.Lock()
	defer log.mu.Unlock()
	return max(0, log.calls-1)
}

// turn waits until the account's limits let the next call of the question out.
// The first one has been taken before.
func turn(ctx context.Context) *Error {
	log, ok := ctx.Value(recordKey{}).(*callLog)
	if !ok {
		return nil
	}
	log.mu.Lock()
	log.calls++
	free, over := log.calls == 1 || log.take == nil, log.over
	log.mu.Unlock()
	switch {
	case free:
		return nil
	case !over && log.wait(ctx):
		return nil
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	log.calls--
	log.over = true // the rest of the question need not wait as well
	return &Error{Kind: ErrNoTurn, Message: "the account's limits let no further call out in time"}
}

// wait takes a call as soon as there is one. It says false when none is left in
// the time of the question.
func (log *callLog) wait(ctx context.Context) bool {
	for {
		wait, err := log.take(ctx)
		if err != nil || wait == 0 {
			return err == nil
		}
		if end, ok := ctx.Deadline(); ok && time.Until(end) < wait+answerRoom {
			return false
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return false
		}
	}
}

// madeCall is one request with its answer as they are. A nil one keeps nothing.
type madeCall struct {
	log           *callLog
	method, url   string
	sent, answer  string
	status        int
	at, clock     time.Time // of the database, and of this process
	took          time.Duration
	failure       *Error
	asksForNumber int
}

// record has the calls under a context kept.
func (s *Service) record(
	ctx context.Context, stored *models.CarrierAccount, opened Account, parcels []Parcel,
) (context.Context, *callLog) {
	log := &callLog{now: s.db.Now, carrier: stored.Kind, figures: s.figures}
	for name := range stored.Sealed {
		log.secrets = append(log.secrets, opened.Fields[name])
	}
	for i := range parcels {
		log.numbers = append(log.numbers, parcels[i].Number)
	}
	return context.WithValue(ctx, recordKey{}, log), log
}

// note begins to keep a request, if anybody wants it.
func note(request *http.Request, secrets []string) *madeCall {
	log, ok := request.Context().Value(recordKey{}).(*callLog)
	if !ok {
		return nil
	}
	shown := *request.URL
	shown.User = nil
	one := &madeCall{
		log: log, method: request.Method, url: shown.String(), sent: content(request), at: log.now(), clock: time.Now(),
	}
	for _, number := range log.numbers {
		if strings.Contains(one.url, number) || strings.Contains(one.sent, number) {
			one.asksForNumber++
		}
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if len(log.made) == keptCalls {
		return nil
	}
	log.secrets = append(log.secrets, secrets...)
	log.secrets = append(log.secrets, headerSecrets(request.Header, log.secrets)...)
	log.made = append(log.made, one)
	return one
}

// answered keeps the answer.
func (one *madeCall) answered(status int, body []byte) {
	if one == nil {
		return
	}
	one.log.mu.Lock()
	defer one.log.mu.Unlock()
	one.status, one.answer = status, string(body[:min(len(body), maxKept)])
}

// end keeps how long it took and how it went.
func (one *madeCall) end(failure *Error) {
	if one == nil {
		return
	}
	one.log.mu.Lock()
	defer one.log.mu.Unlock()
	one.took, one.failure = time.Since(one.clock), failure
	class := ""
	if failure != nil {
		class = string(failure.Kind)
	}
	one.log.figures.CarrierCall(one.log.carrier, class, one.took)
}

// content is what a request sends.
func content(request *http.Request) string {
	if request.GetBody == nil {
		return ""
	}
	body, err := request.GetBody()
	if err != nil {
		return ""
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, maxKept))
	if err != nil {
		return ""
	}
	return string(text)
}

// headerSecrets are the values of headers that prove who asks, also without the
// scheme before them.
func headerSecrets(header http.Header, secrets []string) []string {
	var found []string
	for name, values := range header {
		for _, value := range values {
			if !secretHeader.MatchString(name) && !holds(value, secrets) {
				continue
			}
			for _, proof := range []string{value, value[strings.LastIndexByte(value, ' ')+1:]} {
				if len(proof) >= shortestMask {
					found = append(found, proof)
				}
			}
		}
	}
	return found
}

// holds says whether a header's value has a secret in it, as it is or in Base64.
func holds(value string, secrets []string) bool {
	plain, err := base64.StdEncoding.DecodeString(value[strings.LastIndexByte(value, ' ')+1:])
	return slices.ContainsFunc(secrets, func(secret string) bool {
		return len(secret) >= shortestMask && (strings.Contains(value, secret) || err == nil && strings.Contains(string(plain), secret))
	})
}

// explain gives the last call that seemed to go well the reason why nothing
// could be made of it. Errors that a call ended with are the call's already,
// also as its adapter has refined them.
func (log *callLog) explain(answers []Answer) {
	log.mu.Lock()
	defer log.mu.Unlock()
	if len(log.made) == 0 || len(answers) == 0 {
		return
	}
	for _, a := range answers {
		own := slices.ContainsFunc(log.made, func(one *madeCall) bool { return one.failure == a.Err })
		if a.Err == nil || a.Err.Kind == ErrNoTurn || own {
			return
		}
	}
	if last := log.made[len(log.made)-1]; last.failure == nil {
		last.failure = worstError(answers)
	}
}

// rows are the calls as they are stored, masked.
func (log *callLog) rows(account *models.CarrierAccount, purpose string) []models.CarrierCall {
	log.mu.Lock()
	defer log.mu.Unlock()
	hide := newRedactor(log.secrets)
	rows := make([]models.CarrierCall, len(log.made))
	for i, one := range log.made {
		rows[i] = models.CarrierCall{
			MerchantID: account.MerchantID, CarrierAccountID: account.ID, Purpose: purpose,
			Method: one.method, URL: hide.text(one.url), Request: hide.text(one.sent), Status: one.status,
			Outcome: models.CallOK, Answer: hide.text(one.answer), LatencyMS: one.took.Milliseconds(),
			Parcels: one.asksForNumber, StartedAt: one.at,
		}
		if one.failure != nil {
			rows[i].Outcome, rows[i].Error = string(one.failure.Kind), hide.text(one.failure.Message)
			if one.failure.Kind == ErrNoTurn {
				rows[i].Outcome = models.CallCanceled
			}
		}
	}
	return rows
}
