package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/safehttp"
)

// keptAnswer is how much of an endpoint's answer is kept.
const keptAnswer = 4 << 10

// maxAnswer is how much of it is read at most.
const maxAnswer = 64 << 10

// Options says where endpoints may be.
type Options struct {
	// AllowNets are private networks that endpoints may be in all the same.
	AllowNets []netip.Prefix
}

func (o Options) http() safehttp.Options {
	return safehttp.Options{
		Timeout: timeout, MaxBody: maxAnswer, BlockPrivate: true, Allow: o.AllowNets, UserAgent: "Tillpost-Webhooks/1.0",
	}
}

// poster sends webhooks.
type poster struct {
	opts   Options
	client *http.Client
}

func newPoster(opts Options) *poster { return &poster{opts: opts, client: safehttp.New(opts.http())} }

// outcome is what came of one attempt.
type outcome struct {
	attempt   models.DeliveryAttempt
	delivered bool
	gone      bool // the endpoint answered 410: it wants no more
	failure   Failure
}

// post sends the event once. Any answer but 2xx is a failure; redirects are not
// followed.
func (p *poster) post(ctx context.Context, job *claimed, secrets []string, now time.Time) outcome {
	o := outcome{attempt: models.DeliveryAttempt{StartedAt: now}}
	request, err := newRequest(ctx, job, secrets, now)
	if err != nil {
		o.attempt.Error = err.Error()
		return o
	}
	start := time.Now()
	response, err := p.client.Do(request)
	if err == nil {
		o.attempt.Status = response.StatusCode
		o.failure.StatusCode = response.StatusCode
		o.failure.RetryAfter = safehttp.RetryAfter(response.Header, now)
		o.gone = response.StatusCode == http.StatusGone
		var body []byte
		body, _, err = safehttp.ReadAll(response, keptAnswer)
		o.attempt.Answer = printable(body)
	}
	o.attempt.LatencyMS = time.Since(start).Milliseconds()
	switch {
	case o.attempt.Status >= 200 && o.attempt.Status < 300:
		o.delivered = true // an answer that breaks off after its status has arrived all the same
	case err != nil:
		o.failure.TimedOut = safehttp.IsTimeout(err)
		o.attempt.Error = describe(err)
	default:
		o.attempt.Error = fmt.Sprintf("answered %d", o.attempt.Status)
	}
	return o
}

func newRequest(ctx context.Context, job *claimed, secrets []string, now time.Time) (*http.Request, error) {
	body := job.event.Body
	signature, err := Sign(secrets, job.event.ID, now, []byte(body))
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, job.endpoint.URL, strings.NewReader(body))
	if err != nil {
		return nil, errors.New("the endpoint's URL is malformed")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(HeaderID, job.event.ID)
	request.Header.Set(HeaderTimestamp, Timestamp(now))
	request.Header.Set(HeaderSignature, signature)
	return request, nil
}

// describe says in plain words why no answer came.
func describe(err error) string {
	switch safehttp.Classify(err) {
	case safehttp.PhaseBlocked:
		return "the address is in a private network"
	case safehttp.PhaseLookup:
		return "the host name could not be resolved"
	case safehttp.PhaseConnect:
		return "no connection: nothing listens there"
	case safehttp.PhaseTLS:
		return "the TLS certificate or handshake is wrong"
	case safehttp.PhaseTimeout:
		return fmt.Sprintf("no answer within %s", timeout)
	case safehttp.PhaseAnswer:
		return "the answer broke off"
	case safehttp.PhaseCanceled:
		return "Tillpost was stopped while waiting for the answer"
	default:
		if errors.Is(err, io.EOF) {
			return "the connection was closed without an answer"
		}
		return "the connection broke"
	}
}

// printable makes text of an answer's start that can be stored and shown.
func printable(body []byte) string {
	text := strings.ToValidUTF8(string(body), "\uFFFD")
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || (r >= ' ' && r != utf8.RuneError) || r == utf8.RuneError {
			return r
		}
		return -1
	}, text)
}
