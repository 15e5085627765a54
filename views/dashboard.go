package views

import (
	"context"
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// DashboardView is a dashboard.
type DashboardView struct {
	Choice    DashboardChoice
	Merchant  string           // whose figures these are; empty: all merchants'
	Merchants []MerchantOption // staff: whose figures can be looked at alone
	Now       NowView
	Period    PeriodView
}

// MerchantOption is a merchant to choose.
type MerchantOption struct{ Ref, Name string }

// DashboardChoice is what the address chooses. Days are midnights in UTC, whatever
// the zone is that they are days of.
type DashboardChoice struct {
	Days     int // up to today; 0 when From and To were chosen
	From, To time.Time
	Merchant string // its ref; empty: all
	Currency string // of the chart; empty: the most used
	Staff    bool   // sees more than one merchant
}

// Figures are the counts of some days.
type Figures struct {
	Orders, Failed, Shipments, Delivered, Late int64
	Paid                                       []Revenue // the most payments first
}

// Revenue is what payments took in one currency; currencies are never added.
type Revenue struct {
	Currency string
	Count    int64
	Amount   int64
}

// paid is what was taken in a currency.
func (f Figures) paid(currency string) int64 {
	for _, m := range f.Paid {
		if m.Currency == currency {
			return m.Amount
		}
	}
	return 0
}

// NowView is today, and what waits for a human.
type NowView struct {
	Choice           DashboardChoice
	Role             string
	Configures       bool
	Today, Yesterday Figures
	Attention        models.Attention
	Payments         []WaitingPayment
	Disputes         []WaitingDispute // that can still be answered
	Parcels          []WaitingParcel
	Accounts         []TroubledAccount
	AccountCount     int            // of all accounts
	Users            map[string]int // by role
}

// moreDisputes is how many disputes wait that are not listed.
func (v NowView) moreDisputes() int { return max(0, v.Attention.Disputes-len(v.Disputes)) }

func (v NowView) users() int {
	n := 0
	for _, count := range v.Users {
		n += count
	}
	return n
}

// desk is the address of payments of a status: where staff work them off, or
// where a merchant sees them.
func (v NowView) desk(status models.PaymentStatus) string {
	if v.Role == models.RoleMerchant {
		return "/payments?status=" + string(status)
	}
	return DeskFilter{Merchant: v.Choice.Merchant}.with(string(status)).Address()
}

// allWaiting is the address of all payments that wait.
func (v NowView) allWaiting() string {
	if v.Role == models.RoleMerchant {
		return v.desk(models.PaymentFailed)
	}
	return v.desk("")
}

// WaitingDispute is a dispute that waits for an answer at the provider.
type WaitingDispute struct {
	Dispute models.Dispute
	Order   models.Order
}

// WaitingPayment is a payment that waits for a human.
type WaitingPayment struct {
	Payment models.Payment
	Order   models.Order
}

// WaitingParcel is a parcel that waits for a human.
type WaitingParcel struct {
	Parcel models.Shipment
	Order  models.Order
}

// TroubledAccount is an account at a provider or carrier that does not work.
type TroubledAccount struct {
	Account models.Account
	Href    string
	Message string
	Stopped bool // no calls are made until an administrator resumes it
}

// PeriodView is the figures of the chosen days.
type PeriodView struct {
	Choice            DashboardChoice
	Total, Before     Figures // of the days, and of as many before them
	Currencies        []string
	Currency          string // of the chart
	Points            []Point
	FirstDay, LastDay string // that have figures at all
}

func (v PeriodView) empty() bool {
	return v.Total.Orders == 0 && len(v.Total.Paid) == 0 && v.Total.Failed == 0 && v.Total.Shipments == 0
}

// Unit is how long a Point is.
type Unit int

// The units.
const (
	ByDay Unit = iota
	ByWeek
	ByMonth
)

// Point is one step on the chart.
type Point struct {
	Unit   Unit
	Start  time.Time
	Orders int64
	Paid   int64 // minor units of the chart's currency
}

// periods are the lengths that one click chooses.
var periods = []int{7, 30, 90, 365}

// address is that of the dashboard, or a part of it, with a choice.
func (c DashboardChoice) address(path string) string {
	q := url.Values{}
	switch {
	case c.Days == 0:
		q.Set("from", c.From.Format(time.DateOnly))
		q.Set("to", c.To.Format(time.DateOnly))
	case c.Days != 30:
		q.Set("days", strconv.Itoa(c.Days))
	}
	if c.Merchant != "" {
		q.Set("merchant", c.Merchant)
	}
	if c.Currency != "" {
		q.Set("currency", c.Currency)
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// kept are the fields of a choice of merchant that leave the period as it is.
func (c DashboardChoice) kept() []ui.HiddenField {
	fields := []ui.HiddenField{{Name: "currency", Value: c.Currency}}
	if c.Days > 0 {
		return append(fields, ui.HiddenField{Name: "days", Value: strconv.Itoa(c.Days)})
	}
	return append(fields,
		ui.HiddenField{Name: "from", Value: c.From.Format(time.DateOnly)},
		ui.HiddenField{Name: "to", Value: c.To.Format(time.DateOnly)})
}

// apart are the fields of a choice of dates that leave the rest as it is.
func (c DashboardChoice) apart() []ui.HiddenField {
	var fields []ui.HiddenField
	for _, field := range []ui.HiddenField{{Name: "merchant", Value: c.Merchant}, {Name: "currency", Value: c.Currency}} {
		if field.Value != "" {
			fields = append(fields, field)
		}
	}
	return fields
}

func (c DashboardChoice) withDays(days int) DashboardChoice {
	c.Days = days
	return c
}

func (c DashboardChoice) withCurrency(code string) DashboardChoice {
	c.Currency = code
	return c
}

// between is the choice of days given as 2006-01-02; unreadable ones change nothing.
func (c DashboardChoice) between(first, last string) DashboardChoice {
	from, err := time.Parse(time.DateOnly, first)
	to, err2 := time.Parse(time.DateOnly, last)
	if err == nil && err2 == nil {
		c.Days, c.From, c.To = 0, from, to
	}
	return c
}

// span names the period.
func (c DashboardChoice) span(ctx context.Context) string {
	if c.From.Equal(c.To) {
		return dayName(ctx, c.From)
	}
	return dayName(ctx, c.From) + " – " + dayName(ctx, c.To)
}

// dayName writes a day that has no zone.
func dayName(ctx context.Context, d time.Time) string {
	return Date(ctx, time.Date(d.Year(), d.Month(), d.Day(), 12, 0, 0, 0, Zone(ctx)))
}

func dayText(ctx context.Context, day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return dayName(ctx, t)
}

// label is how a point is called on the axis.
func (p Point) label(ctx context.Context) string {
	noon := time.Date(p.Start.Year(), p.Start.Month(), p.Start.Day(), 12, 0, 0, 0, Zone(ctx))
	if p.Unit == ByMonth {
		return Month(ctx, noon)
	}
	return day(ctx, noon, false) // the years stand above the chart
}

// chart turns the figures into a drawing.
func (v PeriodView) chart(ctx context.Context) ui.ChartProps {
	scale := math.Pow10(Digits(v.Currency))
	props := ui.ChartProps{
		ID:        "dashboard-chart",
		Title:     locales.T(ctx, "dashboard.chart_title", "Currency", v.Currency),
		BarLabel:  locales.T(ctx, "nav.orders"),
		LineLabel: locales.T(ctx, "dashboard.revenue"),
		Points:    make([]ui.Point, len(v.Points)),
	}
	var orders, paid int64
	for i, p := range v.Points {
		props.Points[i] = ui.Point{
			Label: p.label(ctx),
			Bar:   float64(p.Orders), BarText: Number(p.Orders),
			Line: float64(p.Paid) / scale, LineText: Money(ctx, p.Paid, v.Currency),
		}
		orders, paid = orders+p.Orders, paid+p.Paid
	}
	props.Summary = locales.T(ctx, "dashboard.chart_summary",
		"Span", v.Choice.span(ctx), "Orders", Number(orders), "Amount", Money(ctx, paid, v.Currency))
	return props
}

// comparable says whether there were figures for as many days before.
func (v PeriodView) comparable() bool {
	days := v.Choice.To.Sub(v.Choice.From) + 24*time.Hour
	return v.FirstDay != "" && v.FirstDay <= v.Choice.From.Add(-days).Format(time.DateOnly)
}

// against says what changes are measured by.
func (v PeriodView) against(ctx context.Context) string {
	if !v.comparable() {
		return ""
	}
	return locales.T(ctx, "dashboard.against_before")
}

// delta is the change against an earlier figure, with its sign; empty when
// there is nothing to compare with.
func (v PeriodView) delta(now, before int64) string {
	if before == 0 || !v.comparable() {
		return ""
	}
	change := float64(now-before) / float64(before)
	switch text := Percent(math.Abs(change)); {
	case now == before:
		return text
	case change < 0:
		return "-" + text
	default:
		return "+" + text
	}
}

// trend is what a change means: whether more is good.
func trend(now, before int64, moreIsGood bool) ui.Tone {
	switch {
	case now == before:
		return ui.Neutral
	case (now > before) == moreIsGood:
		return ui.Success
	default:
		return ui.Danger
	}
}

// counted writes a count that may have been cut off.
func counted(n int) string {
	if n > models.CountLimit {
		return Number(models.CountLimit) + "+"
	}
	return Number(n)
}

// urgency is the tone of a number of waiting things.
func urgency(n int, tone ui.Tone) ui.Tone {
	if n == 0 {
		return ui.Success
	}
	return tone
}

// revenue is what payments took on one card, in as many lines as there are
// currencies.
func (f Figures) revenue(ctx context.Context, card ui.KPIProps, currency string, line func(Revenue) ui.KPILine) ui.KPIProps {
	card.Icon, card.Tone = "banknote", ui.Success
	switch len(f.Paid) {
	case 0:
		card.Value = Number(0)
		if currency != "" {
			card.Value = Money(ctx, 0, currency)
		}
	case 1:
		only := line(f.Paid[0])
		card.Value, card.Delta, card.Trend, card.Note = only.Value, only.Delta, only.Trend, only.Note
	default:
		for _, paid := range f.Paid {
			card.Lines = append(card.Lines, line(paid))
		}
	}
	return card
}

// revenue is what was taken in the period.
func (v PeriodView) revenue(ctx context.Context) ui.KPIProps {
	return v.Total.revenue(ctx, ui.KPIProps{Label: locales.T(ctx, "dashboard.revenue")}, v.Currency, func(paid Revenue) ui.KPILine {
		before := v.Before.paid(paid.Currency)
		return ui.KPILine{
			Value: Money(ctx, paid.Amount, paid.Currency),
			Delta: v.delta(paid.Amount, before), Trend: trend(paid.Amount, before, true),
			Note: locales.T(ctx, "dashboard.payments_count", locales.Count, int(paid.Count)),
		}
	})
}

// revenue is what was taken today.
func (v NowView) revenue(ctx context.Context) ui.KPIProps {
	card := ui.KPIProps{Label: locales.T(ctx, "dashboard.revenue_today"), Href: "/payments?status=paid"}
	return v.Today.revenue(ctx, card, "", func(paid Revenue) ui.KPILine {
		return ui.KPILine{
			Value: Money(ctx, paid.Amount, paid.Currency),
			Note:  locales.T(ctx, "dashboard.yesterday", "Value", Money(ctx, v.Yesterday.paid(paid.Currency), paid.Currency)),
		}
	})
}
