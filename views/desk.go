package views

import (
	"context"
	"slices"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// DeskView is a page of what waits for support.
type DeskView struct {
	Filter     DeskFilter
	Form       Form // for buttons that act at once
	Rows       []DeskRow
	Merchants  []MerchantOption
	Providers  []ui.Option
	Currencies []string // the first is what amounts are in unless another is chosen
	After      string   // cursor of this page
	NextHref   string
	Unread     bool // an amount was written that is none, and does not filter
}

// notice says why the rows are not those that were asked for.
func (v DeskView) notice(ctx context.Context) string {
	if !v.Unread {
		return ""
	}
	return locales.T(ctx, "desk.amount_unread")
}

// DeskRow is one payment that waits.
type DeskRow struct {
	Payment  models.Payment
	Order    models.Order
	Merchant string
	Provider string // name of its account
	Claim    Claim
	Form     Form
}

// DeskFilter is what the desk's address chooses.
type DeskFilter struct {
	Search   string
	Kind     string // one of models.DeskKinds
	Mine     bool   // only what the viewer has claimed
	Merchant string // its ref
	Provider string // kind of account
	Class    string // of the failure, or technical
	Age      string // one of DeskAges
	Currency string // of the amounts; empty without any
	Min, Max string // amounts as they are written
}

// DeskAge is a choice of how long ago payments were made.
type DeskAge struct {
	Name         string
	Newer, Older time.Duration // the one or the other is set
	label        string
}

// DeskAges are the choices.
var DeskAges = []DeskAge{
	{"1h", time.Hour, 0, locales.Mark("desk.age_hour")},
	{"1d", 24 * time.Hour, 0, locales.Mark("desk.age_day")},
	{"7d", 7 * 24 * time.Hour, 0, locales.Mark("desk.age_week")},
	{"over-1d", 0, 24 * time.Hour, locales.Mark("desk.age_over_day")},
	{"over-7d", 0, 7 * 24 * time.Hour, locales.Mark("desk.age_over_week")},
	{"over-30d", 0, 30 * 24 * time.Hour, locales.Mark("desk.age_over_month")},
}

// DeskClasses are the classes of failures that can be chosen.
var DeskClasses = []string{"technical", "later", "generic", "fix_data", "never"}

const deskMine = "mine"

// Address is that of the desk with this filter.
func (f DeskFilter) Address() string { return f.address("/desk") }

func (f DeskFilter) address(path string, more ...string) string {
	return listAddress(path, append([]string{
		"q", f.Search, "kind", f.kind(), "merchant", f.Merchant, "provider", f.Provider, "class", f.Class, "age", f.Age,
		"currency", f.Currency, "min", f.Min, "max", f.Max,
	}, more...)...)
}

// kind is how the address names the view.
func (f DeskFilter) kind() string {
	if f.Mine {
		return deskMine
	}
	return f.Kind
}

func (f DeskFilter) with(kind string) DeskFilter {
	f.Kind, f.Mine = kind, kind == deskMine
	if f.Mine {
		f.Kind = ""
	}
	return f
}

// Choose sets the view that the address names; what does not exist is all.
func (f DeskFilter) Choose(kind string) DeskFilter {
	if kind == deskMine || slices.Contains(models.DeskKinds, kind) {
		return f.with(kind)
	}
	return f
}

func (v DeskView) tabs(ctx context.Context) []ui.Tab {
	tab := func(kind, label string) ui.Tab {
		return ui.Tab{Label: label, Href: v.Filter.with(kind).Address(), Current: v.Filter.kind() == kind}
	}
	tabs := []ui.Tab{tab("", locales.T(ctx, "common.all"))}
	for _, kind := range models.DeskKinds {
		label := locales.T(ctx, "desk.issues")
		if kind != models.DeskIssues {
			label = locales.Name(ctx, locales.PaymentStatus, kind)
		}
		tabs = append(tabs, tab(kind, label))
	}
	return append(tabs, tab(deskMine, locales.T(ctx, "desk.mine")))
}

func (v DeskView) classes(ctx context.Context) []ui.Option {
	options := make([]ui.Option, len(DeskClasses))
	for i, class := range DeskClasses {
		options[i] = ui.Option{Value: class, Label: deskClass(ctx, class)}
	}
	return options
}

func deskClass(ctx context.Context, class string) string {
	if class == "technical" {
		class = ""
	}
	return className(ctx, class)
}

func (v DeskView) ages(ctx context.Context) []ui.Option {
	options := make([]ui.Option, len(DeskAges))
	for i, age := range DeskAges {
		options[i] = ui.Option{Value: age.Name, Label: locales.FromContext(ctx).T(age.label)}
	}
	return options
}

// currency is what the amounts of the filter are in.
func (v DeskView) currency() string {
	if v.Filter.Currency == "" && len(v.Currencies) > 0 {
		return v.Currencies[0]
	}
	return v.Filter.Currency
}

// pill counts what the list does not show yet.
func (v DeskView) pill() NewRows {
	ids := make([]string, len(v.Rows))
	for i := range v.Rows {
		ids[i] = v.Rows[i].Payment.ID
	}
	return v.Filter.Unseen(shownRows(ids, v.NextHref), NewRows{})
}

// Unseen is the pill of payments that match the filter and are not shown. They
// come to the desk by changing, not by being made.
func (f DeskFilter) Unseen(shown Shown, n NewRows) NewRows {
	n.ID, n.Topic, n.Target = "desk-new", "payment", "#desk-table"
	n.CountHref, n.ListHref = f.address("/desk/count", "last", shown.Last, "seen", shown.Seen), f.Address()
	return n
}

// waits says whether the payment still belongs to the desk.
func (r DeskRow) waits() bool {
	switch r.Payment.Status {
	case models.PaymentFailed, models.PaymentUnknown, models.PaymentNeedsReview:
		return true
	case models.PaymentPending, models.PaymentProcessing, models.PaymentRequiresAction, models.PaymentAuthorized,
		models.PaymentPaid, models.PaymentVoided, models.PaymentCanceled, models.PaymentExpired:
	}
	return r.Payment.Issue != models.IssueNone
}

// failure is the last failure in words.
func (r DeskRow) failure(ctx context.Context) string {
	if r.Payment.Failure.Message != "" {
		return failureWords(ctx, r.Payment.Failure.Message)
	}
	return r.Payment.Failure.Code
}
