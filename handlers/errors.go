package handlers

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
	"github.com/tillpost/tillpost/secret"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// refusal is an error of HTTP rather than of the domain.
type refusal struct {
	status int
	text   int    // the status by whose words it is told, when that is another one
	code   string // for programs, when it is not the status's own
	after  time.Duration
}

func (r *refusal) Error() string { return "refused with status " + strconv.Itoa(r.status) }

// Refusals.
var (
	errForgedForm   = &refusal{status: fiber.StatusForbidden, text: views.TextForgedForm}
	errForbidden    = &refusal{status: fiber.StatusForbidden}
	errUnavailable  = &refusal{status: fiber.StatusServiceUnavailable, after: 5 * time.Second}
	errBadSignature = &refusal{status: fiber.StatusUnauthorized, code: "bad_signature"}
)

// tooMany asks to wait.
func tooMany(after time.Duration) error {
	return &refusal{status: fiber.StatusTooManyRequests, after: after}
}

// failure is an error as it is told to the outside.
type failure struct {
	status int
	text   int           // of views.ErrorText
	domain *models.Error // nil unless the domain refused
	after  time.Duration
	code   string // for programs; empty: that of the status
}

// failureOf says how an error is told, by the same cases as problemOf. What is
// not known is internal.
func (s *server) failureOf(ctx context.Context, err error) failure {
	var (
		domain  *models.Error
		refused *refusal
		http    *fiber.Error
	)
	switch {
	case errors.As(err, &domain):
		status := statusOf(domain.Kind)
		return failure{status: status, text: status, domain: domain, after: domain.After}
	case errors.As(err, &refused):
		text := refused.text
		if text == 0 {
			text = refused.status
		}
		return failure{status: refused.status, text: text, after: refused.after, code: refused.code}
	case errors.As(err, &http):
		return failure{status: http.Code, text: http.Code}
	case errors.Is(err, models.ErrCommitUnknown):
		return failure{status: fiber.StatusInternalServerError, text: views.TextStoringUnknown}
	case errors.Is(err, secret.ErrPasswordsBusy), s.unavailable(ctx, err):
		return failure{status: errUnavailable.status, text: errUnavailable.status, after: errUnavailable.after}
	default:
		return failure{status: fiber.StatusInternalServerError, text: fiber.StatusInternalServerError}
	}
}

// unavailable says that an error means the work was not begun or left nothing
// behind, so that it may simply be repeated.
func (s *server) unavailable(ctx context.Context, err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		models.Unavailable(err) || !s.databaseAnswers(ctx)
}

// databaseAnswers tells an error of the database's absence from one of ours.
func (s *server) databaseAnswers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return s.DB.Ping(ctx) == nil
}

func statusOf(kind models.Kind) int {
	switch kind {
	case models.KindInvalid:
		return fiber.StatusUnprocessableEntity
	case models.KindConflict:
		return fiber.StatusConflict
	case models.KindNotFound:
		return fiber.StatusNotFound
	case models.KindDenied:
		return fiber.StatusForbidden
	case models.KindTooSoon:
		return fiber.StatusTooManyRequests
	default:
		return fiber.StatusInternalServerError
	}
}

// errorText is what a refusal of the domain says to a person.
func errorText(l *locales.Localizer, e *models.Error) string {
	text := withChoices(l, l.T("error."+e.Text(), "Status", e.Status, "Field", e.Field), e)
	return withWait(l, text, e.After)
}

// withWait adds to a text when the thing may be tried again, if that is known.
func withWait(l *locales.Localizer, text string, after time.Duration) string {
	if after <= 0 {
		return text
	}
	return text + " " + waitText(l, "", after)
}

// waitText says when a thing may be tried again; otherwise what is given.
func waitText(l *locales.Localizer, otherwise string, after time.Duration) string {
	if after <= 0 {
		return otherwise
	}
	wait := max(after+time.Second-1, time.Second).Truncate(time.Second)
	return l.T("error.wait", "Wait", views.Duration(locales.NewContext(context.Background(), l), wait))
}

// withChoices adds to the text of a refusal what may be chosen instead.
func withChoices(l *locales.Localizer, text string, e *models.Error) string {
	if e.Choices == "" {
		return text
	}
	return text + " " + l.T("error.choices", "Choices", e.Choices)
}

// fail answers an error: programs get problem+json, htmx a toast and no swap,
// people a page. It is the only place where errors become answers.
func (s *server) fail(c *fiber.Ctx, err error) error {
	f := s.failureOf(c.UserContext(), err)
	c.Locals(localFailure, err)
	c.Response().ResetBody()
	if f.after > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(max(f.after, time.Second)/time.Second)))
	}
	// The answer is rendered even when the request's time is over.
	c.SetUserContext(context.WithoutCancel(c.UserContext()))
	if forPrograms(c.Path()) {
		return s.writeProblem(c, f)
	}
	if isPublic(c.Path()) {
		return s.failPublic(c, f)
	}
	v, ok := c.Locals(localViewer).(*viewer)
	if !ok {
		v = s.stranger(c)
	}
	if isHTMX(c) {
		title, help := views.ErrorText(v.Texts, f.text)
		if f.status == fiber.StatusTooManyRequests {
			help = waitText(v.Texts, help, f.after)
		}
		text := title + ". " + help
		if f.domain != nil && f.status != fiber.StatusNotFound {
			text = errorText(v.Texts, f.domain)
		}
		return s.toast(c, f.status, ui.ToastProps{Tone: ui.Danger, Text: text})
	}
	view := views.ErrorView{Status: f.status, RequestID: requestID(c)}
	view.Title, view.Help = views.ErrorText(v.Texts, f.text)
	if f.status == fiber.StatusTooManyRequests {
		view.Help = waitText(v.Texts, view.Help, f.after)
	}
	if f.domain != nil && f.status != fiber.StatusNotFound {
		view.Title = errorText(v.Texts, f.domain)
	}
	shell := s.shell(c, v, view.Title)
	return s.render(c, f.status, views.ErrorPage(shell, view))
}

// stranger is the viewer of a request that failed before there was one.
func (s *server) stranger(c *fiber.Ctx) *viewer {
	texts := locales.Match(c.Get(fiber.HeaderAcceptLanguage), c.Cookies(languageCookie), "")
	c.SetUserContext(locales.NewContext(c.UserContext(), texts))
	return &viewer{Texts: texts, Zone: time.UTC, Theme: themeOf(c.Cookies(themeCookie))}
}

// forPrograms says whether a path is answered in JSON, errors included.
func forPrograms(path string) bool {
	for _, prefix := range []string{"/api/", "/hooks/", "/openapi"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return path == "/healthz" || path == "/readyz"
}

// turnAway answers a viewer who may not be here: by the login page when nobody
// is signed in, and to a page that listens, which cannot be led anywhere, by a
// status at which its script loads the page anew.
func (s *server) turnAway(c *fiber.Ctx, v *viewer) error {
	switch {
	case v.User != nil:
		s.Figures.Denied(monitor.DeniedRole)
		return errForbidden
	case c.Path() == livePath:
		c.Set(fiber.HeaderCacheControl, "no-store")
		return c.SendStatus(fiber.StatusUnauthorized)
	}
	return s.redirect(c, "/login"+nextQuery(c))
}
