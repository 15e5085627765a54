package payments

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/safehttp"
)

// Record is a transport that keeps what a provider was sent and answered, for
// calls that the service makes. It masks the account's secrets, other keys and
// card numbers before anything is kept.
func Record(next http.RoundTripper) http.RoundTripper { return recorder{next} }

type recorder struct{ next http.RoundTripper }

type callsKey struct{}

// calls are the requests of one call of a provider.
type calls struct {
	secrets []string

	mu   sync.Mutex
	made []*models.ProviderCall
}

// recordCalls has the requests under a context kept, without the account's secrets.
func recordCalls(ctx context.Context, o order) (context.Context, *calls) {
	c := &calls{}
	for name := range o.gateway.Sealed {
		c.secrets = append(c.secrets, o.account.Fields[name])
	}
	return context.WithValue(ctx, callsKey{}, c), c
}

// rows are the calls made so far, as they are stored.
func (c *calls) rows(g *models.GatewayAccount, about subject) []models.ProviderCall {
	c.mu.Lock()
	defer c.mu.Unlock()
	rows := make([]models.ProviderCall, len(c.made))
	for i, one := range c.made {
		rows[i] = *one
		rows[i].MerchantID, rows[i].GatewayAccountID, rows[i].PaymentID = about.merchantID, &g.ID, &about.paymentID
		rows[i].ObjectID, rows[i].Purpose = about.objectID, about.purpose
	}
	return rows
}

// RoundTrip sends the request and keeps it with its answer.
func (t recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	c, ok := req.Context().Value(callsKey{}).(*calls)
	if !ok {
		return t.next.RoundTrip(req)
	}
	one := &models.ProviderCall{
		Method: req.Method, URL: c.mask([]byte(shownURL(req.URL))), Request: c.mask(sent(req)), StartedAt: time.Now().UTC(),
	}
	c.mu.Lock()
	c.made = append(c.made, one)
	c.mu.Unlock()
	resp, err := t.next.RoundTrip(req)
	c.mu.Lock()
	defer c.mu.Unlock()
	one.LatencyMS = time.Since(one.StartedAt).Milliseconds()
	if err != nil {
		one.Error = string(safehttp.Classify(err))
		return nil, err
	}
	one.Status, one.RequestID = resp.StatusCode, c.mask([]byte(requestID(resp.Header)))
	resp.Body = &keptBody{ReadCloser: resp.Body, calls: c, call: one}
	return resp, nil
}

func (c *calls) mask(text []byte) string { return MaskRaw(text, c.secrets...) }

// shownURL leaves out what a query may hold of credentials.
func shownURL(u *url.URL) string {
	shown := *u
	shown.User = nil
	return shown.String()
}

// sent is the body of a request as it will be sent.
func sent(req *http.Request) []byte {
	if req.GetBody == nil {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, MaxRaw+1))
	if err != nil {
		return nil
	}
	return text
}

// requestID finds the id under which the provider keeps a request.
func requestID(header http.Header) string {
	for _, name := range []string{"Request-Id", "Paypal-Debug-Id", "Pspreference", "X-Request-Id"} {
		if id := header.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// keptBody keeps the start of an answer while it is read.
type keptBody struct {
	io.ReadCloser

	calls *calls
	call  *models.ProviderCall
	kept  bytes.Buffer
}

func (b *keptBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if room := MaxRaw + 1 - b.kept.Len(); room > 0 {
		b.kept.Write(p[:min(n, room)])
	}
	if err != nil {
		b.keep()
	}
	return n, err //nolint:wrapcheck // io.EOF must stay itself
}

func (b *keptBody) Close() error {
	b.keep()
	return b.ReadCloser.Close() //nolint:wrapcheck // as it came
}

func (b *keptBody) keep() {
	b.calls.mu.Lock()
	defer b.calls.mu.Unlock()
	b.call.Answer = b.calls.mask(b.kept.Bytes())
}
