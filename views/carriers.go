package views

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// CarrierHealth is how the calls of a carrier account go.
type CarrierHealth struct {
	State       models.CarrierState
	Until       *time.Time // as long as the state lasts by itself; nil when nobody knows
	Reason      string     // why it was stopped or paused
	By          string     // who paused it
	Broken      bool       // the breaker is open, or half so
	Load        models.CarrierLoad
	CallsToday  int
	Quota       int // calls a day; 0: none is known
	Reserve     int // of them, for what is urgent
	LastError   string
	LastKind    string
	LastAt      *time.Time
	Waiting     int64 // parcels that are due
	WaitingMore bool  // Waiting is a limit; there are more
	Scopes      []string
	QuotaLeft   *int

	Own           models.CarrierLimits // instead of what the carrier allows everybody
	CarriersQuota int                  // 0: none is known
	CarriersRate  float64
}

// answered is the share of calls that the carrier answered, rounded down: all is
// all.
func (c CarrierHealth) answered() string {
	if c.Load.Calls == 0 {
		return ""
	}
	return Percent(math.Floor(1000*float64(c.Load.Answered)/float64(c.Load.Calls)) / 1000)
}

// waiting is how many parcels are due, in words.
func (c CarrierHealth) waiting() string {
	if c.WaitingMore {
		return Number(c.Waiting) + "+"
	}
	return Number(c.Waiting)
}

// resumable says whether somebody keeps the account from calling, or something
// that somebody has to mend.
func (c CarrierHealth) resumable() bool {
	return c.State == models.CarrierStopped || c.State == models.CarrierPaused
}

// pausable says whether a pause means anything.
func (c CarrierHealth) pausable() bool {
	return c.State != models.CarrierDisabled && !c.resumable()
}

// resettable says whether calls are held back because of how others went.
func (c CarrierHealth) resettable() bool {
	return c.Broken || c.State == models.CarrierWaiting || c.State == models.CarrierHalved
}

// carrierStates are how the states of carrier accounts look, and what they mean
// for whoever looks.
var carrierStates = map[models.CarrierState]struct {
	look

	title, text string
}{
	models.CarrierDisabled: {look{ui.Neutral, "ban"}, locales.Mark("carriers.disabled"), locales.Mark("carriers.disabled_text")},
	models.CarrierStopped:  {look{ui.Danger, "circle-pause"}, locales.Mark("accounts.stopped"), locales.Mark("carriers.stopped_text")},
	models.CarrierPaused:   {look{ui.Warning, "pause"}, locales.Mark("carriers.paused"), locales.Mark("carriers.paused_text")},
	models.CarrierOpen:     {look{ui.Danger, "circle-pause"}, locales.Mark("carriers.open"), locales.Mark("carriers.open_text")},
	models.CarrierProbing:  {look{ui.Warning, "hourglass"}, locales.Mark("carriers.probing"), locales.Mark("carriers.probing_text")},
	models.CarrierWaiting:  {look{ui.Warning, "hourglass"}, locales.Mark("carriers.waiting"), locales.Mark("carriers.waiting_text")},
	models.CarrierHalved:   {look{ui.Warning, "clock-alert"}, locales.Mark("carriers.halved"), locales.Mark("carriers.halved_text")},
	models.CarrierFailing:  {look{ui.Danger, "circle-x"}, locales.Mark("carriers.failing"), locales.Mark("carriers.failing_text")},
	models.CarrierHeld:     {look{ui.Warning, "hourglass"}, locales.Mark("carriers.held"), locales.Mark("carriers.held_text")},
	models.CarrierWorks:    {look{ui.Success, "circle-check"}, "", ""},
}

// explained says what a state means and what to do about it.
func (c CarrierHealth) explained(ctx context.Context) (title, text string) {
	state := carrierStates[c.State]
	if state.title == "" {
		return "", ""
	}
	l := locales.FromContext(ctx)
	var parts []string
	if c.Reason != "" {
		parts = append(parts, callWords(ctx, c.Reason))
	}
	if c.By != "" {
		parts = append(parts, locales.T(ctx, "carriers.by", "Name", c.By))
	}
	if c.Until != nil {
		parts = append(parts, locales.T(ctx, "carriers.until", "When", soon(ctx, *c.Until)))
	}
	return l.T(state.title), strings.Join(append(parts, l.T(state.text)), " · ")
}

// testTexts are what tests find that is no error of the carrier.
var testTexts = map[string]string{
	"no_call":   locales.Mark("carriers.test_no_call"),
	"no_turn":   locales.Mark("carriers.test_no_turn"),
	"unusable":  locales.Mark("carriers.test_unusable"),
	"no_answer": locales.Mark("carriers.test_no_answer"),
}

// testFound is what the last test found, in the viewer's language; what is
// known in one only stands behind it.
func (r AccountRow) testFound(ctx context.Context) (found, detail string) {
	switch kind := r.Account.TestKind; {
	case kind == "":
		return r.Account.TestMessage, ""
	case testTexts[kind] != "":
		return locales.FromContext(ctx).T(testTexts[kind]), ""
	default:
		return locales.Name(ctx, locales.SyncError, kind), callWords(ctx, r.Account.TestMessage)
	}
}

// LimitsForm changes what an account may do instead of what its carrier allows
// everybody.
type LimitsForm struct {
	Form

	Action        string
	Quota, Rate   string // the account's own; empty: the carrier's
	CarriersQuota int    // 0: none is known
	CarriersRate  float64
}

// NewLimitsForm is the form of an account's limits as they are.
func NewLimitsForm(id string, f Form, c *CarrierHealth) LimitsForm {
	form := LimitsForm{Form: f, Action: CarriersPath + "/" + id + "/limits", CarriersQuota: c.CarriersQuota, CarriersRate: c.CarriersRate}
	if c.Own.QuotaPerDay > 0 {
		form.Quota = strconv.Itoa(c.Own.QuotaPerDay)
	}
	if c.Own.RatePerSecond > 0 {
		form.Rate = strconv.FormatFloat(c.Own.RatePerSecond, 'f', -1, 64)
	}
	return form
}

func (f LimitsForm) carriersQuota(ctx context.Context) string {
	if f.CarriersQuota == 0 {
		return locales.T(ctx, "carriers.no_quota")
	}
	return strconv.Itoa(f.CarriersQuota)
}

func (f LimitsForm) carriersRate() string {
	if f.CarriersRate == 0 {
		return ""
	}
	return strconv.FormatFloat(f.CarriersRate, 'g', 4, 64)
}

// The acts on carrier accounts that ask for a reason.
const (
	CarrierPause  = "pause"
	CarrierResume = "resume"
	CarrierReset  = "reset"
)

// carrierActs are their words.
var carrierActs = map[string]struct{ title, text, label, done, icon string }{
	CarrierPause: {
		locales.Mark("carriers.pause_title"), locales.Mark("carriers.pause_ask"), locales.Mark("carriers.pause"),
		locales.Mark("carriers.pause_done"), "pause",
	},
	CarrierResume: {
		locales.Mark("carriers.resume_title"), locales.Mark("carriers.resume_ask"), locales.Mark("accounts.resume"),
		locales.Mark("accounts.resumed"), "play",
	},
	CarrierReset: {
		locales.Mark("carriers.reset_title"), locales.Mark("carriers.reset_ask"), locales.Mark("accounts.reset"),
		locales.Mark("accounts.reset_done"), "rotate-ccw",
	},
}

// CarrierActForm asks before something is done with a carrier account.
type CarrierActForm struct {
	Form

	Name      string // CarrierPause …
	AccountID string
	Account   string
	During    string // of a pause; empty: until somebody resumes it
	Reason    string
}

// Title is the question.
func (f CarrierActForm) Title(ctx context.Context) string {
	return locales.FromContext(ctx).T(carrierActs[f.Name].title, "Name", f.Account)
}

// Done is what is said when it was done.
func (f CarrierActForm) Done(ctx context.Context) string {
	return locales.FromContext(ctx).T(carrierActs[f.Name].done)
}

func (f CarrierActForm) text(ctx context.Context) string {
	return locales.FromContext(ctx).T(carrierActs[f.Name].text)
}

func (f CarrierActForm) label(ctx context.Context) string {
	return locales.FromContext(ctx).T(carrierActs[f.Name].label)
}

func (f CarrierActForm) back() string   { return CarriersPath + "/" + f.AccountID }
func (f CarrierActForm) action() string { return f.back() + "/" + f.Name }

// PauseTimes are how long an account can be paused, as the form sends them.
var PauseTimes = []time.Duration{0, time.Hour, 4 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}

func pauseOptions(ctx context.Context) []ui.Option {
	options := make([]ui.Option, len(PauseTimes))
	for i, d := range PauseTimes {
		options[i] = ui.Option{Value: d.String(), Label: Duration(ctx, d)}
		if d == 0 {
			options[i] = ui.Option{Label: locales.T(ctx, "carriers.open_ended")}
		}
	}
	return options
}
