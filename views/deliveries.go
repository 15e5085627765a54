package views

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// DeliveriesView is a page of the list of deliveries.
type DeliveriesView struct {
	Filter    DeliveriesFilter
	Rows      []DeliveryRow
	Endpoints []models.Endpoint // to choose from
	Merchants []MerchantOption
	Staff     bool
	After     string
	NextHref  string
}

// DeliveryRow is one delivery of the list.
type DeliveryRow struct {
	Delivery models.Delivery
	Endpoint models.Endpoint
	Merchant string
	Staff    bool
}

// DeliveriesFilter is what the list's address chooses.
type DeliveriesFilter struct {
	Status, EventType, Endpoint string
	Merchant                    string // its ref
	Search                      string
	From, To                    string // 2006-01-02, days of the viewer's zone
}

// Address is that of the list with this filter.
func (f DeliveriesFilter) Address() string { return f.address("/deliveries") }

func (f DeliveriesFilter) address(path string, more ...string) string {
	return listAddress(path, append([]string{
		"q", f.Search, "status", f.Status, "type", f.EventType, "endpoint", f.Endpoint,
		"merchant", f.Merchant, "from", f.From, "to", f.To,
	}, more...)...)
}

func (f DeliveriesFilter) saved(status string) DeliveriesFilter {
	f.Status = status
	return f
}

func (v DeliveriesView) tabs(ctx context.Context) []ui.Tab {
	tabs := []ui.Tab{{Label: locales.T(ctx, "common.all"), Href: v.Filter.saved("").Address(), Current: v.Filter.Status == ""}}
	for _, status := range []string{models.DeliveryRetrying, models.DeliveryExhausted, models.DeliveryDelivered} {
		tabs = append(tabs, ui.Tab{
			Label: locales.Name(ctx, locales.DeliveryStatus, status), Href: v.Filter.saved(status).Address(),
			Current: v.Filter.Status == status,
		})
	}
	return tabs
}

func (v DeliveriesView) endpointOptions() []ui.Option {
	return endpointOptions(v.Endpoints)
}

func endpointOptions(endpoints []models.Endpoint) []ui.Option {
	options := make([]ui.Option, len(endpoints))
	for i := range endpoints {
		options[i] = ui.Option{Value: endpoints[i].ID, Label: withoutScheme(endpoints[i].URL)}
	}
	return options
}

// withoutScheme is an address as it is read in a narrow place.
func withoutScheme(url string) string {
	_, rest, found := strings.Cut(url, "://")
	if !found {
		return url
	}
	return rest
}

func (v DeliveriesView) pill() NewRows {
	ids := make([]string, len(v.Rows))
	for i := range v.Rows {
		ids[i] = v.Rows[i].Delivery.ID
	}
	return v.Filter.Unseen(shownRows(ids, v.NextHref), NewRows{})
}

// Unseen is the pill of deliveries that match the filter and are not shown.
func (f DeliveriesFilter) Unseen(shown Shown, n NewRows) NewRows {
	n.ID, n.Topic, n.Target = "deliveries-new", "delivery", "#delivery-table"
	n.CountHref, n.ListHref = f.address("/deliveries/count", "last", shown.Last, "seen", shown.Seen), f.Address()
	return n
}

// result is how the last attempt of a delivery went, in a few words.
func (r DeliveryRow) result(ctx context.Context) string {
	return attemptResult(ctx, r.Delivery.LastStatus, r.Delivery.LastError)
}

func attemptResult(ctx context.Context, status int, failure string) string {
	switch {
	case failure == "endpoint_deleted":
		return locales.T(ctx, "deliveries.endpoint_deleted")
	case failure == "endpoint_disabled":
		return locales.T(ctx, "deliveries.endpoint_disabled")
	case status != 0:
		return strings.TrimSpace("HTTP " + strconv.Itoa(status) + " " + http.StatusText(status))
	default:
		return deliveryWords(ctx, failure)
	}
}

// DeliveryView is one delivery with its attempts.
type DeliveryView struct {
	Form

	Delivery models.Delivery
	Endpoint models.Endpoint
	Event    models.Event
	Attempts []models.DeliveryAttempt // newest first
	Merchant string
	Now      time.Time
}

// canceled says why a delivery was canceled, and what to do; empty when it was not.
func (v DeliveryView) canceled(ctx context.Context) string {
	switch {
	case v.Delivery.Status != models.DeliveryCanceled:
		return ""
	case v.Endpoint.DeletedAt != nil || v.Delivery.LastError == "endpoint_deleted":
		return locales.T(ctx, "deliveries.canceled_deleted")
	default:
		return locales.T(ctx, "deliveries.canceled_disabled")
	}
}

// sent is the newest attempt of which it is kept what was sent; nil when there
// is none.
func (v DeliveryView) sent() *models.DeliveryAttempt {
	for i := range v.Attempts {
		if len(v.Attempts[i].RequestHeaders) > 0 {
			return &v.Attempts[i]
		}
	}
	return nil
}

// sentCurl is an attempt as a command that sends the same once more, with its
// signature. What the merchant set is masked.
func (v DeliveryView) sentCurl(a models.DeliveryAttempt) string {
	lines := []string{"curl --include --request POST " + quoted(v.Endpoint.URL)}
	for _, name := range sentNames(a) {
		lines = append(lines, "  --header "+quoted(name+": "+a.RequestHeaders[name]))
	}
	return strings.Join(append(lines, "  --data-binary "+quoted(v.Event.Body)), " \\\n")
}

// sentNames are the headers of an attempt, in a fixed order.
func sentNames(a models.DeliveryAttempt) []string { return slices.Sorted(maps.Keys(a.RequestHeaders)) }

func (v DeliveryView) address() string { return "/deliveries/" + v.Delivery.ID }

// replayRefusal says why the delivery cannot be sent again now; empty when it can.
func (v DeliveryView) replayRefusal(ctx context.Context) string {
	switch {
	case v.Endpoint.DeletedAt != nil:
		return locales.T(ctx, "deliveries.endpoint_deleted")
	case v.Endpoint.DisabledAt != nil:
		return locales.T(ctx, "deliveries.enable_first")
	case v.Delivery.Status == models.DeliveryPending, v.Delivery.Status == models.DeliveryDelivering:
		return locales.T(ctx, "deliveries.under_way")
	default:
		return ""
	}
}

// next says when the delivery is tried again.
func (v DeliveryView) next(ctx context.Context) string {
	at := v.Delivery.NextAttemptAt
	switch {
	case at == nil || !waits(v.Delivery.Status):
		return ""
	case !at.After(v.Now):
		return locales.T(ctx, "deliveries.due")
	default:
		return Relative(ctx, *at)
	}
}

// latency is how long an attempt took.
func latency(ctx context.Context, ms int64) string {
	return Duration(ctx, time.Duration(ms)*time.Millisecond)
}

// curl is the delivery as a script that anybody who knows the endpoint's secret
// can run; the secret itself is not in it, nor the values of its own headers.
func (v DeliveryView) curl() string {
	var own strings.Builder
	for _, name := range v.Endpoint.HeaderNames {
		own.WriteString("  --header " + quoted(name+": ***") + " \\\n")
	}
	hint := "# Set WEBHOOK_SECRET to the endpoint's signing secret (whsec_...) first"
	if own.Len() > 0 {
		hint += ", and put the values of your own headers in place of ***"
	}
	return hint + `.
url=` + quoted(v.Endpoint.URL) + `
id=` + quoted(v.Event.ID) + `
timestamp=$(date +%s)
body=` + quoted(v.Event.Body) + `
key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
signature=$(printf %s "$id.$timestamp.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
curl --include --request POST "$url" \
  --header 'Content-Type: application/json' \
  --header "webhook-id: $id" \
  --header "webhook-timestamp: $timestamp" \
  --header "webhook-signature: v1,$signature" \
` + own.String() + `  --data-binary "$body"`
}

// quoted is a text as one word of a POSIX shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// answerTone is the mood of an attempt by what it brought.
func answerTone(a models.DeliveryAttempt) ui.Tone {
	if a.Status >= 200 && a.Status < 300 {
		return ui.Success
	}
	return ui.Danger
}
