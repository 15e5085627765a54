package views

import (
	"context"
	"net/http"
	"strings"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
)

// postWords are what is stored of attempts that brought no answer, in English. A
// test finds those that lack here.
var postWords = map[string]string{
	"the address is in a private network":                               locales.Mark("deliveries.post_private"),
	"the host name could not be resolved":                               locales.Mark("deliveries.post_lookup"),
	"no connection: nothing listens there":                              locales.Mark("deliveries.post_connect"),
	"no connection within 5s: the host does not answer":                 locales.Mark("deliveries.post_silent"),
	"the TLS certificate or handshake is wrong":                         locales.Mark("deliveries.post_tls"),
	"no answer within 15s":                                              locales.Mark("deliveries.post_timeout"),
	"the answer broke off":                                              locales.Mark("deliveries.post_cut"),
	"Tillpost was stopped while waiting for the answer":                 locales.Mark("deliveries.post_stopped"),
	"the connection was closed without an answer":                       locales.Mark("deliveries.post_closed"),
	"the connection broke":                                              locales.Mark("deliveries.post_broke"),
	models.AttemptInterrupted:                                           locales.Mark("deliveries.post_interrupted"),
	"the endpoint's URL is malformed":                                   locales.Mark("deliveries.post_url"),
	"the signing secret cannot be opened: rotate it":                    locales.Mark("deliveries.post_secret"),
	"the signing secret or the headers cannot be opened: set them anew": locales.Mark("deliveries.post_secrets"),
}

// deliveryWords is what is stored of a failure, in the viewer's language.
func deliveryWords(ctx context.Context, failure string) string {
	if key, ours := postWords[failure]; ours {
		return locales.FromContext(ctx).T(key)
	}
	return failure
}

// attemptWords says in plain words why an attempt failed, and what to do; empty
// when it did not.
func attemptWords(ctx context.Context, a models.DeliveryAttempt) string {
	switch status := a.Status; {
	case status == 0:
		return deliveryWords(ctx, a.Error)
	case status < 300:
		return ""
	case status < 400:
		return locales.T(ctx, "deliveries.http_redirect")
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return locales.T(ctx, "deliveries.http_refused")
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return locales.T(ctx, "deliveries.http_nothing_there")
	case status == http.StatusGone:
		return locales.T(ctx, "deliveries.http_gone")
	case status == http.StatusTooManyRequests:
		return locales.T(ctx, "deliveries.http_busy")
	case status < 500:
		return locales.T(ctx, "deliveries.http_rejected")
	default:
		return locales.T(ctx, "deliveries.http_failed")
	}
}

// sentText writes the headers of an attempt as they were sent.
func sentText(a models.DeliveryAttempt) string {
	lines := make([]string, 0, len(a.RequestHeaders))
	for _, name := range sentNames(a) {
		lines = append(lines, name+": "+a.RequestHeaders[name])
	}
	return strings.Join(lines, "\n")
}
