package views

import "github.com/tillpost/tillpost/locales"

// ErrorView is an error as a person is shown it.
type ErrorView struct {
	Status    int
	Title     string // default: by status
	Help      string // what to do; default: by status
	RequestID string
}

// What stands in place of a status where the status alone does not tell.
const (
	TextForgedForm     = 419 // a form whose CSRF token is not right
	TextStoringUnknown = 520 // the database did not say whether it stored
)

// failures are the titles and helps of statuses, as keys of the catalogues.
var failures = map[int][2]string{
	400: {locales.Mark("errors.bad_request.title"), locales.Mark("errors.bad_request.help")},
	401: {locales.Mark("errors.unauthorized.title"), locales.Mark("errors.unauthorized.help")},
	403: {locales.Mark("errors.forbidden.title"), locales.Mark("errors.forbidden.help")},
	404: {locales.Mark("errors.not_found.title"), locales.Mark("errors.not_found.help")},
	409: {locales.Mark("errors.conflict.title"), locales.Mark("errors.conflict.help")},
	413: {locales.Mark("errors.too_large.title"), locales.Mark("errors.too_large.help")},
	422: {locales.Mark("errors.invalid.title"), locales.Mark("errors.invalid.help")},
	429: {locales.Mark("errors.rate_limited.title"), locales.Mark("errors.rate_limited.help")},
	503: {locales.Mark("errors.unavailable.title"), locales.Mark("errors.unavailable.help")},

	TextForgedForm:     {locales.Mark("errors.csrf.title"), locales.Mark("errors.csrf.help")},
	TextStoringUnknown: {locales.Mark("errors.storing_unknown.title"), locales.Mark("errors.storing_unknown.help")},
}

// ErrorText is the title and the help of an HTTP status, or of what stands in
// its place, in the language of the texts.
func ErrorText(l *locales.Localizer, status int) (title, help string) {
	if keys, ok := failures[status]; ok {
		return l.T(keys[0]), l.T(keys[1])
	}
	if status < 500 {
		keys := failures[400]
		return l.T(keys[0]), l.T(keys[1])
	}
	return l.T("errors.internal.title"), l.T("errors.internal.help")
}

// described fills in what the view leaves to the status.
func (v ErrorView) described(l *locales.Localizer) ErrorView {
	title, help := ErrorText(l, v.Status)
	if v.Title == "" {
		v.Title = title
	}
	if v.Help == "" {
		v.Help = help
	}
	return v
}
