package views

import (
	"context"
	"strconv"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// AttemptRow is one try of a payment.
type AttemptRow struct {
	Attempt  models.Attempt
	Currency string
	Account  string
	Staff    bool // may see why a colleague tried again, and what the provider answered
}

var attemptLooks = map[models.AttemptStatus]look{
	models.AttemptQueued:         {ui.Neutral, "clock"},
	models.AttemptSending:        {ui.Info, "send"},
	models.AttemptSucceeded:      {ui.Success, "circle-check"},
	models.AttemptAuthorized:     {ui.Info, "lock"},
	models.AttemptRequiresAction: {ui.Warning, "hand"},
	models.AttemptDeclined:       {ui.Danger, "circle-x"},
	models.AttemptNotSent:        {ui.Neutral, "cloud-off"},
	models.AttemptUnknown:        {ui.Warning, "circle-help"},
}

func attemptTitle(ctx context.Context, a *models.Attempt) string {
	if a.Kind != models.KindCharge {
		return locales.T(ctx, "payments.attempt_kind", "Number", strconv.Itoa(a.Number),
			"Kind", locales.Name(ctx, locales.AttemptKind, a.Kind), "Status", locales.Name(ctx, locales.AttemptStatus, a.Status))
	}
	return locales.T(ctx, "payments.attempt", "Number", strconv.Itoa(a.Number), "Status", locales.Name(ctx, locales.AttemptStatus, a.Status))
}

// actorName is who did an act: a person, or for those who may not know whom,
// that it was staff.
func actorName(ctx context.Context, e TimelineEntry) string {
	if e.Actor == "" {
		return locales.T(ctx, "orders.by_staff")
	}
	return e.Actor
}

// classText explains in words what a refusal means for another try.
func classText(ctx context.Context, class string) string {
	switch class {
	case "never":
		return locales.T(ctx, "payments.class_never")
	case "fix_data":
		return locales.T(ctx, "payments.class_fix_data")
	case "later":
		return locales.T(ctx, "payments.class_later")
	case "generic":
		return locales.T(ctx, "payments.class_generic")
	case "":
		return locales.T(ctx, "payments.class_technical")
	default:
		return ""
	}
}

// className is the name of a class; technical failures have none.
func className(ctx context.Context, class string) string {
	if class == "" {
		return locales.T(ctx, "payments.technical")
	}
	return locales.Name(ctx, locales.DeclineClass, class)
}

// facts are the numbers of an attempt's call in one line.
func (r AttemptRow) facts(ctx context.Context) string {
	a, text := r.Attempt, ""
	add := func(part string) {
		if text != "" {
			text += " · "
		}
		text += part
	}
	if a.HTTPStatus != 0 {
		add("HTTP " + strconv.Itoa(a.HTTPStatus))
	}
	if a.LatencyMS != 0 {
		add(Duration(ctx, time.Duration(a.LatencyMS)*time.Millisecond))
	}
	if a.Inquiries > 0 {
		add(locales.T(ctx, "payments.inquiries", locales.Count, a.Inquiries))
	}
	return text
}

// refused says whether the attempt ended without money, so that its class means
// something.
func (r AttemptRow) refused() bool { return r.Attempt.Status == models.AttemptDeclined }
