package alerts

import (
	"strconv"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
)

// words are the keys of what an incident is called, and of what to do about it.
type words struct{ title, text string }

var saying = map[string]words{
	PaymentsUnknown:     {locales.Mark("alerts.payments_unknown.title"), locales.Mark("alerts.payments_unknown.text")},
	PaymentsReview:      {locales.Mark("alerts.payments_review.title"), locales.Mark("alerts.payments_review.text")},
	SuccessRate:         {locales.Mark("alerts.success_rate.title"), locales.Mark("alerts.success_rate.text")},
	GatewayRefused:      {locales.Mark("alerts.gateway_refused.title"), locales.Mark("alerts.gateway_refused.text")},
	GatewayFailing:      {locales.Mark("alerts.gateway_failing.title"), locales.Mark("alerts.gateway_failing.text")},
	DisputeDue:          {locales.Mark("alerts.dispute_due.title"), locales.Mark("alerts.dispute_due.text")},
	CarrierRefused:      {locales.Mark("alerts.carrier_refused.title"), locales.Mark("alerts.carrier_refused.text")},
	CarrierFailing:      {locales.Mark("alerts.carrier_failing.title"), locales.Mark("alerts.carrier_failing.text")},
	CarrierQuota:        {locales.Mark("alerts.carrier_quota.title"), locales.Mark("alerts.carrier_quota.text")},
	EndpointDisabled:    {locales.Mark("alerts.endpoint_disabled.title"), locales.Mark("alerts.endpoint_disabled.text")},
	DeliveriesFailing:   {locales.Mark("alerts.deliveries_failing.title"), locales.Mark("alerts.deliveries_failing.text")},
	DeliveriesLost:      {locales.Mark("alerts.deliveries_lost.title"), locales.Mark("alerts.deliveries_lost.text")},
	DeliveriesOverdue:   {locales.Mark("alerts.deliveries_overdue.title"), locales.Mark("alerts.deliveries_overdue.text")},
	QueueFull:           {locales.Mark("alerts.queue_full.title"), locales.Mark("alerts.queue_full.text")},
	WorkersStopped:      {locales.Mark("alerts.workers_stopped.title"), locales.Mark("alerts.workers_stopped.text")},
	WorkersStalled:      {locales.Mark("alerts.workers_stalled.title"), locales.Mark("alerts.workers_stalled.text")},
	DiskFull:            {locales.Mark("alerts.disk_full.title"), locales.Mark("alerts.disk_full.text")},
	ReplicaMissing:      {locales.Mark("alerts.replica_missing.title"), locales.Mark("alerts.replica_missing.text")},
	BackupOld:           {locales.Mark("alerts.backup_old.title"), locales.Mark("alerts.backup_old.text")},
	CertificateExpiring: {locales.Mark("alerts.certificate_expiring.title"), locales.Mark("alerts.certificate_expiring.text")},
	CredentialsLocked:   {locales.Mark("alerts.credentials_locked.title"), locales.Mark("alerts.credentials_locked.text")},
}

// Said is an incident in words.
type Said struct{ Title, Text string }

// goneText says what to do about an endpoint that is off since it said it is gone.
var goneText = locales.Mark("alerts.endpoint_gone.text")

// Say puts an incident into words. Times are those of the zone, and how long
// something has lasted is counted until now, or until it was over.
func Say(texts *locales.Localizer, zone *time.Location, i *models.Incident, now time.Time) Said {
	keys, ok := saying[i.Kind]
	if !ok { // found by a newer version
		return Said{Title: i.Kind}
	}
	if i.Kind == EndpointDisabled && i.Detail[detailReason] == models.EndpointGone {
		keys.text = goneText
	}
	if i.ResolvedAt != nil {
		now = *i.ResolvedAt
	}
	since, lasted := "–", "–"
	if at, err := time.Parse(time.RFC3339, i.Detail[detailSince]); err == nil {
		since, lasted = at.In(zone).Format("2006-01-02 15:04 MST"), Lasted(texts, now.Sub(at))
	}
	args := []any{
		"Name", orDash(oneLine(i.Detail[detailName])), "Number", orDash(i.Detail[detailCount]), "Share", orDash(i.Detail[detailShare]),
		"Usual", orDash(i.Detail[detailUsual]), "Reason", orDash(i.Detail[detailReason]), "Since", since, "For", lasted,
	}
	return Said{Title: texts.T(keys.title, args...), Text: texts.T(keys.text, args...)}
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// Lasted writes how long something has lasted: "2 h 5 min".
func Lasted(texts *locales.Localizer, d time.Duration) string {
	n := func(d, unit time.Duration) string { return strconv.FormatInt(int64(d/unit), 10) }
	switch {
	case d < 2*time.Minute:
		return texts.T("time.s", "N", n(max(d, 0), time.Second))
	case d < time.Hour:
		return texts.T("time.min", "N", n(d, time.Minute))
	case d < 48*time.Hour:
		text := texts.T("time.h", "N", n(d, time.Hour))
		if rest := d % time.Hour; rest >= time.Minute {
			text += " " + texts.T("time.min", "N", n(rest, time.Minute))
		}
		return text
	default:
		return texts.T("time.d", "N", n(d, 24*time.Hour))
	}
}

// places are the pages where things are mended, by kind of incident; the id of
// the thing is put at their end.
var places = map[string]string{
	PaymentsUnknown: "/desk?kind=unknown", PaymentsReview: "/desk?kind=needs_review",
	SuccessRate: "/gateways/", GatewayRefused: "/gateways/", GatewayFailing: "/gateways/",
	CarrierRefused: "/carriers/", CarrierFailing: "/carriers/", CarrierQuota: "/carriers/",
	EndpointDisabled: "/endpoints/", DeliveriesFailing: "/endpoints/", DeliveriesLost: "/endpoints/", DeliveriesOverdue: "/deliveries?status=retrying",
	CredentialsLocked: "/gateways", DisputeDue: "/payments/",
	QueueFull: "/operations", WorkersStopped: "/operations", WorkersStalled: "/operations", ReplicaMissing: "/operations",
}

// Place is the page where somebody mends what an incident tells of; empty when
// that is outside of Tillpost.
func Place(i *models.Incident) string {
	place := places[i.Kind]
	switch {
	case place == "":
		return ""
	case i.Kind == DisputeDue:
		return place + i.Detail[detailReason]
	case place[len(place)-1] == '/':
		return place + i.ObjectID
	default:
		return place
	}
}

// severityWord names a severity.
func severityWord(texts *locales.Localizer, severity string) string {
	if severity == models.SeverityCritical {
		return texts.T("alerts.critical")
	}
	return texts.T("alerts.warning")
}

// Headline is the first line of a message: what kind it is, and of what.
func Headline(texts *locales.Localizer, kind, severity, title string) string {
	switch kind {
	case models.AlertReminder:
		return texts.T("alerts.headline_reminder", "Title", title)
	case models.AlertResolved:
		return texts.T("alerts.headline_resolved", "Title", title)
	default:
		return texts.T("alerts.headline_opened", "Severity", severityWord(texts, severity), "Title", title)
	}
}
