package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/safehttp"
)

const (
	// keptAnswer is how much of an endpoint's answer is read and kept.
	keptAnswer = 64 << 10
	// userAgent tells merchants who posts.
	userAgent = "Tillpost-Webhooks/1.0"
	// idlePerHost keeps connections for as many deliveries as one endpoint may
	// have under way.
	idlePerHost = models.MaxInFlight
	// masked stands for a value that a merchant set.
	masked = "***"
)

func (o Options) http() safehttp.Options {
	return safehttp.Options{
		Timeout: timeout, MaxBody: keptAnswer, BlockPrivate: true, Allow: o.AllowNets, UserAgent: userAgent, Resolver: o.Resolver,
		// Endpoints are limited one by one: those of one host do not wait for each other.
		MaxConnsPerHost: o.Posts, MaxIdleConns: o.Posts, MaxIdlePerHost: idlePerHost,
	}
}

// poster sends webhooks.
type poster struct {
	opts   Options
	client *http.Client
}

func newPoster(opts Options) *poster { return &poster{opts: opts, client: safehttp.New(opts.http())} }

// parcel is what is posted, and where to.
type parcel struct {
	delivery models.Delivery
	endpoint *models.Endpoint
	event    *models.Event
	secrets  []string
	headers  map[string]string // the merchant's
}

// outcome is what came of one attempt.
type outcome struct {
	attempt   models.DeliveryAttempt
	delivered bool
	gone      bool // the endpoint answered 410: it wants no more
	canceled  bool // this side broke it off
	spared    bool // it takes none of the delivery's attempts
	failure   Failure
}

// post sends the event once. Any answer but 2xx is a failure; redirects are not
// followed.
func (p *poster) post(ctx context.Context, job *parcel, now time.Time) outcome {
	o := outcome{attempt: models.DeliveryAttempt{StartedAt: now}}
	request, err := newRequest(ctx, job, now)
	if err != nil {
		o.attempt.Error = err.Error()
		o.canceled = errors.Is(err, errUnsigned)
		o.spared = o.canceled
		return o
	}
	o.attempt.RequestHeaders = sentHeaders(request.Header, job.headers)
	start := time.Now()
	response, err := p.client.Do(request)
	if err == nil {
		o.attempt.Status = response.StatusCode
		o.failure.StatusCode = response.StatusCode
		o.failure.RetryAfter = safehttp.RetryAfter(response.Header, now)
		o.gone = response.StatusCode == http.StatusGone
		var body []byte
		body, o.attempt.AnswerCut, err = safehttp.ReadAll(response, keptAnswer)
		o.attempt.Answer = printable(body)
	}
	o.attempt.LatencyMS = time.Since(start).Milliseconds()
	switch {
	case o.attempt.Status >= 200 && o.attempt.Status < 300:
		o.delivered = true // an answer that breaks off after its status has arrived all the same
	case err != nil:
		o.failure.TimedOut = safehttp.IsTimeout(err)
		o.canceled = safehttp.Classify(err) == safehttp.PhaseCanceled
		o.spared = o.canceled
		o.attempt.Error = describe(err)
	default:
		o.attempt.Error = fmt.Sprintf("answered %d", o.attempt.Status)
		if o.attempt.Status >= 300 && o.attempt.Status < 400 {
			o.attempt.Error += ": redirects are not followed"
		}
	}
	return o
}

// errUnsigned is why nothing was sent that nobody could trust.
var errUnsigned = errors.New("the signing secret or the headers cannot be opened: set them anew")

func newRequest(ctx context.Context, job *parcel, now time.Time) (*http.Request, error) {
	signature, err := Sign(job.secrets, job.event.ID, now, []byte(job.event.Body))
	if err != nil {
		return nil, errUnsigned
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, job.endpoint.URL, strings.NewReader(job.event.Body))
	if err != nil {
		return nil, errors.New("the endpoint's URL is malformed")
	}
	for name, value := range job.headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set(HeaderID, job.event.ID)
	request.Header.Set(HeaderTimestamp, Timestamp(now))
	request.Header.Set(HeaderSignature, signature)
	return request, nil
}

// sentHeaders is what is kept of a request's headers.
func sentHeaders(sent http.Header, custom map[string]string) models.SentHeaders {
	kept := make(models.SentHeaders, len(sent))
	for name, values := range maps.All(sent) {
		if _, own := custom[name]; own {
			kept[name] = masked
		} else {
			kept[name] = values[0]
		}
	}
	return kept
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
		if safehttp.Dialing(err) {
			return fmt.Sprintf("no connection within %s: the host does not answer", safehttp.DialTimeout)
		}
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
